"""95 % intervals: bootstrap of patients, stratified by group; an exact bound where an estimate is 0 or 1.

A statistic is a function of weights, (resamples, units) whole numbers: how often each unit counts. With ones it is the
estimate; with the counts of a resample it is that resample's. So estimate and interval have one formula.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from edge_runtime.errors import UsageError

if TYPE_CHECKING:
    from numpy.typing import NDArray

LEVEL = 0.95
MIN_DEFINED_SHARE = 0.95  # of the resamples; with fewer the interval would describe another quantity
BOOTSTRAP, EXACT, UNDEFINED = "bootstrap of patients, stratified by group", "exact (Clopper-Pearson)", "undefined"

Statistic = Callable[["NDArray[np.float64]"], "NDArray[np.float64]"]


@dataclass(frozen=True, slots=True)
class BootstrapSettings:
    """How the resamples of an interval are drawn.

    Attributes
    ----------
    seed
        Seed of the random draws.
    resamples
        Number of resamples, at least 1.
    """

    seed: int = 0
    resamples: int = 2000

    def __post_init__(self) -> None:
        if self.resamples < 1:
            raise UsageError(
                "usage", f"{self.resamples} resamples were asked for.", "Give at least 1 with --resamples."
            )


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number with its 95 % interval and what it rests on.

    Attributes
    ----------
    value
        The estimate; None where it is undefined.
    low, high
        Bounds of the interval; None where no interval can be given.
    method
        How the interval was computed.
    n
        Number of units per group.
    patients
        Number of patients per group; patients are what is resampled.
    """

    value: float | None
    low: float | None
    high: float | None
    method: str
    n: dict[str, int] = field(default_factory=dict)
    patients: dict[str, int] = field(default_factory=dict)


class PatientResampling:
    """Resamples patients with replacement within their group; the units of a patient stay together.

    A patient with at least one cataract eye belongs to the cataract group.

    Parameters
    ----------
    patients, groups
        Patient and group of each unit (scan, eye or patient).
    seed, resamples
        Settings of the bootstrap; the same seed and patients give the same resamples.
    """

    def __init__(self, patients: Sequence[str], groups: Sequence[str], seed: int, resamples: int) -> None:
        if len(patients) != len(groups):
            raise ValueError(f"one group per unit was expected, got {len(groups)} for {len(patients)}")
        self.patients, self.groups = tuple(patients), tuple(groups)
        group_of: dict[str, str] = {}
        for patient, group in zip(patients, groups, strict=True):
            group_of[patient] = "cataract" if "cataract" in (group, group_of.get(patient)) else group
        strata: dict[str, list[int]] = defaultdict(list)
        names = sorted(group_of)
        for index, patient in enumerate(names):
            strata[group_of[patient]].append(index)
        generator = np.random.default_rng(seed)
        drawn = np.zeros((resamples, len(names)))
        for stratum in sorted(strata):
            members = strata[stratum]
            drawn[:, members] = generator.multinomial(
                len(members), np.full(len(members), 1 / len(members)), size=resamples
            )
        place = {patient: index for index, patient in enumerate(names)}
        self._weights = drawn[:, [place[patient] for patient in patients]]

    def estimate(self, statistic: Statistic, *, proportion: bool = False) -> Estimate:
        """Estimate a statistic over all units, with its percentile interval.

        Parameters
        ----------
        statistic
            (resamples, units) weights -> (resamples,) values, nan where undefined.
        proportion
            Whether it is a share of successes: then 0 and 1 get an exact bound. As eyes of one patient are no
            independent trials, the bound counts patients: those of the smaller group where there are two.
        """
        n, patients = self.counts()
        if not self.patients:
            return Estimate(None, None, None, UNDEFINED, n, patients)
        with np.errstate(invalid="ignore", divide="ignore"):
            value = float(statistic(np.ones((1, len(self.patients))))[0])
            if not np.isfinite(value):
                return Estimate(None, None, None, UNDEFINED, n, patients)
            if proportion and value in (0.0, 1.0):
                trials = min(patients.values())
                low, high = clopper_pearson(round(value) * trials, trials)
                return Estimate(value, low, high, EXACT, n, patients)
            found = statistic(self._weights)
        defined = found[np.isfinite(found)]
        if defined.size < MIN_DEFINED_SHARE * len(self._weights):
            return Estimate(value, None, None, UNDEFINED, n, patients)
        low, high = np.quantile(defined, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
        return Estimate(value, float(low), float(high), BOOTSTRAP, n, patients)

    def band(self, curves: Statistic) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
        """Bounds between which `LEVEL` of the resamples lie, at each point of a curve; None without an interval.

        Parameters
        ----------
        curves
            (resamples, units) weights -> (resamples, points) values, nan where a curve is undefined.
        """
        found = curves(self._weights)
        defined = found[np.isfinite(found).all(axis=1)]
        if len(defined) < MIN_DEFINED_SHARE * len(self._weights):
            return None
        low, high = np.quantile(defined, [(1 - LEVEL) / 2, (1 + LEVEL) / 2], axis=0)
        return low, high

    def counts(self) -> tuple[dict[str, int], dict[str, int]]:
        """Return the number of units, and of patients, per group."""
        names = sorted(set(self.groups))
        members = {name: [p for p, g in zip(self.patients, self.groups, strict=True) if g == name] for name in names}
        return {name: len(members[name]) for name in names}, {name: len(set(members[name])) for name in names}


def clopper_pearson(successes: int, trials: int, level: float = LEVEL) -> tuple[float, float]:
    """Exact two-sided interval of a binomial proportion, by beta quantiles (Clopper & Pearson 1934).

    `scipy.stats.binomtest` finds the same bounds by iteration and stops within 5e-13 of them; committed reports hold
    the bounds of the closed form.
    """
    from scipy.stats import beta

    if not 0 <= successes <= trials or not trials:
        raise ValueError(f"0 <= successes <= trials and trials > 0 were expected, got {successes} of {trials}")
    tail = (1 - level) / 2
    low = float(beta.ppf(tail, successes, trials - successes + 1)) if successes else 0.0
    high = float(beta.ppf(1 - tail, successes + 1, trials - successes)) if successes < trials else 1.0
    return low, high
