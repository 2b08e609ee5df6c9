"""Judge whether simulated eyes cover real ones: each quantity of each real eye against the range of the simulated."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .measured_eyes import STATISTICS, Measured
from .phantom_measure import PROFILE_BINS

WIDTH_LIMIT = 3.0
# Spreads between eyes from publications, where few real eyes are at hand: 5 to 95 % of a normal law is 3.29 SD. As
# parts of the frame. Thickness: 0.25 mm at one age, +-12 years of age. Pupil: 0.8 to 0.9 mm between people, dilated or
# not.
PUBLISHED_RANGE: dict[str, float] = {
    "lens_axial_px": 3.29 * float(np.hypot(0.25, 0.0236 * 12)) * 1.408 / 14.0,
    "lens_width_px": 3.29 * float(np.hypot(0.9, 0.45)) / 16.5,
}
# Mean lens density between patients, 26.99 +- 5.23 grey units (Kim et al. 2016): the published spread of grey along
# the profile.
PUBLISHED_PROFILE_RANGE = 3.29 * 5.23 / 26.99
FRAME_PX = {"8-bit": (1459, 1713), "16-bit": (1519, 768)}  # rows and columns of the real scans


@dataclass(frozen=True, slots=True)
class Verdict:
    """One pair of a real eye and a quantity."""

    eye: str
    regime: str
    looks: str
    quantity: str
    real: float
    low: float
    median: float
    high: float
    spread: float
    allowed: float

    @property
    def strict(self) -> bool:
        """Whether the range is at most three times the spread between the real eyes at hand."""
        return self.high - self.low <= WIDTH_LIMIT * self.spread

    @property
    def relative_width(self) -> float:
        """Return the range of simulated eyes over the spread that is allowed."""
        return (self.high - self.low) / self.allowed if self.allowed else float("inf")

    @property
    def inside(self) -> bool:
        """Whether the real eye lies within the 5th to 95th percentile of simulated ones."""
        return self.low <= self.real <= self.high

    @property
    def narrow(self) -> bool:
        """Whether the range is at most three times the spread between real eyes, or a published one."""
        return self.high - self.low <= WIDTH_LIMIT * self.allowed


def _quantities(eye: Measured) -> dict[str, float]:
    return {name: eye.numbers[name] for name in STATISTICS} | {
        f"profile {i * 4 / PROFILE_BINS:.2f}": float(v) for i, v in enumerate(eye.profile)
    }


def judge(real: list[Measured], phantom: dict[tuple[str, str], list[Measured]]) -> list[Verdict]:
    """Judge every quantity of every real eye: eyes that look clear against clear phantom eyes, others against all.

    Parameters
    ----------
    real
        Real eyes.
    phantom
        Simulated eyes by regime ("8-bit", "16-bit") and group ("clear", "cataract").
    """
    verdicts = []
    for eye in real:
        group = phantom[eye.regime, "clear"] + ([] if eye.looks == "yes" else phantom[eye.regime, "cataract"])
        peers = [_quantities(other) for other in real if other.regime == eye.regime]
        for name, value in _quantities(eye).items():
            if not np.isfinite(value):
                continue
            values = np.array([_quantities(other)[name] for other in group])
            low, median, high = (float(level) for level in np.nanpercentile(values, [5, 50, 95]))
            known = [peer[name] for peer in peers if np.isfinite(peer[name])]
            spread = max(known) - min(known)
            verdicts.append(
                Verdict(
                    eye=eye.name,
                    regime=eye.regime,
                    looks=eye.looks,
                    quantity=name,
                    real=value,
                    low=low,
                    median=median,
                    high=high,
                    spread=spread,
                    allowed=max(spread, _published(name, eye.regime, median)),
                )
            )
    return verdicts


def _published(name: str, regime: str, median: float) -> float:
    """Return the published spread of a quantity between eyes; 0 where none is known."""
    if name.startswith("profile"):
        return PUBLISHED_PROFILE_RANGE * median
    return PUBLISHED_RANGE.get(name, 0.0) * FRAME_PX[regime][0 if "axial" in name else 1]


def summarise(verdicts: list[Verdict]) -> list[str]:
    """Sum up how many quantities are covered, and name those that are not, one line each."""
    summary = []
    for looks in ("yes", "unsure", "hazy"):
        chosen = [one for one in verdicts if one.looks == looks]
        if not chosen:
            continue
        inside, both = sum(one.inside for one in chosen), sum(one.inside and one.narrow for one in chosen)
        summary.append(
            f"{looks}: {_share(inside, len(chosen), 'inside')}; inside and not vague {both} ({both / len(chosen):.0%})"
        )
        misses = [f"{one.eye} {one.quantity}" for one in chosen if not one.inside]
        summary.append("  misses: " + (", ".join(misses) or "none"))
    one_eye = {one.regime for one in verdicts if len({two.eye for two in verdicts if two.regime == one.regime}) < 2}
    if one_eye:
        summary.append(f"  {', '.join(sorted(one_eye))}: one real eye only: no spread to judge vagueness by.")
    chosen = [one for one in verdicts if one.looks == "yes" and one.regime not in one_eye]
    strict, both = (sum(one.inside and getattr(one, name) for one in chosen) for name in ("strict", "narrow"))
    several, covered = "clear-looking, regimes with several eyes", "inside and not vague"
    vague = sorted({one.quantity for one in chosen if not one.narrow})
    return [
        *summary,
        f"{several}, judged by the spread of the real eyes alone: {_share(strict, len(chosen), covered)}",
        f"{several}: {_share(both, len(chosen), covered)}",
        "  vague: " + (", ".join(vague) or "none"),
    ]


def _share(count: int, total: int, what: str) -> str:
    return f"{count} of {total} {what} ({count / max(total, 1):.0%})"
