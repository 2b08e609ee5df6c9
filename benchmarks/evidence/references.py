"""Measure how steady the reference tissues are, in simulated eyes of every cohort and in real scans."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from edge_runtime.errors import EdgeCataractError
from edge_runtime.frame.brightness import Brightness
from edge_runtime.frame.prepare import prepare_frame
from edge_runtime.frame.profiles import profile_for
from edge_runtime.reading.raster import read_scan
from train.phantom.cohorts.catalogue import plan_cohort
from train.phantom.patient import make_eye
from train.phantom.render import render

from .displays import SEED, frame_of

if TYPE_CHECKING:
    from numpy.typing import NDArray


def references(cohort: str, number: int) -> tuple[float, float] | None:
    """Measure the level of the stroma and the contrast of the brightest tissue, in dB; None where not found."""
    patients = plan_cohort(cohort, SEED)
    eye_plan, scans = patients[7 * number % len(patients)].eyes[0]  # both groups, wherever they stand
    rendered = render(make_eye(eye_plan), scans[0])
    frame = frame_of(rendered)
    profile, found = frame.profile, frame.levels
    if found is None:
        return None

    def level_db(grey: float) -> float:
        """Return the level that the display showed with this grey, in dB over the noise."""
        full = profile.display_low * 255 + grey * (profile.display_high - profile.display_low)
        return full / float(rendered.notes["grey_per_db"]) + float(rendered.notes["black_db"])

    return level_db(found.stroma), level_db(found.brightest) - level_db(found.stroma)


def spread(scans: list[tuple[float, float] | None]) -> dict[str, float | int]:
    """Return how steady the references are over eyes."""
    found = np.array([scan for scan in scans if scan])
    contrast = np.log(found[:, 1])
    return {
        "scans": len(scans),
        "without_references": len(scans) - len(found),
        "stroma_sd_db": float(found[:, 0].std(ddof=1)),
        "contrast_median_db": float(np.median(found[:, 1])),
        "contrast_sd_share": float(contrast.std(ddof=1)),
    }


def real(folder: Path) -> dict[str, Any]:
    """Measure the references in real 8-bit scans, whose display is known to stand still."""
    rows: list[tuple[float, float, float]] = []
    missing = 0
    with (folder / "scans.csv").open(newline="", encoding="utf-8") as file:
        names = [row["scan"] for row in csv.DictReader(file)]
    for name in names:
        try:
            scan = read_scan(folder / name)
            if scan.bits != 8:
                continue
            profile = profile_for(scan.rows, scan.columns, scan.bits)
            found = prepare_frame(scan, profile, Brightness.REFERENCED).levels
        except EdgeCataractError:
            continue
        if found is None:
            missing += 1
        else:
            rows.append((found.stroma, found.brightest, found.apex_row))
    stroma, brightest, apex = np.array(rows).T
    slope, start = np.polyfit(apex, stroma, 1)
    return {
        "scans": len(rows) + missing,
        "without_references": missing,
        "stroma_grey": _about(stroma),
        "brightest_grey": _about(brightest),
        "contrast_grey": _about(brightest - stroma),
        "stroma_grey_per_native_row_of_apex": float(slope),
        "stroma_sd_without_that": float((stroma - slope * apex - start).std(ddof=2)),
    }


def _about(values: NDArray[np.float64]) -> dict[str, float]:
    return {"mean": float(values.mean()), "sd": float(values.std(ddof=1))}
