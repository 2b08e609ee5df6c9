"""Inflate a deflated stream part by part: a small file may claim to inflate to a hundred gigabytes."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

PART_BYTES = 1 << 20  # inflated at a time, and a good size of what is given at a time


def inflated_parts(packed: Iterable[bytes | memoryview], window_bits: int = zlib.MAX_WBITS) -> Iterator[bytes]:
    """What a deflated stream inflates to, in parts of at most `PART_BYTES`; what follows the stream is left alone.

    Parameters
    ----------
    packed
        The stream, cut anywhere.
    window_bits
        The format, as zlib counts it: ``zlib.MAX_WBITS`` with the header of zlib, negative without any.

    Raises
    ------
    zlib.error
        When the stream is damaged.
    EOFError
        When it ends early.
    """
    stream = zlib.decompressobj(window_bits)
    for given in packed:
        waiting: bytes | memoryview = given
        while True:
            part = stream.decompress(waiting, PART_BYTES)
            if part:
                yield part
            if stream.eof:
                return
            waiting = stream.unconsumed_tail
            if len(part) < PART_BYTES:  # a full part may leave more behind, even where all that was given is taken
                break
    raise EOFError
