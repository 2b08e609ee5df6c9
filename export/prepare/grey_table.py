"""The table from the grey of a display to grey on the eye's own scale, as operators."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from edge_runtime.frame.brightness import (
    BLACK_OVER_NOISE_DB,
    BRIGHT_OVER_STROMA_DB,
    HIGHEST_DB,
    LOWEST_DB,
    NO_SIGNAL_DB,
    NOMINAL_LEVELS,
    SPECKLE_OVER_CONTRAST,
    STROMA_SPECKLE_DB,
)

if TYPE_CHECKING:
    from .expressions import Sheet, Value
    from .reference import Levels


def grey_table(sheet: Sheet, levels: Levels) -> Value:
    """`brightness.referenced_grey`: (256,) uint8; of the nominal levels where none were found."""
    found = levels.found
    stroma = found.where(levels.stroma, NOMINAL_LEVELS.stroma)
    brightest = found.where(levels.brightest, NOMINAL_LEVELS.brightest)
    speckle = found.where(levels.speckle, NOMINAL_LEVELS.speckle or -1.0)
    air = found.where(levels.air, NOMINAL_LEVELS.air)
    by_contrast = (brightest - stroma) / BRIGHT_OVER_STROMA_DB
    least, most = (sheet.constant(limit) for limit in SPECKLE_OVER_CONTRAST)
    ratio = sheet.apply("Clip", (speckle / STROMA_SPECKLE_DB) / by_contrast, least, most)
    both = by_contrast * sheet.apply("Pow", ratio, sheet.constant(0.5))
    grey_per_db = (speckle < 0.0).where(by_contrast, both)
    noise = (air > 1.0).where(air, grey_per_db * -BLACK_OVER_NOISE_DB)

    def signal_db(grey: Value) -> Value:
        power = sheet.apply("Pow", sheet.constant(10.0), (grey - noise) / grey_per_db / 10.0)
        signal = (power - 1.0).at_least(10 ** (NO_SIGNAL_DB / 10))
        return (sheet.apply("Log", signal) / float(np.log(10.0))) * 10.0

    tissues = (signal_db(stroma) + (signal_db(brightest) - BRIGHT_OVER_STROMA_DB)) * 0.5
    relative = signal_db(sheet.constant(np.arange(256.0))) - tissues
    share = (relative - LOWEST_DB) / (HIGHEST_DB - LOWEST_DB)
    share = sheet.apply("Clip", share, sheet.constant(0.0), sheet.constant(1.0))
    table = sheet.apply("Round", share * 255.0)
    shown = np.ones(256)
    shown[0] = 0.0  # black stays black
    return (table * sheet.constant(shown)).to(np.uint8)
