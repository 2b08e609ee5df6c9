"""A deflated stream inflates to all that it holds, wherever its parts end."""

from __future__ import annotations

import tracemalloc
import zlib
from collections.abc import Iterator

import numpy as np
import pytest

from edge_runtime.reading.headers.unpacked import deflate_length
from edge_runtime.reading.inflating import PART_BYTES, inflated_parts

# Around the ends of parts: where a repetition of at most 258 bytes crosses one, all input is taken and bytes are left.
SIZES = [parts * PART_BYTES + more for parts in (1, 2) for more in (-300, -258, -1, 0, 1, 2, 10, 257, 258, 259, 1000)]


def raw_deflated(content: bytes) -> bytes:
    stream = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    return stream.compress(content) + stream.flush()


def cut(packed: bytes, size: int) -> Iterator[bytes]:
    return (packed[start : start + size] for start in range(0, len(packed), size))


@pytest.mark.parametrize("size", [0, 1, *SIZES])
def test_every_size_inflates_whole(size: int) -> None:
    content = bytes(size)
    for packed in (raw_deflated(content), raw_deflated(content) + b"\0"):  # DICOM adds a byte to an odd number
        parts = list(inflated_parts([packed], -zlib.MAX_WBITS))
        assert b"".join(parts) == content
        assert all(0 < len(part) <= PART_BYTES for part in parts)
    assert deflate_length(zlib.compress(content), size + 1) == size


def test_a_stream_may_be_cut_anywhere() -> None:
    content = np.random.default_rng(3).integers(0, 4, 100_000, np.uint8).tobytes() + bytes(PART_BYTES)
    packed = zlib.compress(content, 9)
    for size in (1, 7, 1000, len(packed)):
        assert b"".join(inflated_parts(cut(packed, size))) == content


def test_what_ends_early_or_is_damaged_is_told_apart() -> None:
    packed = zlib.compress(bytes(PART_BYTES + 200), 9)
    for length in (0, 1, len(packed) // 2, len(packed) - 1):
        with pytest.raises(EOFError):
            list(inflated_parts([packed[:length]]))
    with pytest.raises(zlib.error):
        list(inflated_parts([packed[:-1] + bytes([packed[-1] ^ 1])]))


def test_a_stream_is_never_held_as_a_whole() -> None:
    packed = zlib.compress(bytes(64 * PART_BYTES), 9)
    tracemalloc.start()
    try:
        assert sum(len(part) for part in inflated_parts([packed])) == 64 * PART_BYTES
        assert tracemalloc.get_traced_memory()[1] < 4 * PART_BYTES
    finally:
        tracemalloc.stop()
