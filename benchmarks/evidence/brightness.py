"""Measure how far the display drops out of what a network sees, and how steady the references are.

`python -m benchmarks.evidence.brightness [REAL_SCANS]`: simulated eyes under the five settings of the `display` cohort,
simulated eyes at other sizes, simulated eyes of other cohorts, and, where a folder of real scans is given, the
references in those.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path
from typing import Any

from benchmarks.provenance import provenance, save
from edge_runtime import CataractAnalyzer
from train.workers import process_pool

from .displays import BORDER_DB, SEED, SIZES, five_displays, fractions_at_sizes, moved_by_size, ranges
from .references import real, references, spread
from .templates import fill

RESULTS = Path(__file__).parents[1] / "results" / "brightness.json"
PAGE = Path(__file__).parents[2] / "docs" / "brightness.md"
ONE_SCALE = RESULTS.with_name("one_scale.json")  # of `python -m benchmarks.robustness.one_scale`
COHORTS = ("validation", "shifted", "age-matched", "test-retest", "artefacts", "corneal-disease", "training")


def main() -> int:
    """Measure, save, write the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("real", nargs="?", type=Path, help="folder with scans.csv and the scans it names")
    parser.add_argument("--eyes", type=int, default=40, help="per cohort (default 40)")
    parser.add_argument("--out", type=Path, default=RESULTS)
    parser.add_argument("--page", type=Path, default=PAGE)
    arguments = parser.parse_args()
    workers = len(os.sched_getaffinity(0))
    with process_pool(workers) as pool:
        shown = list(pool.map(five_displays, range(arguments.eyes)))
        resampled = list(pool.map(fractions_at_sizes, range(arguments.eyes)))
        cohorts = {
            cohort: spread(list(pool.map(references, [cohort] * arguments.eyes, range(arguments.eyes))))
            for cohort in COHORTS
        }
    content: dict[str, Any] = {
        **provenance(CataractAnalyzer()),
        "seed": SEED,
        "eyes": arguments.eyes,
        "display": ranges([one for one in shown if one]),
        "sizes": moved_by_size(resampled),
        "cohorts": cohorts,
        "real": real(arguments.real) if arguments.real else None,
    }
    save(arguments.out, content)
    arguments.page.write_text(page(json.loads(arguments.out.read_text(encoding="utf-8"))), encoding="utf-8")
    return 0


def page(content: dict[str, Any]) -> str:
    """Return docs/brightness.md from the numbers."""
    one_scale = json.loads(ONE_SCALE.read_text(encoding="utf-8"))
    sizes = [str(size) for size in SIZES]
    return fill("brightness.md.j2", **content, border_db=BORDER_DB, size_names=sizes, one_scale=one_scale)


if __name__ == "__main__":
    sys.exit(main())
