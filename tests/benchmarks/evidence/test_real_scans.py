"""What no model that ships may do on real scans."""

from __future__ import annotations

from typing import Any

import pytest

from benchmarks.evidence.real_scans import missed


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
