"""Compare an exported model with PyTorch: the differences of scans and eyes, and the limits that they must keep."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from edge_runtime.measure.decision import Judgement, OperatingPoint, judge
from export.verify import LIMITS
from train.data.dataset import ScanRecord
from train.metrics import area_under_curve

if TYPE_CHECKING:
    from edge_runtime.results import ScanResult

# Over a cohort: far below what the study's intervals leave open, and above what a tie between two eyes moves.
MAX_AUC_DRIFT = 0.002
MAX_LENS_DICE_DRIFT = 0.002


@dataclass(frozen=True, slots=True)
class Measured:
    """What one network made of one scan.

    Attributes
    ----------
    cataract_fraction
        None where the scan was not graded.
    lens_dice
        With the annotator's mask, on the scan's pixels; None where neither has lens.
    """

    cataract_fraction: float | None
    lens_dice: float | None


@dataclass(frozen=True, slots=True)
class Difference:
    """How far a model is from the reference on one scan.

    Attributes
    ----------
    pixels
        Of the network grid; 0 where another window was analysed, so that pixels cannot be compared.
    probability, labels
        Largest difference of a probability, and pixels with another label.
    """

    pixels: int
    probability: float
    labels: int

    @classmethod
    def of(cls, reference: ScanResult, model: ScanResult) -> Difference:
        """Compare the maps of two results of one scan."""
        if reference.maps.window != model.maps.window:
            return cls(0, 0.0, 0)
        one, other = reference.maps.prediction, model.maps.prediction
        drift = max(
            float(np.abs(one.lens_probability - other.lens_probability).max()),
            float(np.abs(one.cataract_probability - other.cataract_probability).max()),
        )
        return cls(one.labels.size, drift, int(np.count_nonzero(one.labels != other.labels)))


@dataclass(frozen=True, slots=True)
class Compared:
    """One scan, by the reference and by one model."""

    scan: ScanRecord
    reference: Measured
    model: Measured
    difference: Difference


@dataclass(frozen=True, slots=True)
class EyeCompared:
    """One eye, by the reference and by one model: Cataract Fraction, decision, borderline."""

    eye: str
    group: str
    reference: Judgement
    model: Judgement

    @property
    def changed(self) -> bool:
        """Whether the model decides otherwise."""
        return self.reference.decision is not self.model.decision


def eyes_of(compared: Sequence[Compared], point: OperatingPoint) -> list[EyeCompared]:
    """Judge every eye by both, at the model's operating point."""
    by_eye: dict[str, list[Compared]] = defaultdict(list)
    for one in compared:
        by_eye[one.scan.eye_id].append(one)

    def judged(measured: list[Measured]) -> Judgement:
        return judge([one.cataract_fraction for one in measured if one.cataract_fraction is not None], point)

    return [
        EyeCompared(
            name, scans[0].scan.group, judged([one.reference for one in scans]), judged([one.model for one in scans])
        )
        for name, scans in by_eye.items()
    ]


def summarise(compared: Sequence[Compared], eyes: Sequence[EyeCompared]) -> dict[str, Any]:
    """Return the numbers that have limits, and how many scans and eyes they come from."""
    differences = [one.difference for one in compared]
    pairs = [(one.reference.cataract_fraction, one.model.cataract_fraction) for one in compared]
    moved = [abs(one - other) for one, other in pairs if one is not None and other is not None]
    dice = [(one.reference.lens_dice, one.model.lens_dice) for one in compared if one.scan.group]
    defined = np.array([pair for pair in dice if None not in pair], np.float64).reshape(-1, 2)
    lens_dice = defined.mean(axis=0).tolist() if len(defined) else [None, None]
    areas = [auc_of([(eye.group, getattr(eye, name)) for eye in eyes]) for name in ("reference", "model")]
    changed = [eye for eye in eyes if eye.changed]
    return {
        "scans": len(compared),
        "pixels": sum(one.pixels for one in differences),
        "probability": max(one.probability for one in differences),
        "labels_different": sum(one.labels for one in differences),
        "windows_different": sum(not one.pixels for one in differences),
        "gradings_different": sum((one is None) != (other is None) for one, other in pairs),
        "fractions": len(moved),
        "cf": max(moved, default=None),
        "cf_99": float(np.percentile(moved, 99)) if moved else None,
        "eyes": len(eyes),
        "eyes_borderline": sum(eye.reference.borderline for eye in eyes),
        "decisions_changed": len(changed),
        "decisions_changed_outside_guard_band": sum(not eye.reference.borderline for eye in changed),
        "auc": {"reference": areas[0], "model": areas[1], "drift": drift(*areas)},
        "lens_dice": {"reference": lens_dice[0], "model": lens_dice[1], "drift": drift(*lens_dice)},
    }


def auc_of(eyes: Sequence[tuple[str, Judgement]]) -> float | None:
    """Return the area under the curve per eye, cataract against clear, over eyes that were graded."""
    graded = [(judgement.cataract_fraction, group == "cataract") for group, judgement in eyes if group]
    known = [(fraction, positive) for fraction, positive in graded if fraction is not None]
    return area_under_curve([fraction for fraction, _ in known], [positive for _, positive in known])


def drift(one: float | None, other: float | None) -> float | None:
    """Return the absolute difference; None where one is undefined."""
    return None if one is None or other is None else abs(one - other)


def broken(found: dict[str, Any], precision: str) -> list[str]:
    """Return one sentence per limit that is not kept: those of an export, and those of a cohort."""
    limits = LIMITS[precision]
    outside = found["decisions_changed_outside_guard_band"]
    asked = [
        ("probability", found["probability"], limits.probability),
        ("labels different", found["labels_different"], limits.labels and limits.labels * found["pixels"]),
        ("Cataract Fraction", found["cf"], limits.cf),
        ("Cataract Fraction, 99th percentile", found["cf_99"], limits.cf_99),
        ("decisions changed outside the guard band", outside, 0),
        ("AUC", found["auc"]["drift"], MAX_AUC_DRIFT),
        ("lens Dice", found["lens_dice"]["drift"], MAX_LENS_DICE_DRIFT),
    ]
    if precision == "fp32":
        asked += [(name.replace("_", " "), found[name], 0) for name in
                  ("windows_different", "gradings_different", "decisions_changed")]  # fmt: skip
    nothing = [] if found["fractions"] else ["no Cataract Fraction was compared"]
    return nothing + [
        f"{name}: {value:.3g}, at most {limit:.3g} is allowed"
        for name, value, limit in asked
        if value is not None and limit is not None and not value <= limit
    ]
