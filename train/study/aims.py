"""The aims of the study: the numbers that its results are held against."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from .agreement import PairedComparison, Repeatability
    from .resampling import Estimate
    from .results import StudyResults

    Measure = Callable[[StudyResults], Estimate | None]

Verdict = Literal["yes", "no", "not measured"]


@dataclass(frozen=True, slots=True)
class Aim:
    """One number that the study is held against.

    Attributes
    ----------
    text
        Says what the number is.
    cohort
        The cohort whose report holds it.
    measure
        Takes the number from that report's results; None where the report does not have it.
    bound
        The value asked for.
    at_least
        Whether the number must be at least the bound; otherwise at most.
    whole_interval
        Whether the whole 95 % interval must lie above the bound, not the value alone.
    """

    text: str
    cohort: str
    measure: Measure
    bound: float
    at_least: bool = True
    whole_interval: bool = False

    @property
    def asked_for(self) -> str:
        """Return the aim in words."""
        if self.whole_interval:
            return f"interval above {self.bound:g}"
        return f"{'at least' if self.at_least else 'at most'} {self.bound:.3f}"


@dataclass(frozen=True, slots=True)
class MeasuredAim:
    """An aim, the estimate that was measured for it (None without one), and whether it is reached."""

    aim: Aim
    measured: Estimate | None
    verdict: Verdict


def aims_of(found: Mapping[str, StudyResults]) -> list[MeasuredAim]:
    """Measure every aim whose cohort is there, by the results of each cohort."""
    measured = [(aim, aim.measure(found[aim.cohort])) for aim in AIMS if aim.cohort in found]
    return [MeasuredAim(aim=aim, measured=one, verdict=verdict(aim, one)) for aim, one in measured]


def verdict(aim: Aim, one: Estimate | None) -> Verdict:
    """Return whether an aim is reached."""
    value = None if one is None else one.low if aim.whole_interval else one.value
    if value is None:
        return "not measured"
    if aim.whole_interval:
        return "yes" if value > aim.bound else "no"
    return "yes" if (value >= aim.bound if aim.at_least else value <= aim.bound) else "no"


def _paired(measure: Callable[[PairedComparison], Estimate]) -> Measure:
    def of(results: StudyResults) -> Estimate | None:
        return None if results.paired_comparison is None else measure(results.paired_comparison)

    return of


def _repeated(group: str, measure: Callable[[Repeatability], Estimate]) -> Measure:
    def of(results: StudyResults) -> Estimate | None:
        return None if group not in results.repeatability else measure(results.repeatability[group])

    return of


def _minus_baseline(name: str) -> Measure:
    def of(results: StudyResults) -> Estimate | None:
        return None if name not in results.baselines else results.baselines[name].difference

    return of


def _observable_recall(kind: str) -> Measure:
    def of(results: StudyResults) -> Estimate | None:
        place = results.localisation
        return None if place is None else place.observable_recall_by_kind.get(f"{kind} (clinical)")

    return of


def _eye_auc(results: StudyResults) -> Estimate:
    return results.diagnosis.eye.auc


def _sensitivity(results: StudyResults) -> Estimate:
    return results.diagnosis.eye.fixed.sensitivity


def _specificity(results: StudyResults) -> Estimate:
    return results.diagnosis.eye.fixed.specificity


def _clear_fraction(results: StudyResults) -> Estimate:
    return results.cataract_fraction.mean["clear"]


def _lens_dice(results: StudyResults) -> Estimate:
    return results.dice["lens"]


def _pixel_auc(results: StudyResults) -> Estimate | None:
    return None if results.localisation is None else results.localisation.auc


def _share_refused(results: StudyResults) -> Estimate:
    return results.refusals.share_without_lens_refused


def _sensitivity_at_95(results: StudyResults) -> Estimate | None:
    return results.diagnosis.eye.sensitivity_at_95


def _outlined(results: StudyResults) -> Estimate | None:
    return results.outlined


def _paper_label_auc(results: StudyResults) -> Estimate | None:
    return None if results.paper_label is None else results.paper_label.published.auc


def _paper_label_sensitivity(results: StudyResults) -> Estimate | None:
    return None if results.paper_label is None else results.paper_label.published.fixed.sensitivity


def _paper_label_specificity(results: StudyResults) -> Estimate | None:
    return None if results.paper_label is None else results.paper_label.published.fixed.specificity


_auc_difference = _paired(lambda pair: pair.auc_difference)

AIMS = (
    Aim("AUC per eye", "validation", _eye_auc, 0.98),
    Aim("sensitivity per eye (84 of 89 in the paper)", "validation", _sensitivity, 84 / 89),
    Aim("specificity per eye (125 of 132 in the paper)", "validation", _specificity, 125 / 132),
    Aim("AUC per eye, second aim", "validation", _eye_auc, 0.99),
    Aim("sensitivity per eye, second aim", "validation", _sensitivity, 0.95),
    Aim("specificity per eye, second aim", "validation", _specificity, 0.95),
    Aim("paper's label at 0.14: AUC per eye", "validation", _paper_label_auc, 0.98),
    Aim("paper's label at 0.14: sensitivity per eye", "validation", _paper_label_sensitivity, 84 / 89),
    Aim("paper's label at 0.14: specificity per eye", "validation", _paper_label_specificity, 125 / 132),
    Aim("mean Cataract Fraction of clear eyes", "validation", _clear_fraction, 0.024, at_least=False),
    Aim("AUC per eye, minus validation", "shifted", _auc_difference, -0.01),
    Aim("Cataract Fraction of an eye moved, 95th percentile", "shifted", _paired(lambda pair: pair.absolute_95), 0.05,
        at_least=False),
    Aim("Cataract Fraction of an eye moved, 95th percentile, second aim", "shifted",
        _paired(lambda pair: pair.absolute_95), 0.10, at_least=False),
    Aim("AUC per eye, minus the same eyes without", "corneal-disease", _auc_difference, -0.01),
    Aim("AUC per eye, minus the same eyes without", "artefacts", _auc_difference, -0.01),
    Aim("AUC per eye", "age-matched", _eye_auc, 0.93),
    Aim("AUC per eye, second aim", "age-matched", _eye_auc, 0.98),
    Aim("sensitivity at a specificity of 0.95", "age-matched", _sensitivity_at_95, 0.90),
    Aim("sensitivity at a specificity of 0.95", "focal-young", _sensitivity_at_95, 0.90),
    Aim("AUC minus that of lens density", "age-matched", _minus_baseline("lens_density"), 0.0, whole_interval=True),
    Aim("AUC minus that of age", "age-matched", _minus_baseline("age"), 0.0, whole_interval=True),
    Aim("range of an eye's fraction, 95th percentile", "display", _repeated("all", lambda one: one.range_95), 0.02,
        at_least=False),
    Aim("cataract eyes: ICC(2,1)", "test-retest", _repeated("cataract", lambda one: one.icc), 0.98),
    Aim("cataract eyes: within-eye SD / mean", "test-retest",
        _repeated("cataract", lambda one: one.coefficient_of_variation), 0.046, at_least=False),
    Aim("clear eyes: within-eye SD", "test-retest", _repeated("clear", lambda one: one.within_eye_sd), 0.005,
        at_least=False),
    Aim("lens Dice", "validation", _lens_dice, 0.97),
    Aim("lens Dice, second aim", "validation", _lens_dice, 0.985),
    Aim("scans whose whole lens is outlined (Dice of 0.95 or more)", "phakic-implant", _outlined, 0.95),
    Aim("lens Dice", "shifted", _lens_dice, 0.95),
    Aim("AUC over the pixels of a lens", "validation", _pixel_auc, 0.90),
    Aim("recall of observable opaque pixels, nuclear", "validation", _observable_recall("nuclear"), 0.5),
    Aim("recall of observable opaque pixels, cortical", "validation", _observable_recall("cortical"), 0.5),
    Aim("recall of observable opaque pixels, posterior subcapsular", "validation",
        _observable_recall("posterior subcapsular"), 0.5),
    Aim("scans without a gradable lens that are refused", "not-gradable", _share_refused, 1.0),
)  # fmt: skip
