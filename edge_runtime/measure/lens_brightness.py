"""How bright a lens is on the eye's own scale, and whether any lens can be so."""

from __future__ import annotations

from dataclasses import dataclass

# On the eye's own scale. Over 320 graded scans of nine simulated cohorts (one of diseased corneas) and 23 real ones, a
# lens has 14 and more (an oedematous cornea; else 18), what is cataract 40 and more, and at most 1.4 % is white.
BLACK, CLEAR_NUCLEUS, MOST_WHITE = 8.0, 36.0, 0.5
NEARLY_WHITE = 250
# Share of the lens from which what is labelled cataract has a brightness. A dark spot that is smaller than the guard
# band of a decision, 0.02, moves the fraction within that band, and a decision there is reported as borderline.
LEAST_OPAQUE = 0.02


@dataclass(frozen=True, slots=True)
class LensBrightness:
    """How bright a lens is on the eye's own scale, where 0 to 255 stand for -12 to 14 dB over the corneal stroma.

    Attributes
    ----------
    lens
        Mean grey of the lens.
    cataract
        Mean grey of what is labelled cataract; None where that is less than 2 % of the lens.
    white_share
        Share of the lens that is white or nearly so, 0 to 1.
    """

    lens: float
    cataract: float | None
    white_share: float

    @property
    def is_unlikely(self) -> bool:
        """Whether no lens scatters so: black, white, or a cataract that is darker than a clear nucleus."""
        too_dark = self.lens < BLACK or (self.cataract is not None and self.cataract < CLEAR_NUCLEUS)
        return too_dark or self.white_share > MOST_WHITE
