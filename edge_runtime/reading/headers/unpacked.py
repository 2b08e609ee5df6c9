"""How many bytes a strip of a TIFF unpacks to: a strip that lost a block unpacks to another number."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

import numpy as np

from edge_runtime.reading.inflating import PART_BYTES, inflated_parts

if TYPE_CHECKING:
    from numpy.typing import NDArray

_CLEAR, _END, _FIRST = 256, 257, 258
_FULL = 4096  # entries of a table of LZW
_SPARE_BYTES = 16  # after the end of the data: the end code, and what encoders add to it


def deflate_length(packed: bytes, limit: int) -> int | None:
    """Length of a whole zlib stream, without holding it; counting ends at `limit`; None when it is damaged or cut.

    Parameters
    ----------
    packed
        The strip.
    limit
        Bytes from which on nobody wants to know.
    """
    view = memoryview(packed)
    length = 0
    try:
        for part in inflated_parts(view[start : start + PART_BYTES] for start in range(0, len(view), PART_BYTES)):
            length += len(part)
            if length >= limit:
                return limit
    except (zlib.error, EOFError):
        return None
    return length


def packbits_length(packed: bytes, expected: int) -> int | None:
    """Length of a strip of PackBits; None when it ends inside a run, or goes on after `expected` bytes."""
    position = length = 0
    end = len(packed)
    while length < expected and position < end:
        count = packed[position]
        if count < 128:
            length += count + 1
            position += count + 2
        elif count > 128:
            length += 257 - count
            position += 2
        else:
            position += 1
    if position > end or end - position > _SPARE_BYTES:
        return None
    return length


def lzw_length(packed: bytes, expected: int) -> int | None:
    """Length of a strip of TIFF's LZW (most significant bit first, early change).

    The width of a code depends only on how many codes came since the table was cleared, so all codes up to the next
    clear are cut out at once. A code above 257 stands for the string of an earlier code and one more byte; the lengths
    follow the chain of earlier codes, by pointer doubling.

    Parameters
    ----------
    packed
        The strip.
    expected
        Bytes that it should unpack to.

    Returns
    -------
    int | None
        None when a code is not in the table, or the data go on after `expected` bytes.
    """
    bits = np.frombuffer(packed + bytes(8), np.uint8)
    position, length, total = 0, 0, 8 * len(packed)
    while length < expected:
        starts = position + _CODE_STARTS
        some = int(np.searchsorted(starts + _CODE_WIDTHS, total, side="right"))
        if not some:
            return length
        codes = _codes(bits, starts[:some], _CODE_WIDTHS[:some])
        stops = np.flatnonzero((codes == _CLEAR) | (codes == _END))
        used = int(stops[0]) if stops.size else some
        lengths = _string_lengths(codes[:used])
        if lengths is None:
            return None
        sums = length + np.cumsum(lengths)
        reached = int(np.searchsorted(sums, expected))
        if reached < used:
            position = int(starts[reached] + _CODE_WIDTHS[reached])
            return int(sums[reached]) if total - position <= 8 * _SPARE_BYTES else None
        length = int(sums[-1]) if used else length
        if not stops.size or codes[used] == _END:
            return length
        position = int(starts[used] + _CODE_WIDTHS[used])
    return length


def _widths() -> NDArray[np.int64]:
    """Bits of the codes after a clear: the table has grown by one entry with each code but the first."""
    entries = _FIRST + np.maximum(np.arange(_FULL) - 1, 0)
    return np.select([entries <= 510, entries <= 1022, entries <= 2046], [9, 10, 11], 12).astype(np.int64)


_CODE_WIDTHS = _widths()
_CODE_STARTS = np.concatenate([[0], np.cumsum(_CODE_WIDTHS)[:-1]])


def _codes(
    data: NDArray[np.uint8],
    starts: NDArray[np.int64],
    widths: NDArray[np.int64],
) -> NDArray[np.int64]:
    first = starts >> 3
    three = (data[first].astype(np.int64) << 16) | (data[first + 1].astype(np.int64) << 8) | data[first + 2]
    codes: NDArray[np.int64] = (three >> (24 - (starts & 7) - widths)) & ((1 << widths) - 1)
    return codes


def _string_lengths(
    codes: NDArray[np.int64],
) -> NDArray[np.int64] | None:
    """Bytes that each code stands for; None when one is not in the table yet."""
    index = np.arange(codes.size)
    earlier = np.where(codes >= _FIRST, codes - _FIRST, -1)
    if (earlier >= index).any():
        return None
    lengths = np.ones(codes.size, np.int64)
    jump = earlier
    while (jump >= 0).any():
        inside = jump >= 0
        target = np.where(inside, jump, 0)
        lengths = lengths + np.where(inside, lengths[target], 0)
        jump = np.where(inside, jump[target], -1)
    return lengths
