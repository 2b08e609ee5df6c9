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

_PATCH, _MOST_FLAT_PIXELS = 5, 100  # pixels whose surroundings of this side are one grey
_LONGEST_RUN = 32  # pixels of one grey in a row or column
_ROWS_AT_ONCE, _COLUMNS_AT_ONCE = 64, 256
_BRIGHT = 32  # of 255: the background is flat by itself
_NEAR_DARKEST, _MOST_LIFTED = 8, 0.05  # levels over the darkest; of the pixels are flat there, though not black
_DARKEST, _USUAL_SHARE = 8, 0.99  # levels between are about as frequent as their neighbours
_MOST_UNEVEN, _OF_CHANCE = 0.15, 2.0  # of the pixels; more where they are few
_MOST_BLACK_SIDE, _MOST_BLACK_BELOW = 0.01, 0.05  # of the columns, of the rows
# Tissue of this grey that begins or ends in one row beside so many black rows, over this share of the columns: light
# comes from above, so a shadow has no edge across the scan, and a surface that flat has a radius of 70 mm.
_TISSUE, _BLACK_ROWS, _LONGEST_EDGE = 24, 5, 0.25
_LEAST_MARGIN = 2
# Speckle over what the contrast of the tissues lets expect.
_LEAST_SPECKLE, _MOST_SPECKLE = 0.6, 1.8
# Of the cornea's front, as its parabola is fitted: 5.6 to 8.6 in simulated eyes, 7.2 to 8.3 in real ones.
_RADII_MM = (5.2, 9.0)


def signs_of_alteration(
    pixels: NDArray[Any],
    full_scale: int,
    window: tuple[slice, slice],
    levels: ReferenceLevels | None,
    black: int = 0,
) -> Iterator[str]:
    """Look for them.

    Parameters
    ----------
    pixels
        (rows, columns) uint8 or uint16, the scan.
    full_scale
        The value that is declared to be white, 255 to 65535: limits on grey are those of 8 bits on this scale.
    window
        The part of the scan that is labelled, in its own pixels.
    levels
        Grey levels of the reference tissues; None where they are not known.
    black
        The level that the profile of the frame declares to be black, 0 and more: what lies at or below it is black.

    Yields
    ------
    str
        Words of `codes.WARNINGS`.
    """
    top, bottom, left, right = _black_bands(pixels, int(pixels[0, 0]))
    if min(top, bottom, left, right) >= _LEAST_MARGIN:
        yield "framed-picture"
    else:
        below, *sides = _dark_sides(pixels, black)
        rows, columns = pixels.shape
        missing = max(sides) > _MOST_BLACK_SIDE * columns or below > _MOST_BLACK_BELOW * rows
        if missing or _has_black_edge(pixels[window], full_scale, black):
            yield "partly-black"
    part = np.ascontiguousarray(pixels[window])
    yield from _signs_of_flatness(part, full_scale, black)
    if part.dtype == np.uint8 and _is_uneven(part, black):
        yield "few-grey-levels"
    if levels is not None and not _RADII_MM[0] <= levels.radius_mm <= _RADII_MM[1]:
        yield "unlikely-scale"
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


def _dark_sides(pixels: NDArray[Any], black: int) -> tuple[int, int, int]:
    """Rows below, and columns on the left and on the right, that are all of one level no brighter than black.

    Of one level: the noise of a device may lie below its black, and is no missing part.
    """
    corners = (pixels[-1, 0], pixels[0, 0], pixels[0, -1])
    below, left, right = (
        _black_bands(pixels, int(corner))[side] if corner <= black else 0 for side, corner in enumerate(corners, 1)
    )
    return below, left, right


def _least_level(grey: int, full_scale: int) -> int:
    """The level of a grey of 255, rounded down: a device may have rounded the greys of such a tissue either way."""
    return grey * full_scale // 255


def _has_black_edge(part: NDArray[Any], full_scale: int, black: int) -> bool:
    """Whether tissue begins or ends in one row, at black; a bright line of the detector alone is no tissue."""
    reach, rows = _BLACK_ROWS, part.shape[0] - 2 * _BLACK_ROWS
    least = black + _least_level(_TISSUE, full_scale)
    # Rows at a time: what is compared stays in the processor's cache.
    for start in range(0, rows, _ROWS_AT_ONCE):
        some = part[start : start + _ROWS_AT_ONCE + 2 * reach]
        tissue, dark = some >= least, some <= black
        count = some.shape[0] - 2 * reach
        for first, deeper in ((0, 2 * reach), (reach + 1, 0)):  # black rows above, and below
            edge = tissue[reach : reach + count] & tissue[deeper : deeper + count]
            for k in range(first, first + reach):
                edge &= dark[k : k + count]
            if (edge.sum(axis=1) > _LONGEST_EDGE * part.shape[1]).any():
                return True
    return False


def _is_uneven(part: NDArray[np.uint8], black: int) -> bool:
    """Whether levels are missing, or two fell together: those above the dark and below the brightest hundredth."""
    counts = _histogram(part)
    brightest = int(np.searchsorted(np.cumsum(counts), _USUAL_SHARE * part.size))
    darkest = black + _DARKEST
    inner = counts[darkest + 1 : max(brightest - 1, 0)]  # nothing is between where nearly all is of level 0
    total = int(inner.sum())
    if not total:
        return False
    off = np.abs(2 * inner - counts[darkest : brightest - 2] - counts[darkest + 2 : brightest]).sum() / (2 * total)
    return bool(off > _MOST_UNEVEN + _OF_CHANCE * (len(inner) / total) ** 0.5)


def _signs_of_flatness(part: NDArray[Any], full_scale: int, black: int) -> Iterator[str]:
    """Look for a background that is not black, and for text, lines or boxes of one grey that were drawn into it."""
    import cv2

    square = np.ones((_PATCH, _PATCH), np.uint8)
    darkest = cv2.erode(part, square)
    flat = darkest == cv2.dilate(part, square)
    near = -(-_NEAR_DARKEST * full_scale // 255)  # rounded up, as every level of such a background counts
    lifted = flat & (part > black) & (part <= max(int(darkest.min()), black) + near)
    if np.count_nonzero(lifted) > _MOST_LIFTED * part.size:
        yield "lifted-black"
        flat &= ~lifted
    bright = black + _least_level(_BRIGHT, full_scale)
    if np.count_nonzero(flat & (part >= bright)) > _MOST_FLAT_PIXELS or _has_runs(part, bright):
        yield "marks-in-picture"


def _histogram(part: NDArray[np.uint8]) -> NDArray[np.int64]:
    """How many pixels have each grey: (256,). OpenCV counts in float32, exact for some rows at a time."""
    import cv2

    counts = np.zeros(256, np.int64)
    for start in range(0, part.shape[0], _ROWS_AT_ONCE):
        some = part[start : start + _ROWS_AT_ONCE]
        counts += cv2.calcHist([some], [0], None, [256], [0, 256]).ravel().astype(np.int64)
    return counts


def _has_runs(part: NDArray[Any], bright: int) -> bool:
    """Whether a row or a column has a long run of one grey of at least `bright`."""
    rows, columns = part.shape
    along_rows = (part[start : min(start + _ROWS_AT_ONCE, rows - 2)] for start in range(2, rows - 2, _ROWS_AT_ONCE))
    along_columns = (
        part[:, start : min(start + _COLUMNS_AT_ONCE, columns - 2)] for start in range(2, columns - 2, _COLUMNS_AT_ONCE)
    )
    return any(_has_run(some[:, :-1], some[:, 1:], (1, _LONGEST_RUN), bright) for some in along_rows) or any(
        _has_run(some[:-1], some[1:], (_LONGEST_RUN, 1), bright) for some in along_columns
    )


def _has_run(these: NDArray[Any], neighbours: NDArray[Any], length: tuple[int, int], bright: int) -> bool:
    """Whether bright pixels equal their neighbours over (rows, columns) in a row."""
    import cv2

    if not these.size:
        return False
    same = (these == neighbours) & (neighbours >= bright)
    return bool(cv2.erode(same.view(np.uint8), np.ones(length, np.uint8), borderValue=0).any())
