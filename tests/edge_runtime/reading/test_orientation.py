"""A picture that any viewer would turn is refused, wherever and however badly it says so."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable

import cv2
import numpy as np
import pytest

from edge_runtime.errors import ScanError
from edge_runtime.reading.raster import decode_scan
from tests.edge_runtime.pictures import PNG_SIGNATURE, encoded, png_chunk, speckled_frame, tiff

TURNED, UPRIGHT = 6, 1


def exif(
    orientation: int, *, order: str = "<", kind: int = 3, count: int = 1, claimed: int = 1, end: bytes = bytes(4)
) -> bytes:
    mark = b"II*\x00" if order == "<" else b"MM\x00*"
    value = struct.pack(order + ("I" if kind in (4, 9, 16) else "H"), orientation).ljust(4, b"\x00")
    entry = struct.pack(order + "HHI", 274, kind, count) + value
    return b"Exif\x00\x00" + mark + struct.pack(order + "IH", 8, claimed) + entry + end


def xmp(orientation: int, form: str) -> bytes:
    return (
        b'<x:xmpmeta><rdf:Description xmlns:tiff="http://ns.adobe.com/tiff/1.0/" '
        + form.format(orientation).encode()
        + b"</x:xmpmeta>"
    )


def jpeg_with(segment: bytes) -> bytes:
    data = encoded(".jpg", speckled_frame())
    return data[:2] + b"\xff\xe1" + struct.pack(">H", len(segment) + 2) + segment + data[2:]


def png_with(kind: bytes, body: bytes) -> bytes:
    data = encoded(".png", speckled_frame())
    position = len(PNG_SIGNATURE) + 25
    return data[:position] + png_chunk(kind, body) + data[position:]


def raw_profile(profile: bytes) -> bytes:
    return b"\nexif\n" + str(len(profile)).encode().rjust(8) + b"\n" + profile.hex().encode() + b"\n"


ATTRIBUTE, ELEMENT = 'tiff:Orientation="{}"/>', "><tiff:Orientation>{}</tiff:Orientation></rdf:Description>"
XMP_HEAD = b"http://ns.adobe.com/xap/1.0/\x00"

PLACES: dict[str, Callable[[int], bytes]] = {
    "exif in a jpeg": lambda turn: jpeg_with(exif(turn)),
    "exif, big-endian": lambda turn: jpeg_with(exif(turn, order=">")),
    "exif of type LONG, big-endian": lambda turn: jpeg_with(exif(turn, order=">", kind=4)),
    "exif without the next directory": lambda turn: jpeg_with(exif(turn, end=b"")),
    "exif that claims two entries": lambda turn: jpeg_with(exif(turn, claimed=2)),
    "exif of type UNDEFINED": lambda turn: jpeg_with(exif(turn, kind=7)),
    "exif of type ASCII": lambda turn: jpeg_with(exif(turn, kind=2)),
    "exif of type LONG8": lambda turn: jpeg_with(exif(turn, kind=16)),
    "exif of no value": lambda turn: jpeg_with(exif(turn, count=0)),
    "exif of 200000 values": lambda turn: jpeg_with(exif(turn, count=200_000)),
    "xmp attribute in a jpeg": lambda turn: jpeg_with(XMP_HEAD + xmp(turn, ATTRIBUTE)),
    "xmp element in a jpeg": lambda turn: jpeg_with(XMP_HEAD + xmp(turn, ELEMENT)),
    "exif in a png": lambda turn: png_with(b"eXIf", exif(turn)[6:]),
    "xmp in a png": lambda turn: png_with(b"iTXt", b"XML:com.adobe.xmp\x00\x00\x00\x00\x00" + xmp(turn, ATTRIBUTE)),
    "packed xmp in a png": lambda turn: png_with(
        b"iTXt", b"XML:com.adobe.xmp\x00\x01\x00\x00\x00" + zlib.compress(xmp(turn, ELEMENT))
    ),
    "raw profile in a png": lambda turn: png_with(b"tEXt", b"Raw profile type exif\x00" + raw_profile(exif(turn))),
    "packed raw profile": lambda turn: png_with(
        b"zTXt", b"Raw profile type APP1\x00\x00" + zlib.compress(raw_profile(exif(turn)))
    ),
    "xmp under another prefix": lambda turn: jpeg_with(XMP_HEAD + xmp(turn, 't:Orientation="{}"/>')),
    "xmp element with attributes": lambda turn: jpeg_with(
        XMP_HEAD + xmp(turn, "><t:Orientation a='1'>{}</t:Orientation>")
    ),
    "xmp in cdata": lambda turn: jpeg_with(XMP_HEAD + xmp(turn, "><t:Orientation><![CDATA[{}]]></t:Orientation>")),
    "xmp as a character": lambda turn: jpeg_with(XMP_HEAD + xmp(turn, 't:Orientation="&#x3{};"/>')),
    "exif behind other bytes": lambda turn: jpeg_with(b"Exif\x00\xff\x00\x00" + exif(turn)[6:]),
    "raw profile in an iTXt": lambda turn: png_with(
        b"iTXt", b"Raw profile type exif\x00\x00\x00\x00\x00" + raw_profile(exif(turn))
    ),
    "xmp in a tEXt": lambda turn: png_with(b"tEXt", b"XML:com.adobe.xmp\x00" + xmp(turn, ATTRIBUTE)),
    "tag of a tiff": lambda turn: tiff(speckled_frame(), tags={274: turn}),
}


@pytest.mark.parametrize("place", PLACES)
def test_a_picture_that_is_shown_turned_is_refused(place: str) -> None:
    with pytest.raises(ScanError) as refused:
        decode_scan(PLACES[place](TURNED), "scan")
    assert refused.value.word == "rotated-image"


@pytest.mark.parametrize("place", PLACES)
def test_a_picture_that_is_shown_upright_is_read(place: str) -> None:
    scan = decode_scan(PLACES[place](UPRIGHT), "scan")
    assert scan.pixels.shape == speckled_frame().shape


def test_cv2_turns_what_is_refused_here() -> None:
    data = np.frombuffer(PLACES["exif of type UNDEFINED"](TURNED), np.uint8)
    turned = cv2.imdecode(data, cv2.IMREAD_GRAYSCALE)
    assert turned is not None
    assert turned.shape == speckled_frame().shape[::-1]
