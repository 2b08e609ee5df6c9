"""Blocks that a storage lost: the picture shows them as pixels of exact 0, or of all bits set."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from edge_runtime.errors import ScanError
from edge_runtime.scan import EXPORT_AGAIN

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .headers import Header

# Share of the rows stored last that may be exactly 0; more is a file that was cut and filled with zeros. The lower end
# of a scan fades; above the cornea, which a BMP stores last, it may well be black.
MAX_BLACK_TAIL, MAX_BLACK_TAIL_ABOVE_CORNEA = 0.05, 0.20
# Pixels of a row that are not 0 where it shows tissue; fewer are specks in the dark above the eye.
_TISSUE_SHARE = 0.05
_ROWS = 64  # looked at together: places of pixels take eight times the memory of the pixels


def check_all_was_written(pixels: NDArray[Any], header: Header) -> None:
    """Refuse an unpacked picture with a block that was never written.

    Parameters
    ----------
    pixels
        (rows, columns) uint8 or uint16.
    header
        How they are stored.

    Raises
    ------
    ScanError
        ``truncated-tiff`` or ``truncated-bmp``.
    """
    stored = pixels[::-1] if header.bottom_up else pixels
    if header.container != "jpeg" and not header.checksummed and _ends_in_zeros(stored, header):
        raise _never_written(header)
    white = np.iinfo(pixels.dtype).max
    if longest_run(stored, white) >= stored.shape[1] or _hole_between_tissue(stored):
        raise _never_written(header)


def _ends_in_zeros(stored: NDArray[Any], header: Header) -> bool:
    """Whether more rows are exactly 0 at the end than any scan has."""
    written = np.flatnonzero(stored.any(axis=1))
    most = MAX_BLACK_TAIL_ABOVE_CORNEA if header.bottom_up else MAX_BLACK_TAIL
    return bool(written.size) and len(stored) - 1 - int(written[-1]) > most * len(stored)


def _never_written(header: Header) -> ScanError:
    name = header.container
    return ScanError(
        f"truncated-{name}",
        f"A block of the {name.upper()} was never written: its pixels are all 0, or all white.",
        EXPORT_AGAIN,
    )


def _hole_between_tissue(stored: NDArray[Any]) -> bool:
    """Whether zeros as long as a row stand between rows of tissue, in the order in which pixels are stored."""
    tissue = np.flatnonzero(np.count_nonzero(stored, axis=1) >= _TISSUE_SHARE * stored.shape[1])
    if tissue.size < 2:
        return False
    return bool(longest_run(stored[tissue[0] : tissue[-1] + 1], 0) >= stored.shape[1])


def longest_run(stored: NDArray[Any], value: int) -> int:
    """Length of the longest run of one value in the order in which pixels are stored."""
    longest = since = 0  # of pixels of the value since the last other one
    for row in range(0, len(stored), _ROWS):
        part = stored[row : row + _ROWS].ravel()
        others = np.flatnonzero(part != value)
        if others.size:
            inside = int(np.diff(others).max(initial=1)) - 1
            longest = max(longest, since + int(others[0]), inside)
            since = part.size - 1 - int(others[-1])
        else:
            since += part.size
    return max(longest, since)
