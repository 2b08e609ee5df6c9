"""JPEG lossless (process 14): checked to the last field, since GDCM ends the process at headers that make no sense."""

from __future__ import annotations

import re
import struct
from typing import TYPE_CHECKING

from edge_runtime.errors import ScanError
from edge_runtime.scan import EXPORT_AGAIN

from .library import damaged

if TYPE_CHECKING:
    from .layout import Layout

_MARKER = re.compile(rb"\xff([^\x00\xd0-\xd7\xff])")
_END = 0xD9
_SEGMENTS = 64


def plain_jpeg_lossless(data: bytes, layout: Layout) -> tuple[bytes, int]:
    """The frame written anew with the segments alone that a decoder needs, and its bits per sample.

    Raises
    ------
    ScanError
        ``truncated-dicom`` when it ends early, ``damaged-dicom`` for whatever is not one grey picture of this layout.
    """
    bits, place, kept = 0, 2, [b"\xff\xd8"]
    tables: set[int] = set()
    for _ in range(_SEGMENTS):
        marker, length = data[place + 1 : place + 2], int.from_bytes(data[place + 2 : place + 4], "big")
        segment = data[place + 4 : place + 2 + length]
        if data[place : place + 1] != b"\xff" or not marker or length < 2 or len(segment) != length - 2:
            raise _no_sense()
        match marker[0]:
            case 0xC3:  # the frame
                bits = _frame_bits(segment, layout) if not bits else 0
            case 0xC4:  # tables of codes
                tables |= _tables(segment)
            case 0xDD if length == 4:  # how often decoding restarts
                pass
            case 0xDA:  # the scan
                _check_scan(segment, tables, bits)
                kept += [data[place : place + 2 + length], _entropy_coded(data, place + 2 + length)]
                return b"".join(kept), bits
            case other if 0xE0 <= other <= 0xEF or other == 0xFE:  # what applications add
                place += 2 + length
                continue
            case _:
                raise _no_sense()
        kept.append(data[place : place + 2 + length])
        place += 2 + length
    raise _no_sense()


def _frame_bits(segment: bytes, layout: Layout) -> int:
    if len(segment) != 9:
        raise _no_sense()
    bits, rows, columns, samples, _, sampling, _ = struct.unpack(">BHHBBBB", segment)
    wanted = (layout.rows, layout.columns, 1, 0x11)
    if (rows, columns, samples, sampling) != wanted or not 2 <= bits <= layout.allocated:
        raise damaged("A frame of JPEG lossless has another size or depth than the file says.")
    return int(bits)


def _tables(segment: bytes) -> set[int]:
    """The numbers of the tables; each must be a code in which every symbol is a number of bits."""
    found: set[int] = set()
    while segment:
        counts, number = segment[1:17], segment[0]
        symbols = segment[17 : 17 + sum(counts)]
        room = sum(count << (16 - length) for length, count in enumerate(counts, start=1))
        whole = len(counts) == 16 and len(symbols) == sum(counts) and symbols and max(symbols) <= 16
        if not whole or number > 3 or room >= 1 << 16 or len(set(symbols)) != len(symbols):
            raise _no_sense()
        found.add(number)
        segment = segment[17 + len(symbols) :]
    return found


def _check_scan(segment: bytes, tables: set[int], bits: int) -> None:
    if len(segment) != 6 or not bits:
        raise _no_sense()
    samples, _, table, predictor, last, point = segment
    if samples != 1 or table & 0x0F or table >> 4 not in tables or not 1 <= predictor <= 7 or last or point:
        raise _no_sense()


def _entropy_coded(data: bytes, start: int) -> bytes:
    """The rest, which must end with the end marker and hold no other."""
    found = _MARKER.search(data, start)
    if found is None:
        raise ScanError("truncated-dicom", "A frame of JPEG lossless ends early.", EXPORT_AGAIN)
    if found[1][0] != _END:
        raise _no_sense()
    return data[start : found.end()]


def _no_sense() -> ScanError:
    return damaged("The header of a frame of JPEG lossless makes no sense.")
