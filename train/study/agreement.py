"""The same eyes measured again: at several exams, under several displays, or in another dataset."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from . import repeatability, weighted
from .resampling import Estimate, PatientResampling

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from .resampling import BootstrapSettings
    from .rows import EyeRow

HIGH_SHARE = 0.95  # the share of eyes that a stated change or range is not exceeded by


@dataclass(frozen=True, slots=True)
class Repeatability:
    """Cataract Fraction of eyes with several exams (visits, or display variants of one exposure).

    Attributes
    ----------
    exams
        Number of exams per eye.
    eyes_left_out
        Number of eyes with an exam that is missing or not graded.
    icc, within_eye_sd, coefficient_of_variation
        The measures that `repeatability` defines.
    mean_difference, lower_limit, upper_limit
        First minus second exam, and its limits of agreement.
    range_95
        95th percentile over eyes of largest minus smallest value.
    """

    exams: int
    eyes_left_out: int
    icc: Estimate
    within_eye_sd: Estimate
    coefficient_of_variation: Estimate
    mean_difference: Estimate
    lower_limit: Estimate
    upper_limit: Estimate
    range_95: Estimate


def measure_repeatability(eyes: Sequence[EyeRow], bootstrap: BootstrapSettings) -> dict[str, Repeatability]:
    """Measure repeatability per group and over all eyes; empty where no eye has two exams."""
    found = {}
    for name in ("clear", "cataract", "all"):
        one = _repeatability([eye for eye in eyes if name in (eye.group, "all")], bootstrap)
        if one is not None:
            found[name] = one
    return found


def by_exam(eyes: Sequence[EyeRow]) -> tuple[list[EyeRow], NDArray[np.float64], int]:
    """Return the eyes that have every exam, their (eyes, exams) Cataract Fractions, and the number of other eyes."""
    members: dict[tuple[str, str], dict[int, EyeRow]] = defaultdict(dict)
    for eye in eyes:
        members[eye.patient_id, eye.eye][eye.exam] = eye
    exams = sorted({eye.exam for eye in eyes})
    first, values = [], []
    for visits in members.values():
        fractions = [visits[exam].cataract_fraction for exam in exams if exam in visits]
        graded = [value for value in fractions if value is not None]
        if len(graded) == len(exams):
            first.append(visits[exams[0]])
            values.append(graded)
    return first, np.array(values, np.float64).reshape(len(values), len(exams)), len(members) - len(first)


def _repeatability(eyes: Sequence[EyeRow], bootstrap: BootstrapSettings) -> Repeatability | None:
    first, values, left_out = by_exam(eyes)
    if not first or values.shape[1] < 2:
        return None
    resampling = PatientResampling(
        [eye.patient_id for eye in first], [eye.group for eye in first], bootstrap.seed, bootstrap.resamples
    )

    def of(function: Callable[[NDArray[np.float64]], float]) -> Estimate:
        return resampling.estimate(repeatability.per_resample(values, function))

    return Repeatability(
        exams=values.shape[1],
        eyes_left_out=left_out,
        icc=of(repeatability.intraclass_correlation),
        within_eye_sd=of(repeatability.within_eye_sd),
        coefficient_of_variation=of(repeatability.coefficient_of_variation),
        mean_difference=of(lambda part: repeatability.limits_of_agreement(part)[0]),
        lower_limit=of(lambda part: repeatability.limits_of_agreement(part)[1]),
        upper_limit=of(lambda part: repeatability.limits_of_agreement(part)[2]),
        range_95=resampling.estimate(weighted.quantile(repeatability.ranges(values).tolist(), HIGH_SHARE)),
    )


@dataclass(frozen=True, slots=True)
class PairedComparison:
    """Paired comparison of the same eyes in two datasets: here minus there.

    Attributes
    ----------
    mean, absolute_95
        Mean change of the Cataract Fraction, and the 95th percentile over eyes of its absolute value.
    auc, other_auc, auc_difference
        AUC here, AUC there, and their paired difference.
    decisions_changed
        Number of eyes on the other side of the threshold.
    eyes_dropped
        Number of eyes in both datasets that are not graded in at least one of them, and so not compared.
    not_graded_here, not_graded_there
        Number of those eyes that are not graded here, and there.
    eyes_in_one_only
        Number of eyes, of either dataset, without a partner.
    """

    mean: Estimate
    absolute_95: Estimate
    auc: Estimate
    other_auc: Estimate
    auc_difference: Estimate
    decisions_changed: int
    eyes_dropped: int
    not_graded_here: int
    not_graded_there: int
    eyes_in_one_only: int


def compare_pairs(
    eyes: Sequence[EyeRow], others: Sequence[EyeRow], cf_threshold: float, bootstrap: BootstrapSettings
) -> PairedComparison | None:
    """Pair eyes by patient, side and exam, and compare those graded in both; None without any.

    Raises
    ------
    ValueError
        When an eye is clear in one dataset and cataract in the other.
    """
    there = {eye.eye_id: eye for eye in others}
    shared = [(eye, there[eye.eye_id]) for eye in eyes if eye.eye_id in there]
    for eye, other in shared:
        if eye.group != other.group:
            raise ValueError(f"eye {eye.eye_id} is {eye.group} here and {other.group} in the other report")
    pairs = [
        (eye, other)
        for eye, other in shared
        if eye.cataract_fraction is not None and other.cataract_fraction is not None
    ]
    if not pairs:
        return None
    here_values = np.array([eye.cataract_fraction for eye, _ in pairs], np.float64)
    there_values = np.array([other.cataract_fraction for _, other in pairs], np.float64)
    positive = [eye.group == "cataract" for eye, _ in pairs]
    resampling = PatientResampling(
        [eye.patient_id for eye, _ in pairs], [eye.group for eye, _ in pairs], bootstrap.seed, bootstrap.resamples
    )
    change = here_values - there_values
    area, other_area = (weighted.auc(values.tolist(), positive) for values in (here_values, there_values))
    return PairedComparison(
        mean=resampling.estimate(weighted.mean(change.tolist())),
        absolute_95=resampling.estimate(weighted.quantile(np.abs(change).tolist(), HIGH_SHARE)),
        auc=resampling.estimate(area, proportion=True),
        other_auc=resampling.estimate(other_area, proportion=True),
        auc_difference=resampling.estimate(weighted.difference(area, other_area)),
        decisions_changed=int(np.count_nonzero((here_values >= cf_threshold) != (there_values >= cf_threshold))),
        eyes_dropped=len(shared) - len(pairs),
        not_graded_here=sum(eye.cataract_fraction is None for eye, _ in shared),
        not_graded_there=sum(other.cataract_fraction is None for _, other in shared),
        eyes_in_one_only=len(eyes) + len(others) - 2 * len(shared),
    )
