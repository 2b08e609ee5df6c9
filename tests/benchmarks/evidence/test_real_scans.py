"""What no model that ships may do on real scans."""

from __future__ import annotations

import json
from typing import Any

import pytest

from benchmarks.evidence.real_scans import RESULTS, answered, missed, page, per_eye
from edge_runtime import CataractAnalyzer
from edge_runtime.golden import SAMPLES


def scan(kind: str, fraction: float | None) -> dict[str, Any]:
    return {"scan": "A", "kind": kind, "cataract_fraction": fraction, "outcome": "exit 3: lens-not-found"}


def eye(looks: str, fraction: float | None) -> dict[str, Any]:
    return {"eye": "A OD", "looks_clear": looks, "cataract_fraction": fraction}


@pytest.mark.parametrize(
    ("rows", "eyes", "count"),
    [
        ([scan("phakic", 0.0), scan("intraocular-lens", None)], [eye("yes", 0.024), eye("hazy", 0.5)], 0),
        ([scan("phakic", None)], [eye("yes", 0.0)], 1),
        ([scan("phakic", 0.0)], [eye("yes", 0.025), eye("yes", None)], 1),
        ([scan("phakic", 0.4)], [eye("unsure", 0.4)], 0),
    ],
)
def test_a_refused_natural_lens_and_a_clear_eye_called_cataract_are_misses(
    rows: list[dict[str, Any]], eyes: list[dict[str, Any]], count: int
) -> None:
    assert len(missed(rows, eyes, 0.025)) == count


def test_an_eye_has_the_mean_of_each_fraction_of_its_graded_scans() -> None:
    rows = [
        scan("phakic", fraction) | {"eye": "A OD", "paper_fraction": paper, "dice": 0.9, "clear_looking": "yes"}
        for fraction, paper in ((0.0, 0.3), (0.002, 0.5), (None, None))
    ]
    [found] = per_eye([row | {"clipped": False} for row in rows])
    assert (found["graded"], found["cataract_fraction"], found["paper_fraction"]) == (2, 0.001, 0.4)


def test_an_eye_is_answered_by_the_exam_of_its_graded_scans(bundled_analyzer: CataractAnalyzer) -> None:
    sample = SAMPLES / "simulated-cataract.png"
    assert answered(bundled_analyzer, [])["answer"] is None
    found = answered(bundled_analyzer, [sample])
    assert found["answer"] == "refer"
    assert found["answer_reasons"][0] == "cataract-fraction"
    assert found["cataract_evidence"] > 0.9


def test_the_page_says_how_far_the_papers_fraction_of_clear_eyes_lies() -> None:
    measured = json.loads(RESULTS.read_text(encoding="utf-8"))
    clear = [eye["paper_fraction"] for eye in measured["eyes"] if eye["looks_clear"] == "yes"]
    assert f"is {min(clear):.2f} to {max(clear):.2f}, where the paper calls 0.14 cataract" in page(measured)
    hazy = [eye for eye in measured["eyes"] if eye["looks_clear"] != "yes"]
    assert "0.14" not in page(measured | {"eyes": hazy})
