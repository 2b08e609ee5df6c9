from __future__ import annotations

from typing import Any

import pytest

from benchmarks.evidence.committed import MEASURES, Committed, OtherDraw, RealScans
from tests.train.study.test_committed_reports import PUBLISHED


def scan(eye: str, kind: str, cataract_fraction: float | None) -> dict[str, Any]:
    outcome = "exit 3: lens-not-found" if cataract_fraction is None else "graded"
    return {"eye": eye, "kind": kind, "cataract_fraction": cataract_fraction, "outcome": outcome}


def eye(name: str, looks: str, cataract_fraction: float | None, dice: float | None) -> dict[str, Any]:
    return {"eye": name, "looks_clear": looks, "cataract_fraction": cataract_fraction, "dice_mean": dice}


REAL_SCANS = {
    "scans": [
        scan("A OD", "phakic", 0.001),
        scan("B OD", "phakic", 0.1),
        scan("B OD", "phakic", 0.5),
        scan("B OS", "phakic", 0.2),
        scan("B OS", "phakic", 0.25),
        scan("C OD", "intraocular-lens", None),
        scan("D", "no-lens", None),
    ],
    "eyes": [
        eye("A OD", "yes", 0.001, 0.99),
        eye("B OD", "hazy", 0.3, 0.95),
        eye("B OS", "hazy", 0.225, None),
        eye("C OD", "", None, None),
        eye("D", "", None, None),
    ],
}


def test_every_committed_result_is_read() -> None:
    committed = Committed.read()
    assert committed.study.keys() == set(PUBLISHED)
    assert committed.true_opacity_study.keys() == {"validation"}
    assert committed.paper_label_study.keys() == {"development", "validation"}
    assert committed.measures.keys() == set(MEASURES)
    assert committed.removed["groups"]


def test_real_scans_are_counted_by_what_they_show() -> None:
    found = RealScans.of(REAL_SCANS)
    assert (found.scans, found.subjects) == (7, 4)
    assert (found.phakic, found.phakic_graded) == (5, 5)
    assert (found.artificial, found.artificial_refused, found.others, found.others_refused) == (1, 1, 1, 1)
    assert (found.dice_low, found.dice_high, found.dice_eyes) == (0.95, 0.99, 2)
    assert (found.clear_highest, found.hazy) == (0.001, (0.225, 0.3))
    assert (found.hazy_scans_low, found.hazy_scans_high) == (0.1, 0.5)


@pytest.mark.parametrize(("fraction", "called"), [(0.025, 1), (0.0249, 0)])
def test_an_eye_at_the_threshold_is_called_cataract(fraction: float, called: int) -> None:
    eyes = [{"group": "cataract", "model": fraction}, {"group": "clear", "model": fraction}]
    model = {
        "model": {"precision": "fp32"}, "cf_threshold": 0.025, "eyes": eyes, "found": {"auc": {"model": 0.5}},
    }  # fmt: skip
    found = OtherDraw.of({"models": [model], "data": {"description": "seed 5"}})
    assert (found.true_positives, found.positives) == (called, 1)
    assert (found.true_negatives, found.negatives) == (1 - called, 1)
    assert (found.auc, found.description) == (0.5, "seed 5")
