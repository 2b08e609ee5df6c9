"""What a file says of itself is read before a decoder sees it; truncation is found wherever a file is cut."""

from __future__ import annotations

import hashlib
import struct
import tracemalloc
import zlib
from collections.abc import Callable

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_runtime.errors import ScanError
from edge_runtime.reading.headers import MAX_JPEG_SCANS, Header, check_size, read_header
from edge_runtime.reading.raster import decode_scan
from edge_runtime.scan import MAX_PIXELS
from tests.edge_runtime import pictures
from tests.edge_runtime.pictures import encoded, jpeg_segment, png, png_chunk, png_header, speckled_frame, tiff

TIFF_COMPRESSION = cv2.IMWRITE_TIFF_COMPRESSION
TRUNCATIBLE: dict[str, tuple[str, Callable[[], bytes]]] = {
    "png": ("png", lambda: encoded(".png", speckled_frame())),
    "png interlaced": ("png", lambda: png(speckled_frame(), interlaced=True)),
    "png in many chunks": ("png", lambda: png(speckled_frame(), chunk_bytes=4096)),
    "jpeg baseline": ("jpeg", lambda: encoded(".jpg", speckled_frame())),
    "jpeg progressive": ("jpeg", lambda: encoded(".jpg", speckled_frame(), cv2.IMWRITE_JPEG_PROGRESSIVE, 1)),
    "jpeg optimised": ("jpeg", lambda: encoded(".jpg", speckled_frame(), cv2.IMWRITE_JPEG_OPTIMIZE, 1)),
    "jpeg restart": ("jpeg", lambda: encoded(".jpg", speckled_frame(), cv2.IMWRITE_JPEG_RST_INTERVAL, 3)),
    "jpeg restart each row": ("jpeg", lambda: encoded(".jpg", speckled_frame(), cv2.IMWRITE_JPEG_RST_INTERVAL, 54)),
    "tiff raw, directory last": ("tiff", lambda: encoded(".tiff", speckled_frame(), TIFF_COMPRESSION, 1)),
    "tiff raw, directory first": ("tiff", lambda: tiff(speckled_frame())),
    "tiff lzw": ("tiff", lambda: encoded(".tiff", speckled_frame(), TIFF_COMPRESSION, 5)),
    "tiff deflate": ("tiff", lambda: encoded(".tiff", speckled_frame(), TIFF_COMPRESSION, 8)),
    "tiff packbits": ("tiff", lambda: encoded(".tiff", speckled_frame(), TIFF_COMPRESSION, 32773)),
}
CHECKSUMMED = {"png", "png interlaced", "png in many chunks", "tiff deflate"}


def refused_as(data: bytes) -> str:
    with pytest.raises(ScanError) as caught:
        decode_scan(data, "scan")
    assert caught.value.exit_code == 65
    return caught.value.word


@pytest.mark.parametrize("how", ["cut", "closed", "zero-filled"])
@pytest.mark.parametrize("kind", TRUNCATIBLE)
def test_file_cut_anywhere_is_refused(kind: str, how: str) -> None:
    container, make = TRUNCATIBLE[kind]
    data = make()
    decode_scan(data, "whole")
    for position in pictures.cut_positions(data):
        spoilt = pictures.spoilt(data, position, how, container)
        assert refused_as(spoilt) in {f"truncated-{container}", f"damaged-{container}"}, position


@pytest.mark.parametrize("kind", TRUNCATIBLE)
def test_file_without_its_last_three_bytes_is_refused(kind: str) -> None:
    container, make = TRUNCATIBLE[kind]
    assert refused_as(make()[:-3]) == f"truncated-{container}"


@pytest.mark.parametrize("compression", [1, 5, 8, 32773])
def test_tiff_whose_pixels_end_in_zeros_is_refused(compression: int) -> None:
    data = bytearray(encoded(".tiff", speckled_frame(), TIFF_COMPRESSION, compression))
    (directory,) = struct.unpack_from("<I", data, 4)
    for start in (directory // 4, directory // 2, directory * 9 // 10):
        zeroed = bytes(data[:start]) + bytes(directory - start) + bytes(data[directory:])
        assert refused_as(zeroed) == "truncated-tiff"


@pytest.mark.parametrize("chunks_kept", [1, 5, 20])
@pytest.mark.parametrize("interlaced", [False, True])
def test_png_cut_between_two_data_chunks_and_closed_is_refused(chunks_kept: int, interlaced: bool) -> None:
    data = png(speckled_frame(), interlaced=interlaced, chunk_bytes=2048)
    position = data.index(b"IDAT") - 4 + chunks_kept * (2048 + 12)
    assert data[position + 4 : position + 8] == b"IDAT"
    assert refused_as(data[:position] + png_chunk(b"IEND", b"")) in {"truncated-png", "damaged-png"}


def test_png_whose_stream_is_complete_but_holds_fewer_rows_is_refused() -> None:
    rows = b"".join(b"\x00" + row.tobytes() for row in speckled_frame()[:200])
    data = pictures.PNG_SIGNATURE + png_header(365, 430) + png_chunk(b"IDAT", zlib.compress(rows))
    assert refused_as(data + png_chunk(b"IEND", b"")) in {"truncated-png", "damaged-png"}


def test_jpeg_progressive_cut_between_two_scans_and_closed_is_refused() -> None:
    data = encoded(".jpg", speckled_frame(), cv2.IMWRITE_JPEG_PROGRESSIVE, 1)
    starts = [place for place in range(len(data)) if data[place : place + 2] == b"\xff\xda"]
    assert len(starts) > 3
    for start in starts:
        assert refused_as(data[:start] + b"\xff\xd9") == "truncated-jpeg"


@given(position=st.integers(0, 40_000), bit=st.integers(0, 7))
@settings(max_examples=60, deadline=None, derandomize=True)
def test_png_with_a_flipped_bit_is_refused(position: int, bit: int) -> None:
    data = bytearray(encoded(".png", speckled_frame()))
    data[position % len(data)] ^= 1 << bit
    refused_as(bytes(data))


@given(data=st.binary(max_size=200), start=st.sampled_from([pictures.PNG_SIGNATURE, b"\xff\xd8\xff", b"II*\0", b"BM"]))
@settings(max_examples=300, deadline=None, derandomize=True)
def test_any_bytes_behind_a_magic_number_are_refused_by_a_word(data: bytes, start: bytes) -> None:
    refused_as(start + data)


@pytest.mark.slow
@given(
    kind=st.sampled_from(sorted(TRUNCATIBLE)),
    flips=st.lists(st.tuples(st.integers(0, 1 << 20), st.integers(1, 255)), min_size=1, max_size=4),
    length=st.integers(16, 800),
)
@settings(max_examples=150, deadline=None, derandomize=True)
def test_damaged_header_is_a_scan_error_or_a_scan_and_nothing_else(
    kind: str, flips: list[tuple[int, int]], length: int
) -> None:
    """Its size is the header's, and its pixels are what they were wherever the container has a checksum."""
    whole = TRUNCATIBLE[kind][1]()
    data = bytearray(whole)
    for place, mask in flips:
        data[place % len(data[:length]) if place % 2 else -1 - place % length] ^= mask
    try:
        scan = decode_scan(bytes(data), "scan")
    except ScanError:
        assert bytes(data) != whole
        return
    header = read_header(bytes(data))
    assert scan.pixels.shape == (header.rows, header.columns)
    assert scan.pixels.max() <= scan.full_scale
    assert scan.sha256 == hashlib.sha256(data).hexdigest()
    if kind in CHECKSUMMED:
        assert np.array_equal(scan.pixels, decode_scan(whole, "scan").pixels)


# --- a small file that asks for much ---------------------------------------------------------------------------------


def peak_bytes(action: Callable[[], object]) -> int:
    tracemalloc.start()
    try:
        action()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_png_that_unpacks_to_far_more_than_its_header_says_is_not_unpacked() -> None:
    bomb = zlib.compress(bytes(100_000_000), 1)
    data = pictures.PNG_SIGNATURE + png_header(365, 430) + png_chunk(b"IDAT", bomb) + png_chunk(b"IEND", b"")
    assert peak_bytes(lambda: refused_as(data)) < 20_000_000
    assert refused_as(data) == "truncated-png"


def test_tiff_that_unpacks_to_far_more_than_declared_is_not_held() -> None:
    bomb = zlib.compress(bytes(100_000_000), 1)
    directory = tiff(speckled_frame()[:1, :1], tags={256: 430, 257: 365, 259: 8, 278: 365, 279: len(bomb)})[:-1]
    assert peak_bytes(lambda: refused_as(directory + bomb)) < 20_000_000
    assert refused_as(directory + bomb) == "damaged-tiff"


def test_tiff_whose_strips_overlap_is_refused_before_unpacking() -> None:
    data = bytearray(tiff(speckled_frame(), tags={278: 1}))
    strip = len(data) - speckled_frame().size
    repeated = 365
    offsets = struct.pack("<I", strip) * repeated
    counts = struct.pack("<I", 10_000) * repeated
    for entry in range(10, 10 + 12 * 10, 12):
        (tag,) = struct.unpack_from("<H", data, entry)
        if tag in (273, 279):
            struct.pack_into("<HHII", data, entry, tag, 4, repeated, len(data) + (0 if tag == 273 else len(offsets)))
    assert refused_as(bytes(data) + offsets + counts) == "damaged-tiff"


def test_jpeg_of_a_thousand_segments_more_than_allowed_is_refused() -> None:
    comment = jpeg_segment(0xFE, b"")
    assert refused_as(b"\xff\xd8" + comment * 5000 + b"\xff\xd9") == "damaged-jpeg"


@pytest.mark.parametrize(("passes", "refused"), [(MAX_JPEG_SCANS - 10, False), (MAX_JPEG_SCANS + 1, True)])
def test_jpeg_passes_are_limited(passes: int, refused: bool) -> None:
    if refused:
        assert refused_as(pictures.jpeg_with_scans(passes)) == "too-many-jpeg-scans"
    else:
        assert read_header(pictures.jpeg_with_scans(passes)).rows == 64


@pytest.mark.parametrize(("rows", "columns", "word"), [(0, 5, "empty-image"), (5, 0, "empty-image")])
def test_picture_without_rows_or_columns_is_empty(rows: int, columns: int, word: str) -> None:
    with pytest.raises(ScanError, match="pixels") as caught:
        check_size(Header("png", rows, columns, 8, 255, checksummed=True))
    assert caught.value.word == word


def test_size_limit_is_25_million_pixels_exactly() -> None:
    check_size(Header("png", 1, MAX_PIXELS, 8, 255, checksummed=True))
    with pytest.raises(ScanError, match="limit is 25 million"):
        check_size(Header("png", 1, MAX_PIXELS + 1, 8, 255, checksummed=True))


# --- what a header tells ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".tiff", ".bmp"])
def test_header_tells_size_and_depth(suffix: str) -> None:
    header = read_header(encoded(suffix, speckled_frame()))
    assert (header.rows, header.columns, header.bits, header.full_scale) == (365, 430, 8, 255)


@pytest.mark.parametrize("suffix", [".png", ".tiff"])
def test_header_of_16_bits_declares_65535(suffix: str) -> None:
    header = read_header(encoded(suffix, speckled_frame().astype(np.uint16)))
    assert (header.bits, header.full_scale) == (16, 65535)


@pytest.mark.parametrize(("declared", "full_scale"), [(4095, 4095), (1023, 1023), (511, 511), (65535, 65535)])
def test_tiff_may_declare_a_full_scale_of_a_power_of_two_less_one(declared: int, full_scale: int) -> None:
    assert read_header(tiff(speckled_frame().astype(np.uint16), tags={281: declared})).full_scale == full_scale


@pytest.mark.parametrize("declared", [4000, 255, 127, 0])
def test_tiff_that_declares_another_white_is_refused(declared: int) -> None:
    """It might be the largest value of this scan: scaling must not depend on the data."""
    assert refused_as(tiff(speckled_frame().astype(np.uint16), tags={281: declared})) == "unsupported-depth"


def test_8_bit_tiff_is_white_at_255_whatever_it_declares() -> None:
    assert read_header(tiff(speckled_frame(), tags={281: 201})).full_scale == 255


def test_directory_of_many_tags_costs_no_more_than_the_tags_that_are_read() -> None:
    """Each unwanted tag points at the same megabyte; unpacking them all would take a gigabyte."""
    import tracemalloc

    values = 1 << 17
    entries = b"".join(struct.pack("<HHII", 40_000 + tag, 1, values, 0) for tag in range(2_000))
    block = b"II*\x00" + struct.pack("<IH", 8, 2_000) + entries + bytes(4) + bytes(values)
    tracemalloc.start()
    assert refused_as(block) == "truncated-tiff"
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 1_000_000


def test_tag_that_stands_twice_is_refused() -> None:
    entry = struct.pack("<HHII", 257, 3, 1, 10)
    assert refused_as(b"II*\x00" + struct.pack("<IH", 8, 2) + entry * 2 + bytes(8)) == "damaged-tiff"


@pytest.mark.parametrize("orientation", [2, 3, 4, 5, 6, 7, 8])
@pytest.mark.parametrize("order", ["<", ">"])
def test_every_orientation_but_upright_is_refused_in_every_container(orientation: int, order: str) -> None:
    block = pictures.exif(orientation, order)
    jpeg = encoded(".jpg", speckled_frame())
    assert refused_as(pictures.jpeg_with_segment(jpeg, jpeg_segment(0xE1, b"Exif\x00\x00" + block))) == "rotated-image"
    assert refused_as(png(speckled_frame(), extra=png_chunk(b"eXIf", block))) == "rotated-image"
    assert refused_as(tiff(speckled_frame(), tags={274: orientation})) == "rotated-image"


def test_upright_orientation_is_accepted_in_every_container() -> None:
    block = pictures.exif(1)
    jpeg = encoded(".jpg", speckled_frame())
    for data in (
        pictures.jpeg_with_segment(jpeg, jpeg_segment(0xE1, b"Exif\x00\x00" + block)),
        png(speckled_frame(), extra=png_chunk(b"eXIf", block)),
        tiff(speckled_frame(), tags={274: 1}),
    ):
        assert decode_scan(data, "scan").rows == 365


def test_unreadable_exif_block_asks_for_nothing() -> None:
    data = png(speckled_frame(), extra=png_chunk(b"eXIf", b"II*\x00\xff\xff\xff\xff"))
    assert decode_scan(data, "scan").rows == 365


def test_exif_behind_the_pixels_of_a_png_counts_too() -> None:
    data = png(speckled_frame())
    end = png_chunk(b"IEND", b"")
    assert refused_as(data[: -len(end)] + png_chunk(b"eXIf", pictures.exif(6)) + end) == "rotated-image"


@pytest.mark.parametrize(
    ("data", "word"),
    [
        (pictures.PNG_SIGNATURE + png_chunk(b"IDAT", b""), "damaged-png"),
        (pictures.PNG_SIGNATURE + png_header(365, 430, colour_type=5), "damaged-png"),
        (pictures.PNG_SIGNATURE, "truncated-png"),
        (b"\xff\xd8\xff\xd9", "truncated-jpeg"),
        (b"\xff\xd8" + jpeg_segment(0xC0, b"\x08"), "damaged-jpeg"),
        (b"\xff\xd8" + jpeg_segment(0xDA, b"\x01"), "damaged-jpeg"),
        (b"II*\x00\xff\xff\xff\xff", "truncated-tiff"),
        (b"II*\x00" + struct.pack("<IHHHIII", 8, 1, 273, 4, 1 << 30, 0, 0), "damaged-tiff"),
        (b"BM" + bytes(60), "damaged-bmp"),
        (b"BM", "truncated-bmp"),
    ],
)
def test_structure_that_makes_no_sense_is_refused(data: bytes, word: str) -> None:
    assert refused_as(data) == word


def test_jpeg_with_two_frame_headers_is_refused() -> None:
    data = encoded(".jpg", speckled_frame())
    place = data.index(b"\xff\xc0")
    (length,) = struct.unpack_from(">H", data, place + 2)
    assert refused_as(data[:place] + data[place : place + 2 + length] + data[place:]) == "multi-page"


def test_tiff_without_strips_is_refused() -> None:
    assert refused_as(tiff(speckled_frame(), tags={279: 0})) == "truncated-tiff"
    data = tiff(speckled_frame()).replace(struct.pack("<HH", 273, 4), struct.pack("<HH", 270, 4), 1)
    assert refused_as(data) == "damaged-tiff"


def test_tiff_that_declares_a_next_page_is_refused_even_if_it_is_not_there() -> None:
    assert refused_as(tiff(speckled_frame(), next_page=8)) == "multi-page"


def test_grey_palette_of_a_bmp_is_grey() -> None:
    assert decode_scan(encoded(".bmp", speckled_frame()), "scan").pixels.tolist() == speckled_frame().tolist()


def test_bmp_stored_from_the_top_down_is_read() -> None:
    data = encoded(".bmp", np.flipud(speckled_frame()))
    upside_down = pictures.bmp_with_header(data, 22, "i", -365)
    assert np.array_equal(decode_scan(upside_down, "scan").pixels, speckled_frame())


def test_planes_of_16_bits_stored_apart_are_named() -> None:
    # One after the other, three equal planes: the bytes of a picture of three times the rows.
    grey = speckled_frame().astype(np.uint16) * 257
    data = tiff(np.vstack([grey] * 3), tags={257: len(grey), 278: len(grey), 262: 2, 277: 3, 284: 2})
    assert refused_as(data) == "separate-planes"
