"""Where each frame lies in a DICOM file; a file with fewer or more of them than it claims is refused."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

import numpy as np

from edge_runtime.errors import ScanError
from edge_runtime.scan import EXPORT_AGAIN

from .library import damaged, truncated
from .opening import UNDEFINED
from .syntaxes import Packing

if TYPE_CHECKING:
    from .layout import Layout
    from .opening import Opened

MAX_FRAGMENTS = 50_000
_ITEM, _END = (0xFFFE, 0xE000), (0xFFFE, 0xE0DD)
_STARTS = (b"\xff\xd8", b"\xff\x4f")  # of a JPEG or JPEG-LS, of a JPEG 2000
# Packing makes a frame smaller, or a little larger; a frame that is much larger is none.
_MOST_PACKED, _SPARE = 2, 1 << 16


@dataclass(frozen=True, slots=True)
class Part:
    """Bytes of a file: where they begin, and how many they are."""

    start: int
    length: int


def frames_in(opened: Opened, layout: Layout) -> tuple[tuple[Part, ...], ...]:
    """The parts that each frame is made of, in the order in which they are stored.

    Raises
    ------
    ScanError
        ``truncated-dicom``, ``frame-count`` or ``damaged-dicom``.
    """
    packed = opened.syntax.packing is not Packing.NATIVE
    if packed != (opened.pixel_length == UNDEFINED):
        raise damaged("Its pixels are packed in another way than it says.")
    return _fragments(opened, layout) if packed else _native(opened, layout)


def read_parts(file: BinaryIO, parts: tuple[Part, ...]) -> bytes:
    """The bytes of a frame.

    Raises
    ------
    ScanError
        ``truncated-dicom``.
    """
    found = []
    for part in parts:
        file.seek(part.start)
        found.append(file.read(part.length))
        if len(found[-1]) < part.length:
            raise truncated()
    return b"".join(found)


def read_swapped(file: BinaryIO, part: Part, first: Part) -> bytes:
    """The bytes of a frame of single bytes that were written as big-endian words; `first` is the first frame."""
    odd = (part.start - first.start) % 2
    pairs = (part.length + odd + 1) // 2
    words = np.frombuffer(read_parts(file, (Part(part.start - odd, 2 * pairs),)), np.uint8).reshape(pairs, 2)
    return words[:, ::-1].tobytes()[odd : odd + part.length]


def _native(opened: Opened, layout: Layout) -> tuple[tuple[Part, ...], ...]:
    each, length = layout.frame_bytes, opened.pixel_length
    if opened.pixel_at + min(length, each * layout.frames) > opened.size:
        raise truncated()
    spare = length - each * layout.frames  # an odd number of bytes is filled up to an even one
    if spare < 0 and length % each > 1:
        raise truncated()
    if spare not in (0, 1):
        raise _other_count(layout.frames, length // each)
    return tuple((Part(opened.pixel_at + each * number, each),) for number in range(layout.frames))


def _fragments(opened: Opened, layout: Layout) -> tuple[tuple[Part, ...], ...]:
    file, parts = opened.content, []
    file.seek(opened.pixel_at)
    while True:
        head = file.read(8)
        if len(head) < 8:
            raise truncated()
        group, element, length = struct.unpack("<HHL", head)
        if (group, element) == _END:
            break
        start = file.tell()
        if (group, element) != _ITEM:
            raise damaged("Its packed pixels have no structure.")
        if length == UNDEFINED or start + length > opened.size:
            raise truncated()
        parts.append(Part(start, length))
        if len(parts) > MAX_FRAGMENTS:
            raise damaged("Its packed pixels have too many parts.")
        file.seek(start + length)
    if not parts:
        raise damaged("Its packed pixels have no structure.")
    frames = _grouped(opened, parts[0], parts[1:], layout.frames)
    for frame in frames:
        if sum(part.length for part in frame) > _MOST_PACKED * layout.frame_bytes + _SPARE:
            raise damaged("A packed frame is larger than its pixels.")
    return frames


def _grouped(opened: Opened, table: Part, parts: list[Part], count: int) -> tuple[tuple[Part, ...], ...]:
    """Fragments by frame: one each, or as the table of offsets says, or by what they begin with."""
    if len(parts) == count:
        return tuple((part,) for part in parts)
    if len(parts) < count or opened.syntax.packing is Packing.RLE:  # whose frames are one fragment each
        raise _other_count(count, len(parts))
    begun = [
        number
        for number, part in enumerate(parts)
        if part.length >= 2 and read_parts(opened.content, (Part(part.start, 2),)) in _STARTS
    ]
    heads = [0] if count == 1 else begun
    if table.length == 4 * count:
        heads = _heads_of_table(opened, table, parts)
    if len(heads) != count or heads[0] or len(begun) > count:
        raise _other_count(count, max(len(heads), len(begun)))
    return tuple(tuple(parts[first:after]) for first, after in zip(heads, [*heads[1:], len(parts)], strict=True))


def _heads_of_table(opened: Opened, table: Part, parts: list[Part]) -> list[int]:
    """The fragments with which frames begin, as the table of offsets says."""
    offsets = struct.unpack(f"<{table.length // 4}L", read_parts(opened.content, (table,)))
    starts = {part.start - parts[0].start: number for number, part in enumerate(parts)}
    if list(offsets) != sorted(set(offsets)) or not set(offsets) <= set(starts):
        raise damaged("Its table of frames makes no sense.")
    return [starts[offset] for offset in offsets]


def _other_count(claimed: int, found: int) -> ScanError:
    return ScanError("frame-count", f"The DICOM file claims {claimed} frames and holds {found}.", EXPORT_AGAIN)
