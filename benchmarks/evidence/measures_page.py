"""Write docs/measures.md, what is measured beyond the fraction: `python -m benchmarks.evidence.measures_page`.

The figures are those of `python -m train measures`: its figures.json is committed as benchmarks/results/measures.json.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

from benchmarks.evidence.templates import fill
from edge_runtime.measure import answer
from edge_runtime.measure.grade import STEP_EDGES_DB, STEP_WORDS
from edge_runtime.measure.repeatability import FITTED_SCANS, FRACTION_EDGES

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "measures.md"
RESULTS = ROOT / "benchmarks" / "results" / "measures.json"
ALTERED = ROOT / "benchmarks" / "results" / "altered.json"
COST = ROOT / "benchmarks" / "results" / "measures_cost.json"
COEFFICIENTS = ROOT / "export" / "coefficients" / "edge-0.5.1.json"


def main() -> int:
    """Write the page."""
    PAGE.write_text(page(json.loads(RESULTS.read_text(encoding="utf-8"))), encoding="utf-8")
    return 0


def page(figures: dict[str, Any]) -> str:
    """Return the page as Markdown."""
    coefficients = json.loads(COEFFICIENTS.read_text(encoding="utf-8"))
    deviations = coefficients["repeatability"]["deviations"]
    edges = [-float("inf"), *STEP_EDGES_DB, float("inf")]
    return fill(
        "measures.md.j2",
        figures=figures,
        whole=""
        if (part := _patients(figures)) is None
        else f" The first {part} patients of each cohort were measured.",
        answers=[(name, one["answers"]) for name, one in figures["by_cohort"].items()],
        steps=list(zip(STEP_WORDS, edges[:-1], edges[1:], coefficients["grade"]["deviations_db"], strict=True)),
        fractions=list(zip((0.0, *FRACTION_EDGES), (*FRACTION_EDGES, 1.0), deviations, strict=True)),
        fitted_scans=FITTED_SCANS,
        limits=answer,
        altered=json.loads(ALTERED.read_text(encoding="utf-8")),
        cost=json.loads(COST.read_text(encoding="utf-8")),
        fitted_on=coefficients["fitted_on"],
    )


def _patients(figures: dict[str, Any]) -> int | None:
    """How many patients of every cohort were measured, where that is the same number; None: whole cohorts."""
    found = {int(number) for one in figures["cohorts"] for number in re.findall(r"(\d+) patients", one)}
    return found.pop() if len(found) == 1 else None


if __name__ == "__main__":
    sys.exit(main())
