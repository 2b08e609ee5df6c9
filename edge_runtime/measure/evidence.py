"""What the second head of a network says of a lens: strength and kind of an opacity, and the paper's label."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

# What a network says and every reader of it relies on: probabilities of more than so many dB over the young clear lens,
# of each kind of opacity, and that the paper's label is cataract.
STEPS_DB = (1.5, 3.0, 4.5, 6.0, 9.0, 12.0)
KIND_CHANNELS = ("no opacity", "nuclear", "spoke", "posterior", "anterior")
CHANNELS = (*(f"excess {step:g} dB" for step in STEPS_DB), *KIND_CHANNELS, "paper")
SPOKE, PAPER = map(CHANNELS.index, ("spoke", "paper"))
OPAQUE_DB, RANGE_DB = 3.0, 0.5  # the excess score from which an opacity counts, and how far about it is in doubt
LEAST_PROBABILITY = 0.5
# Each step stands for half of the way to both of its neighbours: 0 dB below the first one, and as far beyond the last
# one as the one before lies below.
_WIDTHS_DB = np.diff((0.0, *STEPS_DB, 15.0)).astype(np.float32)


@dataclass(frozen=True, slots=True)
class LensEvidence:
    """What one scan shows of its lens by the second head.

    Attributes
    ----------
    lens_db, nucleus_db
        Mean excess score over lens and nucleus, 0 to 12.75 dB; the second is None where the nucleus is not seen.
    fraction_range
        Share of the lens with an excess score above 3.5 dB, and above 2.5 dB: an excess of about 4.25 and 3.25 dB.
    spoke_share
        Share of the lens that is more likely a cortical spoke than not.
    paper_fraction
        Share of the lens that a network in the paper's manner calls cataract: the whole lens of a cataract eye.
    """

    lens_db: float
    nucleus_db: float | None
    fraction_range: tuple[float, float]
    spoke_share: float
    paper_fraction: float


def excess_score(evidence: NDArray[np.float32]) -> NDArray[np.float32]:
    """How far a lens scatters above the young clear lens: 0.75 dB less than the excess of an opacity.

    The expected value of an excess X that is not negative is the integral of P(X > x) over x from 0 on. The score is
    that integral by the trapezoid rule, with the knots 0, `STEPS_DB` and 15 dB, but without the first knot, P(X > 0),
    for which the network has no channel. The rule with it would add 0.75 P(X > 0) dB: so much is the score too low for
    an opacity, and nothing for a clear lens. The coefficients of the grade are fitted to the score as it is.

    Parameters
    ----------
    evidence
        (12, rows, columns) float32 in [0, 1], in the order of `CHANNELS`.

    Returns
    -------
    (rows, columns) float32 in dB, 0 to 12.75. Below 1.5 dB of excess nothing is known, nor above 12 dB how much.
    """
    above = evidence[: len(STEPS_DB)]
    whole: NDArray[np.float32] = np.float32(0.5) * (above[0] * (_WIDTHS_DB[0] + _WIDTHS_DB[1]))
    for place in range(1, len(STEPS_DB)):
        whole = whole + np.float32(0.5) * above[place] * (_WIDTHS_DB[place] + _WIDTHS_DB[place + 1])
    return whole.astype(np.float32)


def lens_evidence(
    evidence: NDArray[np.float32],
    lens: NDArray[np.bool_],
    nucleus: NDArray[np.bool_],
    aside_db: float = 0.0,
    sure: tuple[NDArray[np.bool_], NDArray[np.bool_]] | None = None,
) -> LensEvidence | None:
    """Measure a lens by the second head.

    Parameters
    ----------
    evidence
        (12, rows, columns) float32 in [0, 1], in the order of `CHANNELS`.
    lens, nucleus
        (rows, columns) bool.
    aside_db
        Standard deviation of a scale of brightness that the scans of the eye share; it widens the range.
    sure
        (rows, columns) bool each: where a person changed a label, and what is cataract by the person; there the range
        goes by that. None: nobody did.

    Returns
    -------
    LensEvidence | None
        None without a lens.
    """
    count = int(np.count_nonzero(lens))
    if not count:
        return None
    score = excess_score(evidence)
    half = math.hypot(RANGE_DB, aside_db)

    def share(chosen: NDArray[np.bool_]) -> float:
        return int(np.count_nonzero(chosen & lens)) / count

    def above(level_db: float) -> float:
        return share(score > level_db if sure is None else np.where(sure[0], sure[1], score > level_db))

    def mean(part: NDArray[np.bool_]) -> float:
        return round(float(score[part].mean(dtype=np.float64)), 4)

    return LensEvidence(
        lens_db=mean(lens),
        nucleus_db=mean(nucleus) if nucleus.any() else None,
        fraction_range=(above(OPAQUE_DB + half), above(OPAQUE_DB - half)),
        spoke_share=share(evidence[SPOKE] >= LEAST_PROBABILITY),
        paper_fraction=share(evidence[PAPER] >= LEAST_PROBABILITY),
    )
