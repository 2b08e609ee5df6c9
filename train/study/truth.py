"""Comparison with the true opacity: localisation, calibration, and the Cataract Fraction itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from edge_runtime.measure.kinds import ClinicalGroup

from . import weighted
from .resampling import Estimate, PatientResampling
from .rows import KINDS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from .resampling import BootstrapSettings, Statistic
    from .rows import EyeRow, ScanRow

PARTLY_OPAQUE = (0.05, 0.95)  # share of the lens between which localisation is asked for
# Names of the kinds of opacity in each clinical group.
CLINICAL = {str(group): tuple(kind.label for kind in group.kinds) for group in ClinicalGroup}


@dataclass(frozen=True, slots=True)
class LocalisationAccuracy:
    """How well the labels and probabilities locate the true opacity.

    Attributes
    ----------
    auc
        AUC over the pixels of a lens, averaged over scans with 5 to 95 % opaque lens.
    recall, false
        Share of opaque pixels, and of clear lens pixels, that are labelled cataract, pooled over all scans.
    recall_by_kind
        Recall of each clinical group of kinds, and of every kind that is there.
    observable_share, observable_recall
        Share of opaque pixels that are observable, and recall of those, pooled over the scans whose observable pixels
        are known. None where they are known for no scan.
    observable_share_by_kind, observable_recall_by_kind
        Both by kind, with the keys of `recall_by_kind`; empty where they are known for no scan.
    dice
        Dice of the cataract label, averaged over the scans where it is defined.
    """

    auc: Estimate
    recall: Estimate
    false: Estimate
    recall_by_kind: dict[str, Estimate]
    observable_share: Estimate | None
    observable_recall: Estimate | None
    observable_share_by_kind: dict[str, Estimate]
    observable_recall_by_kind: dict[str, Estimate]
    dice: Estimate


def localise(rows: Sequence[ScanRow], bootstrap: BootstrapSettings) -> LocalisationAccuracy | None:
    """Measure localisation over scans with a gradable lens and a truth; None without any."""
    known = [row for row in rows if row.group and row.opaque_px]
    if not known:
        return None
    partly = [
        row
        for row in known
        if row.localisation_auc is not None
        and row.truth_opacity_fraction is not None
        and PARTLY_OPAQUE[0] <= row.truth_opacity_fraction <= PARTLY_OPAQUE[1]
    ]
    defined = [row for row in known if row.dice_true_cataract is not None]

    told = [row for row in known if row.observable_px]

    def pooled(rows: Sequence[ScanRow], there: str, found: str) -> dict[str, Estimate]:
        """Counts `found` over counts `there`, by kind."""
        seen = [kind for code, kind in enumerate(KINDS) if any(row.opaque_px[code] for row in rows)]
        names = {f"{name} (clinical)": kinds for name, kinds in CLINICAL.items()} | {kind: (kind,) for kind in seen}
        return {
            name: _among(rows, _of_kinds(rows, there, kinds), _of_kinds(rows, found, kinds), bootstrap)
            for name, kinds in names.items()
            if any(kind in seen for kind in kinds)
        }

    def overall(rows: Sequence[ScanRow], there: str, found: str) -> Estimate:
        return _among(rows, _of_kinds(rows, there, KINDS), _of_kinds(rows, found, KINDS), bootstrap)

    return LocalisationAccuracy(
        auc=_resampling(partly, bootstrap).estimate(weighted.mean([row.localisation_auc or 0.0 for row in partly])),
        recall=overall(known, "opaque_px", "found_px"),
        false=_among(known, [row.clear_px for row in known], [row.false_px for row in known], bootstrap),
        recall_by_kind=pooled(known, "opaque_px", "found_px"),
        observable_share=overall(told, "opaque_px", "observable_px") if told else None,
        observable_recall=overall(told, "observable_px", "observable_found_px") if told else None,
        observable_share_by_kind=pooled(told, "opaque_px", "observable_px"),
        observable_recall_by_kind=pooled(told, "observable_px", "observable_found_px"),
        dice=_resampling(defined, bootstrap).estimate(
            weighted.mean([row.dice_true_cataract or 0.0 for row in defined])
        ),
    )


def _of_kinds(rows: Sequence[ScanRow], column: str, kinds: Sequence[str]) -> list[int]:
    """Return the number of pixels of these kinds, per scan."""
    codes = [KINDS.index(kind) for kind in kinds]
    return [sum(getattr(row, column)[code] for code in codes) for row in rows]


def _among(rows: Sequence[ScanRow], there: list[int], found: list[int], bootstrap: BootstrapSettings) -> Estimate:
    """Estimate pixels found over pixels there; n counts the scans that have such pixels."""
    kept = [index for index, count in enumerate(there) if count]
    chosen = [rows[index] for index in kept]
    share = weighted.ratio([float(found[index]) for index in kept], [float(there[index]) for index in kept])
    return _resampling(chosen, bootstrap).estimate(share, proportion=True)


def _resampling(rows: Sequence[ScanRow] | Sequence[EyeRow], bootstrap: BootstrapSettings) -> PatientResampling:
    return PatientResampling(
        [row.patient_id for row in rows], [row.group for row in rows], bootstrap.seed, bootstrap.resamples
    )


@dataclass(frozen=True, slots=True)
class ReliabilityClass:
    """Pixels whose P(cataract) lies in one of ten equal classes: mean probability, and true share.

    Attributes
    ----------
    pixels
        Number of pixels.
    mean_probability, opaque_share
        Mean P(cataract), and share of truly opaque pixels; None without pixels.
    """

    pixels: int
    mean_probability: float | None
    opaque_share: float | None


@dataclass(frozen=True, slots=True)
class Calibration:
    """Reliability of P(cataract) over the pixels of the true lens.

    Attributes
    ----------
    expected_error
        Expected calibration error: mean |P - share| over classes, weighted by pixels (Naeini et al. 2015).
    """

    classes: tuple[ReliabilityClass, ...]
    expected_error: Estimate


def calibrate(rows: Sequence[ScanRow], bootstrap: BootstrapSettings) -> Calibration | None:
    """Measure calibration over scans with a gradable lens and a truth; None without any."""
    known = [row for row in rows if row.group and row.reliability_px]
    if not known:
        return None
    pixels = np.array([row.reliability_px for row in known], np.float64)
    opaque = np.array([row.reliability_opaque_px for row in known], np.float64)
    predicted = np.array([row.reliability_sum for row in known], np.float64)
    classes = tuple(
        ReliabilityClass(int(n), float(p / n) if n else None, float(o / n) if n else None)
        for n, o, p in zip(pixels.sum(axis=0), opaque.sum(axis=0), predicted.sum(axis=0), strict=True)
    )
    return Calibration(classes, _resampling(known, bootstrap).estimate(expected_error(pixels, opaque, predicted)))


def expected_error(
    pixels: NDArray[np.float64], opaque: NDArray[np.float64], predicted: NDArray[np.float64]
) -> Statistic:
    """Sum over classes of |sum P - opaque pixels|, over all pixels; arrays are (units, classes)."""
    return lambda weights: np.abs(weights @ (predicted - opaque)).sum(axis=1) / (weights @ pixels).sum(axis=1)


@dataclass(frozen=True, slots=True)
class AgainstTruth:
    """The Cataract Fraction of an eye against the true opaque share of its lens.

    Attributes
    ----------
    mean_difference, mean_absolute_difference
        Mean of Cataract Fraction minus true share, and of its absolute value.
    correlation
        Pearson's r; None without spread.
    """

    mean_difference: Estimate
    mean_absolute_difference: Estimate
    correlation: Estimate


def against_truth(eyes: Sequence[EyeRow], bootstrap: BootstrapSettings) -> AgainstTruth | None:
    """Compare the eyes that have both; None without any."""
    both = [eye for eye in eyes if eye.cataract_fraction is not None and eye.truth_opacity_fraction is not None]
    if not both:
        return None
    fractions = np.array([eye.cataract_fraction for eye in both], np.float64)
    truth = np.array([eye.truth_opacity_fraction for eye in both], np.float64)
    resampling = _resampling(both, bootstrap)
    return AgainstTruth(
        mean_difference=resampling.estimate(weighted.mean((fractions - truth).tolist())),
        mean_absolute_difference=resampling.estimate(weighted.mean(np.abs(fractions - truth).tolist())),
        correlation=resampling.estimate(weighted.correlation(fractions, truth)),
    )
