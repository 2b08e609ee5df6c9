"""How well clear phantom eyes cover what real scans measure: one figure, and one table that names what they miss.

    python -m benchmarks.evidence.phantom_realism FOLDER [--eyes 60] [--out realism]

FOLDER holds `scans.csv`, `statistics.csv`, `scans/`, `masks/`. Real and simulated scans are measured by the same code
(`phantom_measure.py`), which is first checked against the numbers that came with the real scans.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import cv2

from .measured_eyes import read_real, simulate_eyes
from .realism_figure import REGIMES, draw
from .templates import fill
from .verdicts import judge, summarise


def main() -> int:
    """Measure, judge, print, draw."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--eyes", type=int, default=60, help="phantom eyes per group and regime")
    parser.add_argument("--out", type=Path, default=Path("realism"), help="folder for realism.png and realism.md")
    arguments = parser.parse_args()
    if not (arguments.folder / "statistics.csv").exists():
        print(f"{arguments.folder} holds no statistics.csv: there are no real scans to compare with, nothing done.")
        return 0
    cv2.setNumThreads(1)
    real, deviations = read_real(arguments.folder)
    phantom = {
        (regime, "cataract" if cataract else "clear"): simulate_eyes(arguments.eyes, cataract, regime)
        for regime in REGIMES
        for cataract in (False, True)
    }
    arguments.out.mkdir(parents=True, exist_ok=True)
    verdicts = judge(real, phantom)
    summary = summarise(verdicts)
    print(*summary, sep="\n")
    page = fill("realism.md.j2", summary=summary, deviations=deviations, verdicts=verdicts)
    (arguments.out / "realism.md").write_text(page, encoding="utf-8")
    draw(real, phantom, arguments.out / "realism.png")
    return 0


if __name__ == "__main__":
    sys.exit(main())
