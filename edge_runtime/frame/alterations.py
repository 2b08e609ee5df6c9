"""Signs that a picture is not as the device wrote it: marked, framed, partly black, or changed in its grey levels.

The limits lie between what was measured on scans as devices write them and on altered ones.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .brightness import STROMA_SPECKLE_DB

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from .brightness import ReferenceLevels

_PATCH, _MOST_FLAT_PIXELS = 5, 400  # pixels whose surroundings of this side are one grey
_LONGEST_RUN = 64  # pixels of one grey in a row or column
_BRIGHT = 32  # of 255: the background is flat by itself
_DARKEST, _USUAL_SHARE, _MOST_MISSING = 8, 0.99, 12  # a scan of 8 bits has all levels between, but for a few
_MOST_BLACK_SIDE, _MOST_BLACK_BELOW = 0.01, 0.05  # of the columns, of the rows
_LEAST_MARGIN = 2
# Speckle over what the contrast of the tissues lets expect.
_LEAST_SPECKLE, _MOST_SPECKLE = 0.6, 1.5


def signs_of_alteration(
    pixels: NDArray[Any], window: tuple[slice, slice], levels: ReferenceLevels | None
) -> Iterator[str]:
    """Look for them.

    Parameters
    ----------
    pixels
        (rows, columns) uint8 or uint16, the scan.
    window
        The part of the scan that is labelled, in its own pixels.
    levels
        Grey levels of the reference tissues; None where they are not known.

    Yields
    ------
    str
        Words of `codes.WARNINGS`.
    """
    top, bottom, left, right = _black_bands(pixels, int(pixels[0, 0]))
    if min(top, bottom, left, right) >= _LEAST_MARGIN:
        yield "framed-picture"
    else:
        _, below, *sides = _black_bands(pixels, 0)
        rows, columns = pixels.shape
        if max(sides) > _MOST_BLACK_SIDE * columns or below > _MOST_BLACK_BELOW * rows:
            yield "partly-black"
    part = np.ascontiguousarray(pixels[window])
    if _has_marks(part):
        yield "marks-in-picture"
    if part.dtype == np.uint8 and _missing_levels(part) >= _MOST_MISSING:
        yield "few-grey-levels"
    if levels is not None and levels.speckle is not None:
        expected = levels.contrast_grey_per_db * STROMA_SPECKLE_DB
        if levels.speckle < _LEAST_SPECKLE * expected:
            yield "smoothed-picture"
        elif levels.speckle > _MOST_SPECKLE * expected:
            yield "enhanced-contrast"


def _black_bands(pixels: NDArray[Any], level: int) -> tuple[int, int, int, int]:
    """Rows above and below, and columns on the left and on the right, that are all of one level."""
    rows, columns = pixels.shape
    # The outer rows and columns alone: a band is rare, and looking at all pixels takes long.
    top = next((k for k in range(rows) if (pixels[k] != level).any()), rows)
    bottom = next((k for k in range(rows) if (pixels[rows - 1 - k] != level).any()), rows)
    left = next((k for k in range(columns) if (pixels[:, k] != level).any()), columns)
    right = next((k for k in range(columns) if (pixels[:, columns - 1 - k] != level).any()), columns)
    return top, bottom, left, right


def _missing_levels(part: NDArray[np.uint8]) -> int:
    """Grey levels that no pixel has, of those above the dark and below the brightest hundredth."""
    counts = np.bincount(part.ravel(), minlength=256)
    brightest = int(np.searchsorted(np.cumsum(counts), _USUAL_SHARE * part.size))
    return int(np.count_nonzero(counts[_DARKEST:brightest] == 0))


def _has_marks(part: NDArray[Any]) -> bool:
    """Whether text, lines or boxes of one grey were drawn into it."""
    import cv2

    bright = _BRIGHT * (257 if part.dtype == np.uint16 else 1)
    square = np.ones((_PATCH, _PATCH), np.uint8)
    flat = cv2.erode(part, square) == cv2.dilate(part, square)
    if np.count_nonzero(flat & (part >= bright)) > _MOST_FLAT_PIXELS:
        return True
    for lines in (part[2:-2], np.ascontiguousarray(part[:, 2:-2].T)):
        same = ((lines[:, 1:] == lines[:, :-1]) & (lines[:, 1:] >= bright)).astype(np.uint8)
        if cv2.erode(same, np.ones((1, _LONGEST_RUN), np.uint8), borderValue=0).any():
            return True
    return False
