"""Resident memory per pixel: ``python -m benchmarks.memory``, the numbers behind `edge_runtime/memory.py`.

Each size runs in a process of its own, because peak memory never falls.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path

import numpy as np

from benchmarks.provenance import provenance, save
from edge_runtime import CataractAnalyzer
from edge_runtime.memory import resident_bytes

RESULTS = Path(__file__).parent / "results" / "memory.json"
SIDES = (512, 768, 1100, 1600, 2000, 2449)


def main() -> int:
    """Measure every size, print, save."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--side", type=int, help="measure this size in this process (used by the script itself)")
    parser.add_argument("--out", type=Path, default=RESULTS)
    arguments = parser.parse_args()
    if arguments.side:
        print(json.dumps(tile(arguments.side)))
        return 0
    command = [sys.executable, "-m", "benchmarks.memory", "--side"]
    rows = [
        json.loads(subprocess.run([*command, str(side)], capture_output=True, check=True, text=True).stdout)
        for side in SIDES
    ]
    for row in rows:
        print(row)
    save(arguments.out, {**provenance(CataractAnalyzer()), "tiles": rows})
    return 0


def tile(side: int) -> dict[str, float]:
    """The peak while one tile of side x side native pixels is inferred, over what was held before."""
    analyzer = CataractAnalyzer()
    window = np.random.default_rng(side).integers(0, 256, (side, side), dtype=np.uint8)
    Path("/proc/self/clear_refs").write_text("5")  # Linux forgets the peak, which loading the model reached
    before = resident_bytes(peak=False)
    analyzer.network.predict(window)
    grown = resident_bytes(peak=True) - before
    return {
        "side": side,
        "loaded_mb": before / 1e6,
        "grown_mb": grown / 1e6,
        "bytes_per_pixel": round(grown / side**2, 2),
    }


if __name__ == "__main__":
    sys.exit(main())
