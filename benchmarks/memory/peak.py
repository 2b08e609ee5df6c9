"""Resident memory under a cap, the numbers behind `edge_runtime/machine/memory.py`: `python -m benchmarks.memory.peak`.

Every measurement has a process of its own, whose peak Linux is told to forget before it begins.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.gate import Asked, add_options, outcome
from benchmarks.provenance import provenance, save
from edge_runtime import CataractAnalyzer, Limits
from edge_runtime.golden import SAMPLES
from edge_runtime.machine.memory import (
    BYTES_PER_PICTURE_PIXEL,
    BYTES_PER_TILE_PIXEL,
    NETWORK_BYTES,
    PICTURES_BYTES,
    give_back_code,
    resident_bytes,
)
from edge_runtime.model.precision import PRECISIONS
from edge_runtime.report.overlay import draw_overlay
from edge_runtime.report.png import encode_png

RESULTS = Path(__file__).parents[1] / "results" / "memory.json"
SIDES = (512, 768, 1100, 1600, 2000, 2449)
NO_LIMIT = Limits(max_memory_mb=10_000)  # a cap that changes nothing but how memory is handled


def main() -> int:
    """Measure every size, print, save."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--one", nargs=2, metavar=("PRECISION", "SIDE"), help="measure in this process (used by itself)"
    )
    add_options(parser, RESULTS, timed=False)
    arguments = parser.parse_args()
    if arguments.one:
        precision, side = arguments.one
        print(json.dumps(tile(precision, int(side)) if int(side) else pictures(precision)))
        return 0
    tiles = [in_own_process(precision, side) for precision in PRECISIONS for side in SIDES]
    drawn = [in_own_process(precision, 0) for precision in PRECISIONS]
    for row in (*tiles, *drawn):
        print(row)
    save(arguments.out, {**provenance(CataractAnalyzer()), "tiles": tiles, "pictures": drawn})
    return outcome(asked([*tiles, *drawn]), gate=arguments.gate)


def asked(rows: list[dict[str, Any]]) -> list[Asked]:
    """Return the memory that each measurement took, with what the runtime reckons with."""
    return [
        Asked(
            name=f"{row['precision']}, {row.get('side', 'pictures')}, MB",
            found=row["grown_mb"],
            at_most=row["allowed_mb"],
        )
        for row in rows
    ]


def in_own_process(precision: str, side: int) -> dict[str, Any]:
    """Measure a tile of side x side native pixels, or the pictures where `side` is 0, in a new process."""
    command = [sys.executable, "-m", "benchmarks.memory.peak", "--one", precision, str(side)]
    row: dict[str, Any] = json.loads(subprocess.run(command, capture_output=True, check=True, text=True).stdout)
    return row


def tile(precision: str, side: int) -> dict[str, Any]:
    """Measure the peak while one tile of side x side native pixels is inferred, over what was held before."""
    analyzer = CataractAnalyzer(precision=precision, limits=NO_LIMIT)
    window = np.random.default_rng(side).integers(0, 256, (side, side), dtype=np.uint8)
    held = _forget_peak()
    analyzer.network.predict(window)
    grown = resident_bytes(peak=True) - held
    allowed = NETWORK_BYTES + BYTES_PER_TILE_PIXEL * side**2
    return {
        "precision": precision,
        "side": side,
        "held_mb": held / 1e6,
        "grown_mb": grown / 1e6,
        "allowed_mb": allowed / 1e6,
    }


def pictures(precision: str) -> dict[str, Any]:
    """Measure the peak while every picture of a scan is drawn and encoded, over what was held before."""
    analyzer = CataractAnalyzer(precision=precision, limits=NO_LIMIT)
    result = analyzer.analyze(SAMPLES / "simulated-clear.png")
    give_back_code()
    held = _forget_peak()
    encoded = [encode_png(result.labels), encode_png(draw_overlay(result))]
    grown = resident_bytes(peak=True) - held
    allowed = PICTURES_BYTES + BYTES_PER_PICTURE_PIXEL * result.scan.rows * result.scan.columns
    return {
        "precision": precision,
        "encoded_mb": sum(map(len, encoded)) / 1e6,
        "held_mb": held / 1e6,
        "grown_mb": grown / 1e6,
        "allowed_mb": allowed / 1e6,
    }


def _forget_peak() -> int:
    """Have Linux forget the peak that loading reached, and return the resident bytes from which to count."""
    Path("/proc/self/clear_refs").write_text("5")
    return resident_bytes(peak=False)


if __name__ == "__main__":
    sys.exit(main())
