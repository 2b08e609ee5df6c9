"""The paper's Table 1 with its significance tests, Dice, Cataract Fractions and refusals."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from statistics import fmean, stdev
from typing import TYPE_CHECKING

from . import significance, weighted
from .resampling import Estimate, PatientResampling
from .significance import SignificanceTest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .resampling import BootstrapSettings
    from .rows import EyeRow, ScanRow

GROUPS = ("clear", "cataract")
LABELS = ("background", "clear_lens", "cataract", "lens")
OUTLINED_DICE = 0.95  # of a lens whose outline fits


@dataclass(frozen=True, slots=True)
class Characteristic:
    """Mean and SD of one characteristic in one group, and its significance tests.

    Attributes
    ----------
    mean, sd
        None without values, or with fewer than two.
    n, missing
        Number of patients (age) or eyes (acuity) with and without the characteristic.
    normality
        D'Agostino-Pearson test.
    against_development
        Mann-Whitney U test against the same group of the dataset that fixed the threshold; None without one.
    """

    mean: float | None
    sd: float | None
    n: int
    missing: int
    normality: SignificanceTest
    against_development: SignificanceTest | None


@dataclass(frozen=True, slots=True)
class GroupTable:
    """One column of the paper's Table 1."""

    images: int
    eyes: int
    patients: int
    age_years: Characteristic
    bcva_logmar: Characteristic


def table_one(
    rows: Sequence[ScanRow], eyes: Sequence[EyeRow], development: Sequence[EyeRow] | None
) -> dict[str, GroupTable]:
    """Compute Table 1 per group, over first exams.

    Parameters
    ----------
    rows, eyes
        Every scan, and the first exam of every eye.
    development
        First exam of every eye of the dataset that fixed the threshold; None without one.
    """
    found = {}
    for group in GROUPS:
        members = [eye for eye in eyes if eye.group == group]
        others = None if development is None else [eye for eye in development if eye.group == group]
        exams = {eye.eye_id for eye in members}
        found[group] = GroupTable(
            images=sum(row.group == group and row.eye_id in exams for row in rows),
            eyes=len(members),
            patients=len({eye.patient_id for eye in members}),
            age_years=_characteristic(_ages(members), None if others is None else _ages(others)),
            bcva_logmar=_characteristic(
                [eye.bcva_logmar for eye in members], None if others is None else [eye.bcva_logmar for eye in others]
            ),
        )
    return found


def _ages(eyes: Sequence[EyeRow]) -> list[float | None]:
    """Return one age per patient."""
    return list({eye.patient_id: eye.age_years for eye in eyes}.values())


def _characteristic(values: Sequence[float | None], others: Sequence[float | None] | None) -> Characteristic:
    there = [value for value in values if value is not None]
    known = None if others is None else [value for value in others if value is not None]
    return Characteristic(
        mean=fmean(there) if there else None,
        sd=stdev(there) if len(there) > 1 else None,
        n=len(there),
        missing=len(values) - len(there),
        normality=significance.normality(there),
        against_development=None if known is None else significance.mann_whitney(there, known),
    )


def dice(rows: Sequence[ScanRow], bootstrap: BootstrapSettings) -> dict[str, Estimate]:
    """Average Dice per label against the mask, over scans with a gradable lens where it is defined."""
    found = {}
    for label in LABELS:
        kept = [(row, value) for row in rows if row.group and (value := getattr(row, f"dice_{label}")) is not None]
        resampling = PatientResampling(
            [row.patient_id for row, _ in kept], [row.group for row, _ in kept], bootstrap.seed, bootstrap.resamples
        )
        found[label] = resampling.estimate(weighted.mean([value for _, value in kept]))
    return found


def outlined(rows: Sequence[ScanRow], bootstrap: BootstrapSettings) -> Estimate | None:
    """Share of the scans with a gradable lens that are graded, and whose outline fits; None without such scans."""
    kept = [row for row in rows if row.group]
    if not kept:
        return None
    whole = [row.cataract_fraction is not None and (row.dice_lens or 0.0) >= OUTLINED_DICE for row in kept]
    resampling = PatientResampling(
        [row.patient_id for row in kept], [row.group for row in kept], bootstrap.seed, bootstrap.resamples
    )
    return resampling.estimate(weighted.mean(whole), proportion=True)


@dataclass(frozen=True, slots=True)
class Fractions:
    """Cataract Fraction of the eyes of both groups.

    Attributes
    ----------
    mean, sd
        Mean and standard deviation per group.
    normality
        D'Agostino-Pearson test per group.
    between_groups
        Mann-Whitney U test of the two groups.
    """

    mean: dict[str, Estimate]
    sd: dict[str, Estimate]
    normality: dict[str, SignificanceTest]
    between_groups: SignificanceTest


def fractions(eyes: Sequence[EyeRow], bootstrap: BootstrapSettings) -> Fractions:
    """Describe the Cataract Fraction of graded eyes."""
    values: dict[str, list[float]] = {}
    means, spreads = {}, {}
    for group in GROUPS:
        kept = [eye for eye in eyes if eye.group == group and eye.cataract_fraction is not None]
        values[group] = [eye.cataract_fraction for eye in kept if eye.cataract_fraction is not None]
        resampling = PatientResampling(
            [eye.patient_id for eye in kept], [group] * len(kept), bootstrap.seed, bootstrap.resamples
        )
        means[group] = resampling.estimate(weighted.mean(values[group]))
        spreads[group] = resampling.estimate(weighted.spread(values[group], [True] * len(kept)))
    return Fractions(
        mean=means,
        sd=spreads,
        normality={group: significance.normality(values[group]) for group in GROUPS},
        between_groups=significance.mann_whitney(values["clear"], values["cataract"]),
    )


@dataclass(frozen=True, slots=True)
class Refusals:
    """Number of scans refused instead of graded, with a gradable lens and without one."""

    with_lens: int
    with_lens_refused: int
    without_lens: int
    without_lens_refused: int
    share_without_lens_refused: Estimate
    reasons: dict[str, int]
    without_lens_by_state: dict[str, tuple[int, int]]


def refusals(rows: Sequence[ScanRow], bootstrap: BootstrapSettings) -> Refusals:
    """Count the scans that were refused, by reason and by state of the eye."""
    without = [row for row in rows if not row.group]
    refused = [row.cataract_fraction is None for row in without]
    resampling = PatientResampling(
        [row.patient_id for row in without], ["no gradable lens"] * len(without), bootstrap.seed, bootstrap.resamples
    )
    reasons: dict[str, int] = defaultdict(int)
    for row in rows:
        for reason in row.reasons:
            reasons[reason] += 1
    states: dict[str, list[bool]] = defaultdict(list)
    for row, was in zip(without, refused, strict=True):
        states[next((word[6:] for word in row.strata if word.startswith("state=")), "unknown")].append(was)
    return Refusals(
        with_lens=len(rows) - len(without),
        with_lens_refused=sum(bool(row.group) and row.cataract_fraction is None for row in rows),
        without_lens=len(without),
        without_lens_refused=sum(refused),
        share_without_lens_refused=resampling.estimate(weighted.mean(refused), proportion=True),
        reasons=dict(sorted(reasons.items())),
        without_lens_by_state={state: (sum(found), len(found)) for state, found in sorted(states.items())},
    )
