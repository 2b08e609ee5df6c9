"""Words of doubt about pictures that nobody altered: false alarms."""

from __future__ import annotations

import csv
from collections import Counter
from typing import TYPE_CHECKING, Any

from edge_runtime.measure.quality import OF_DOUBT
from edge_runtime.reading.raster import read_scan
from train.phantom.patient import make_eye
from train.phantom.render import render

from .judged import judged

if TYPE_CHECKING:
    from pathlib import Path

    from train.phantom.eye.plan import EyePlan
    from train.phantom.imaging.plan import ScanPlan


def alarms_of_scan(eye: EyePlan, scan: ScanPlan) -> tuple[str, ...]:
    """Words of doubt about one simulated scan, as warnings or as reasons."""
    found = judged(render(make_eye(eye), scan).picture)
    return (*found.doubts, *(word for word in found.reasons if word in OF_DOUBT))


def alarms_of_real_scans(folder: Path) -> dict[str, Any]:
    """Words of doubt about the real scans of a natural lens that the frame does not cut."""
    with (folder / "scans.csv").open(newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["kind"] == "phakic" and row["clipped"] != "True"]
    found = [judged(read_scan(folder / row["scan"]).pixels) for row in rows]
    return summed_alarms([(*one.doubts, *(word for word in one.reasons if word in OF_DOUBT)) for one in found])


def summed_alarms(found: list[tuple[str, ...]]) -> dict[str, Any]:
    """Count scans with a word of doubt, and each word."""
    return {
        "scans": len(found),
        "alarms": sum(bool(words) for words in found),
        "words": dict(Counter(word for words in found for word in words)),
    }
