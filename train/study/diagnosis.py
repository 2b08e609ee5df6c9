"""Clear or cataract: AUC, operating point, sensitivity and specificity, per scan, per eye and per patient."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from edge_runtime.report.document import PAPER_THRESHOLD
from train.metrics import ConfusionMatrix

from . import weighted
from .resampling import BootstrapSettings, Estimate, PatientResampling

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .rows import EyeRow, ScanRow


@dataclass(frozen=True, slots=True)
class ScoredUnits:
    """Scans, eyes or patients with a score: what a threshold separates into clear and cataract.

    Attributes
    ----------
    scores
        One score per unit; a larger one speaks for cataract.
    patients
        The patient that each unit belongs to.
    positive
        Whether each unit is cataract in truth.
    """

    scores: tuple[float, ...]
    patients: tuple[str, ...]
    positive: tuple[bool, ...]

    @property
    def groups(self) -> list[str]:
        """Return the group of each unit."""
        return ["cataract" if positive else "clear" for positive in self.positive]

    def resampling(self, bootstrap: BootstrapSettings) -> PatientResampling:
        """Resample the patients of these units."""
        return PatientResampling(self.patients, self.groups, bootstrap.seed, bootstrap.resamples)

    def only(self, positive: bool) -> ScoredUnits:
        """Return the cataract units, or the clear ones."""
        kept = [index for index, truth in enumerate(self.positive) if truth is positive]
        return ScoredUnits(
            tuple(self.scores[index] for index in kept),
            tuple(self.patients[index] for index in kept),
            (positive,) * len(kept),
        )


@dataclass(frozen=True, slots=True)
class ThresholdPerformance:
    """How well one threshold separates cataract units from clear ones."""

    cf_threshold: float
    counts: ConfusionMatrix
    sensitivity: Estimate
    specificity: Estimate


@dataclass(frozen=True, slots=True)
class Subgroup:
    """Eyes that have one quality in common.

    Attributes
    ----------
    auc, sensitivity, specificity
        Over the graded eyes.
    not_graded
        Number of eyes without a Cataract Fraction.
    """

    auc: Estimate
    sensitivity: Estimate
    specificity: Estimate
    not_graded: int


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """How well clear and cataract are separated in one kind of unit.

    Attributes
    ----------
    auc
        Area under the ROC curve.
    own_threshold
        Youden-optimal on these very units (the paper's); optimistic for them, None where a group is missing.
    fixed
        Rates at a threshold that was chosen elsewhere.
    own
        Rates at `own_threshold`.
    sensitivity_at_95
        Sensitivity where 95 % of the clear units are called clear; None where a group is missing.
    """

    auc: Estimate
    own_threshold: Estimate
    fixed: ThresholdPerformance
    own: ThresholdPerformance | None
    sensitivity_at_95: Estimate | None = None


@dataclass(frozen=True, slots=True)
class PaperLabel:
    """How well the fraction on the paper's label separates clear eyes from cataract eyes.

    Attributes
    ----------
    published
        At the threshold that the paper published.
    fixed
        At the threshold that was chosen on the development eyes; None without them.
    """

    published: Diagnosis
    fixed: ThresholdPerformance | None


def diagnose(units: ScoredUnits, cf_threshold: float, bootstrap: BootstrapSettings) -> Diagnosis:
    """Measure how well one kind of unit is diagnosed."""
    resampling = units.resampling(bootstrap)
    best = resampling.estimate(weighted.best_threshold(units.scores, units.positive))
    return Diagnosis(
        auc=resampling.estimate(weighted.auc(units.scores, units.positive), proportion=True),
        own_threshold=best,
        fixed=at_threshold(units, cf_threshold, bootstrap),
        own=None if best.value is None else at_threshold(units, best.value, bootstrap),
        sensitivity_at_95=None
        if len(set(units.positive)) < 2
        else resampling.estimate(weighted.sensitivity_at(0.95, units.scores, units.positive), proportion=True),
    )


def paper_label(eyes: Sequence[EyeRow], development: float | None, bootstrap: BootstrapSettings) -> PaperLabel | None:
    """Diagnose the eyes by the fraction on the paper's label; None where the model does not find it.

    Parameters
    ----------
    development
        Threshold that was chosen on the development eyes; None without them.
    """
    found = [(eye, eye.paper_fraction) for eye in eyes if eye.paper_fraction is not None]
    if not found:
        return None
    units = ScoredUnits(
        tuple(fraction for _, fraction in found),
        tuple(eye.patient_id for eye, _ in found),
        tuple(eye.group == "cataract" for eye, _ in found),
    )
    return PaperLabel(
        published=diagnose(units, PAPER_THRESHOLD, bootstrap),
        fixed=None if development is None else at_threshold(units, development, bootstrap),
    )


def at_threshold(units: ScoredUnits, threshold: float, bootstrap: BootstrapSettings) -> ThresholdPerformance:
    """Measure sensitivity and specificity of score >= threshold, each over the patients of its own group."""

    def share(positive: bool) -> Estimate:
        part = units.only(positive)
        right = [(score >= threshold) is positive for score in part.scores]
        return part.resampling(bootstrap).estimate(weighted.mean(right), proportion=True)

    return ThresholdPerformance(
        cf_threshold=threshold,
        counts=ConfusionMatrix.at(threshold, units.scores, units.positive),
        sensitivity=share(True),
        specificity=share(False),
    )


def scan_units(rows: Sequence[ScanRow]) -> ScoredUnits:
    """Return every gradable scan as a unit."""
    graded = [row for row in rows if row.group and row.cataract_fraction is not None]
    return ScoredUnits(
        tuple(row.cataract_fraction for row in graded if row.cataract_fraction is not None),
        tuple(row.patient_id for row in graded),
        tuple(row.group == "cataract" for row in graded),
    )


def eye_units(eyes: Sequence[EyeRow]) -> ScoredUnits:
    """Return every eye with a Cataract Fraction as a unit."""
    graded = [eye for eye in eyes if eye.cataract_fraction is not None]
    return ScoredUnits(
        tuple(eye.cataract_fraction for eye in graded if eye.cataract_fraction is not None),
        tuple(eye.patient_id for eye in graded),
        tuple(eye.group == "cataract" for eye in graded),
    )


def patient_units(eyes: Sequence[EyeRow]) -> ScoredUnits:
    """Return every patient as a unit: the larger Cataract Fraction, and cataract when either eye has it."""
    members: dict[str, list[EyeRow]] = defaultdict(list)
    for eye in eyes:
        if eye.cataract_fraction is not None:
            members[eye.patient_id].append(eye)
    patients = sorted(members)
    return ScoredUnits(
        tuple(max(eye.cataract_fraction or 0.0 for eye in members[patient]) for patient in patients),
        tuple(patients),
        tuple(any(eye.group == "cataract" for eye in members[patient]) for patient in patients),
    )


def by_stratum(eyes: Sequence[EyeRow], cf_threshold: float, bootstrap: BootstrapSettings) -> dict[str, Subgroup]:
    """Measure subgroups of eyes: by every quality that all scans of an eye share, and by the visible kind of opacity.

    A quality is left out where it takes one value only.
    """
    parts: dict[str, list[EyeRow]] = defaultdict(list)
    for eye in eyes:
        for word in eye.strata:
            parts[word].append(eye)
        if eye.group == "cataract" and eye.kind:
            parts[f"kind={'-'.join(eye.kind.split())}"].append(eye)
    values: dict[str, int] = defaultdict(int)
    for word in parts:
        values[word.split("=")[0]] += 1
    found: dict[str, Subgroup] = {}
    for word in sorted(parts):
        if values[word.split("=")[0]] < 2:
            continue
        units = eye_units(parts[word])
        fixed = at_threshold(units, cf_threshold, bootstrap)
        area = units.resampling(bootstrap).estimate(weighted.auc(units.scores, units.positive), proportion=True)
        not_graded = len(parts[word]) - len(units.scores)
        found[word] = Subgroup(
            auc=area, sensitivity=fixed.sensitivity, specificity=fixed.specificity, not_graded=not_graded
        )
    return found
