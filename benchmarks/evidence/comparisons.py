"""Measure how often unchanged eyes are told as changed: ``python -m benchmarks.evidence.comparisons --data DIR``.

The folder is a cohort in which every eye has two exams: ``python -m train phantom --cohort test-retest``. Nothing
happened to the eyes between them, so every change that is told is a false one; one pair in twenty is expected.
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
from collections import Counter, defaultdict
from itertools import pairwise
from pathlib import Path
from typing import Any

from benchmarks.provenance import provenance, save
from edge_runtime import CataractAnalyzer, Laterality
from edge_runtime.measure.repeatability import FRACTION_EDGES
from edge_runtime.report.comparison import Comparison, Verdict, compare
from edge_runtime.report.exam_facts import ExamFacts, read_exam

RESULTS = Path(__file__).parents[2] / "build" / "benchmarks" / "comparisons.json"
CHANGED = (Verdict.INCREASED, Verdict.DECREASED)


def main() -> int:
    """Measure, print, save; always 0."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of the cohort")
    parser.add_argument("--out", type=Path, default=RESULTS)
    arguments = parser.parse_args()
    analyzer = CataractAnalyzer()
    compared = [compare(*pair) for pair in exam_pairs(arguments.data, analyzer)]
    content = {
        **provenance(analyzer),
        "data": json.loads((arguments.data / "cohort.json").read_text(encoding="utf-8")),
        "eyes": len(compared),
        "together": counts(compared),
        "by_fraction": by_fraction(compared),
    }
    save(arguments.out, content)
    sys.stdout.write(json.dumps({name: content[name] for name in ("eyes", "together", "by_fraction")}, indent=2) + "\n")
    return 0


def exam_pairs(folder: Path, analyzer: CataractAnalyzer) -> list[tuple[ExamFacts, ExamFacts]]:
    """The two exams of every eye of a cohort, analysed, written and read back as a user has them."""
    exams: defaultdict[tuple[str, str], defaultdict[str, list[Path]]] = defaultdict(lambda: defaultdict(list))
    with (folder / "scans.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            exams[row["patient_id"], row["eye"]][row["exam"]].append(folder / row["image"])
    documents = folder / "documents"
    documents.mkdir(exist_ok=True)

    def facts(patient: str, eye: str, exam: str) -> ExamFacts:
        document = documents / f"{patient}_{eye}_{exam}.json"
        if not document.exists():
            found = analyzer.analyze_exam(exams[patient, eye][exam], laterality=Laterality(eye))
            document.write_text(found.to_json(), encoding="utf-8")
        return read_exam(document)

    return [(facts(*eye, "1"), facts(*eye, "2")) for eye in exams]


def counts(compared: list[Comparison]) -> dict[str, Any]:
    """How many pairs have which verdict, and the share of those that are told as changed."""
    verdicts = Counter(found.verdict for found in compared)
    judged = len(compared) - verdicts[Verdict.NOT_JUDGED]
    changed = sum(verdicts[verdict] for verdict in CHANGED)
    return {
        "pairs": len(compared),
        "judged": judged,
        "told_as_changed": changed,
        "share_told_as_changed": changed / judged if judged else None,
    }


def by_fraction(compared: list[Comparison]) -> dict[str, dict[str, Any]]:
    """The counts by the mean fraction of the pair, in the parts in which repeatability was measured."""
    edges = (0.0, *FRACTION_EDGES, 1.0)
    parts: dict[str, dict[str, Any]] = {}
    for low, high in pairwise(edges):
        inside = [found for found in compared if (mean := _mean(found)) is not None and low <= mean < high]
        parts[f"{low:g} to {high:g}"] = counts(inside)
    return parts


def _mean(found: Comparison) -> float | None:
    earlier, later = found.earlier.fraction, found.later.fraction
    return None if earlier is None or later is None else (earlier + later) / 2


if __name__ == "__main__":
    sys.exit(main())
