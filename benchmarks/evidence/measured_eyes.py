"""Measure eyes, real and simulated, by the same code: the mean of each statistic over an eye's scans."""

from __future__ import annotations

import csv
import warnings
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from edge_runtime.reading.raster import read_scan
from train.phantom.eye.plan import EyePlan
from train.phantom.imaging.plan import EXPORT_COLUMNS, EXPORT_ROWS, Geometry, ScanPlan
from train.phantom.patient import make_eye
from train.phantom.render import render

from .phantom_measure import measure

if TYPE_CHECKING:
    from numpy.typing import NDArray

# What a simulator can set, in our names, and the column that came with the real scans.
STATISTICS = {
    "lens_over_cornea": "lens_over_cornea_central",
    "front_over_nucleus": "anterior_over_nucleus",
    "back_over_nucleus": "posterior_over_nucleus",
    "nucleus_over_cornea": "nucleus_over_cornea_central",
    "aqueous_mean": "aqueous_mean",
    "vitreous_mean": "vitreous_mean",
    "iris_shadow_mean": "iris_shadow_mean",
    "contrast_lens": "sc_lens",
    "contrast_cornea": "sc_cornea",
    "width_lateral_px": "acf_hwhm_lateral_px",
    "width_axial_px": "acf_hwhm_axial_px",
    "lens_axial_px": "lens_axial_px",
    "lens_width_px": "lens_width_mid_px",
}
PROFILE_POINTS = 25  # the profile of 100 bins in groups of four
CLIPPED_POINTS = 8  # bins of the profile that a lens cut by the frame does not show
MIN_LENS_PX = 5000

OneScan = tuple[dict[str, float], "NDArray[np.float64]"]


@dataclass(frozen=True, slots=True)
class Measured:
    """One eye's mean over its scans.

    Attributes
    ----------
    name, regime
        Subject and eye; "8-bit" or "16-bit".
    looks
        "yes" clear, "hazy", "unsure"; of a phantom eye "clear" or "cataract".
    numbers
        Statistic name to value.
    profile
        (25,) grey over the central cornea's grey, against depth.
    """

    name: str
    regime: str
    looks: str
    numbers: dict[str, float]
    profile: NDArray[np.float64]


def read_real(folder: Path) -> tuple[list[Measured], dict[str, float]]:
    """Measure the real eyes of a folder.

    Returns
    -------
    eyes
        One entry for each eye with a lens of its own and a mask.
    deviations
        Median relative deviation of our measures from the numbers that came with the scans, by statistic.
    """
    theirs = {row["name"]: row for row in _rows(folder / "statistics.csv")}
    eyes: dict[tuple[str, str, str], list[OneScan]] = defaultdict(list)
    deviations: dict[str, list[float]] = {name: [] for name in STATISTICS}
    for row in _rows(folder / "scans.csv"):
        if row["kind"] != "phakic" or not row["mask"]:
            continue
        picture = read_scan(folder / row["scan"]).pixels
        numbers, profile = measure(picture, read_scan(folder / row["mask"]).pixels > 0)
        found = numbers.as_dict()
        if row["clipped"] == "True":
            # The posterior capsule lies at or below the frame's edge, where the picture fades.
            found |= {"lens_axial_px": float("nan"), "vitreous_mean": float("nan")}
            profile[-CLIPPED_POINTS:] = np.nan
        for name, column in STATISTICS.items():
            value = float(theirs[Path(row["scan"]).stem][column])
            if np.isfinite(value) and np.isfinite(found[name]) and value:
                deviations[name].append(abs(found[name] / value - 1))
        regime = "16-bit" if picture.dtype == np.uint16 else "8-bit"
        eyes[f"{row['subject']} {row['eye']}", regime, row["clear_looking"]].append((found, profile))
    return [_mean_of(*key, found) for key, found in eyes.items()], {
        name: float(np.median(each)) if each else float("nan") for name, each in deviations.items()
    }


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def simulate_eyes(count: int, cataract: bool, regime: str) -> list[Measured]:
    """Measure phantom eyes of 20 to 68 years (clear) or 45 to 92 (cataract), three scans each, in one regime."""
    rng = np.random.default_rng(2024)
    eyes = []
    for index in range(count):
        age = float(rng.uniform(45, 92) if cataract else rng.uniform(20, 68))
        eye = make_eye(EyePlan(f"realism-{regime}-{cataract}", f"p{index}", "OD", age, cataract, bool(index % 2)))
        found = []
        for meridian in (0.0, 60.0, 120.0):
            size = (EXPORT_ROWS, EXPORT_COLUMNS) if regime == "8-bit" else (0, 0)
            scan = render(eye, ScanPlan(1, meridian, Geometry.OPTICAL if regime == "8-bit" else Geometry.RAW, *size))
            if scan.truth.lens_px < MIN_LENS_PX:
                continue
            numbers, profile = measure(scan.picture, scan.truth.labels > 0)
            found.append((numbers.as_dict(), profile))
        if found:
            eyes.append(_mean_of(f"p{index}", regime, "cataract" if cataract else "clear", found))
    return eyes


def _mean_of(name: str, regime: str, looks: str, found: list[OneScan]) -> Measured:
    keys = found[0][0].keys()
    numbers = {
        key: float(np.nanmean([numbers[key] for numbers, _ in found]))
        if any(np.isfinite(n[key]) for n, _ in found)
        else float("nan")
        for key in keys
    }
    with warnings.catch_warnings():  # a clipped eye has no value at all in its last bins
        warnings.simplefilter("ignore", RuntimeWarning)
        profile = np.nanmean([p.reshape(PROFILE_POINTS, -1).mean(axis=1) / n["cornea_mean"] for n, p in found], axis=0)
    return Measured(name, regime, looks, numbers, profile)
