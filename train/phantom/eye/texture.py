"""How unevenly the clear lens scatters."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from train.phantom.field import WaveField

USUAL_SPREAD_DB = 0.4
USUAL_SCALE_MM = (0.45, 0.45, 0.35)
# In training: spread, and scale in parts of the usual one, both even on a logarithmic scale. No measurement tells them
# apart from speckle; real lenses of one device look smooth in one eye and mottled in the next.
VARIED_SPREAD_DB, VARIED_SCALE = (0.2, 2.0), (0.1, 1.5)
_FINE_WAVES = 40  # a fine pattern of few waves would look woven


@dataclass(frozen=True, slots=True)
class Texture:
    """Unevenness of the clear lens.

    Attributes
    ----------
    field
        Its pattern, of unit variance.
    spread_db
        Its standard deviation in dB.
    """

    field: WaveField
    spread_db: float = USUAL_SPREAD_DB


def draw_texture(rng: np.random.Generator) -> Texture:
    """The unevenness of the average lens."""
    return Texture(WaveField.draw(rng, USUAL_SCALE_MM))


def draw_varied_texture(rng: np.random.Generator) -> Texture:
    """Unevenness of any scale and strength, which must not tell whether a lens is opaque: for training."""
    scale = float(np.exp(rng.uniform(*np.log(VARIED_SCALE))))
    across, along, deep = (scale * length for length in USUAL_SCALE_MM)
    field = WaveField.draw(rng, (across, along, deep), _FINE_WAVES)
    return Texture(field, draw_spread_db(rng))


def draw_spread_db(rng: np.random.Generator) -> float:
    """Strength of an unevenness in training, in dB."""
    return float(np.exp(rng.uniform(*np.log(VARIED_SPREAD_DB))))
