"""How bright the measured lens is, and how much of it was labelled, as operators: the rules of the runtime, to the bit.

Sums of bytes are whole numbers, so a mean is held against a limit by products of whole numbers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np

from edge_runtime.look.look import STEP
from edge_runtime.look.tissues import Tissue
from edge_runtime.measure.lens import TissueLabel
from edge_runtime.measure.lens_brightness import BLACK, CLEAR_NUCLEUS, LEAST_OPAQUE, MOST_WHITE, NEARLY_WHITE
from edge_runtime.measure.quality import LEAST_LABELLED

if TYPE_CHECKING:
    from .expressions import Value
    from .pieces import Piece

_FURTHEST = 1 << 40  # behind the end of any axis


@dataclass(frozen=True, slots=True, eq=False)
class Brightness:
    """Sums over the measured lens of one native pixel for each of its labels: scalars, float64.

    Attributes
    ----------
    pixels, opaque, white
        Labels of lens, of cataract, and of lens that is nearly white.
    lens_grey, cataract_grey
        Sums of grey on the eye's own scale.
    """

    pixels: Value
    opaque: Value
    white: Value
    lens_grey: Value
    cataract_grey: Value

    @classmethod
    def of(cls, scan: Value, grid: Value, piece: Piece, measured: Value) -> Self:
        """Of what the network read, and the labels of the measured piece."""
        sheet = scan.sheet
        starts, ends = sheet.constant([0, 0], np.int64), sheet.constant([_FURTHEST] * 2, np.int64)
        grey = sheet.apply("Slice", scan, starts, ends, sheet.constant([0, 1], np.int64), scan.sizes(grid, grid))
        lens, cataract = piece.member, measured.equals(int(TissueLabel.CATARACT))
        white = lens & (grey.to(np.int32) > NEARLY_WHITE - 1)

        def total(values: Value) -> Value:
            return values.to(np.int32).reduced("Sum").to(np.float64)

        return cls(
            pixels=piece.pixels.to(np.float64),
            opaque=total(cataract),
            white=total(white),
            lens_grey=total(lens.to(np.int32) * grey.to(np.int32)),
            cataract_grey=total(cataract.to(np.int32) * grey.to(np.int32)),
        )


def is_unlikely(seen: Brightness) -> Value:
    """Whether no lens scatters so (`edge_runtime.measure.lens_brightness`); of no lens it says nothing."""
    black = seen.lens_grey < seen.pixels * BLACK
    dark = (seen.opaque > seen.pixels * LEAST_OPAQUE) & (seen.cataract_grey < seen.opaque * CLEAR_NUCLEUS)
    return black | dark | (seen.white > seen.pixels * MOST_WHITE)


def shows_part(pixels: Value, grid: Value, tissues: Value) -> Value:
    """Whether much less of the lens was labelled than the look saw; without a look it was not.

    Parameters
    ----------
    pixels, grid
        Labels of lens, and native pixels of each along an axis: scalars, int64.
    tissues
        (rows, columns) uint8 of the look; of no pixels without one.
    """
    # One pixel of nothing more: engines do not agree about sums of nothing.
    seen = tissues.padded((0, 0), (1, 1)).equals(int(Tissue.NATURAL_LENS)).to(np.int32).reduced("Sum").to(np.float64)
    return (pixels * grid * grid).to(np.float64) < seen * float(STEP**2) * LEAST_LABELLED
