"""Simpler measures of the same eyes: age, average lens density, nucleus density, a threshold on grey."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from train.metrics import area_under_curve

from . import weighted
from .diagnosis import ScoredUnits, ThresholdPerformance, at_threshold
from .lens_maps import GREY_CLASSES, GREY_STEP
from .resampling import Estimate

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .resampling import BootstrapSettings
    from .rows import EyeRow

MEASURES = {
    "age": "age in years, without any image",
    "lens_density": "mean grey of the lens (average lens density, Panthier et al. 2017)",
    "nucleus_density": "mean grey of the nucleus: middle depths (0.35 to 0.70) of the central 40 % of the lens",
    "grey_fraction": "share of the lens above a grey level",
}


@dataclass(frozen=True, slots=True)
class Baseline:
    """One simpler measure beside the Cataract Fraction, on the eyes that have both.

    Attributes
    ----------
    meaning
        Says what is measured.
    auc, cf_auc
        AUC of the measure, and of the Cataract Fraction.
    difference
        AUC of the Cataract Fraction minus that of the measure, paired.
    own_threshold
        Youden-optimal threshold of the measure on these eyes; another dataset can take it over.
    fixed
        Rates at the threshold of another dataset; None where none was given.
    """

    meaning: str
    auc: Estimate
    cf_auc: Estimate
    difference: Estimate
    own_threshold: float | None
    fixed: ThresholdPerformance | None


def compare(
    eyes: Sequence[EyeRow], grey_level: int, thresholds: dict[str, float | None], bootstrap: BootstrapSettings
) -> dict[str, Baseline]:
    """Compare every measure that the eyes have; one that no eye has is left out.

    Parameters
    ----------
    eyes
        First exam of every eye.
    grey_level
        Grey level of the grey fraction, a multiple of 8.
    thresholds
        Threshold of each measure, fixed on another dataset.
    """
    found = {}
    for name, meaning in MEASURES.items():
        measure = _measure(name, grey_level)
        pairs = [
            (eye, eye.cataract_fraction, value)
            for eye in eyes
            if eye.cataract_fraction is not None and (value := measure(eye)) is not None
        ]
        if not pairs:
            continue
        patients = tuple(eye.patient_id for eye, _, _ in pairs)
        positive = tuple(eye.group == "cataract" for eye, _, _ in pairs)
        units = ScoredUnits(tuple(value for _, _, value in pairs), patients, positive)
        resampling = units.resampling(bootstrap)
        own = weighted.auc(units.scores, positive)
        fraction = weighted.auc([value for _, value, _ in pairs], positive)
        best = resampling.estimate(weighted.best_threshold(units.scores, positive)).value
        known = thresholds.get(name)
        found[name] = Baseline(
            meaning=meaning if name != "grey_fraction" else f"{meaning}: {grey_level}",
            auc=resampling.estimate(own, proportion=True),
            cf_auc=resampling.estimate(fraction, proportion=True),
            difference=resampling.estimate(weighted.difference(fraction, own)),
            own_threshold=best,
            fixed=None if known is None else at_threshold(units, known, bootstrap),
        )
    return found


def _measure(name: str, grey_level: int) -> Callable[[EyeRow], float | None]:
    match name:
        case "age":
            return lambda eye: eye.age_years
        case "lens_density":
            return lambda eye: eye.lens_density
        case "nucleus_density":
            return lambda eye: eye.nucleus_density
        case _:
            return lambda eye: grey_fraction(eye.grey_counts, grey_level)


def grey_fraction(grey_counts: Sequence[int], grey_level: int) -> float | None:
    """Return the share of lens pixels of at least a grey level (a multiple of 8); None without lens pixels."""
    total = sum(grey_counts)
    return sum(grey_counts[grey_level // GREY_STEP :]) / total if total else None


def best_grey_level(eyes: Sequence[EyeRow]) -> int | None:
    """Return the grey level whose fraction has the largest AUC, the middle one of several; None for one group."""
    graded = [eye for eye in eyes if sum(eye.grey_counts)]
    positive = [eye.group == "cataract" for eye in graded]
    levels = [GREY_STEP * step for step in range(1, GREY_CLASSES)]
    areas = [
        area_under_curve([grey_fraction(e.grey_counts, level) or 0.0 for e in graded], positive) for level in levels
    ]
    if any(area is None for area in areas):
        return None
    best = np.flatnonzero(np.array(areas, np.float64) == max(area for area in areas if area is not None))
    return levels[int(best[(len(best) - 1) // 2])]
