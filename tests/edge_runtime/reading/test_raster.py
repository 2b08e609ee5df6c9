"""Bytes to pixels, without changing a single grey level."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from edge_runtime.errors import ResourceError, ScanError
from edge_runtime.reading.headers import read_header
from edge_runtime.reading.raster import decode_scan
from edge_runtime.scan import Scan
from tests.conftest import RunProgram
from tests.edge_runtime.pictures import encoded, png, speckled_frame, tiff

TIFF_COMPRESSION = cv2.IMWRITE_TIFF_COMPRESSION


def equal_channels(pixels: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    return np.dstack([pixels] * 3)


LOSSLESS: dict[str, Callable[[np.ndarray[Any, Any]], bytes]] = {
    "png": lambda pixels: encoded(".png", pixels),
    "png interlaced": lambda pixels: png(pixels, interlaced=True),
    "png in many chunks": lambda pixels: png(pixels, chunk_bytes=1000),
    "png of three equal channels": lambda pixels: encoded(".png", equal_channels(pixels)),
    "tiff raw": lambda pixels: encoded(".tiff", pixels, TIFF_COMPRESSION, 1),
    "tiff raw, directory first": lambda pixels: tiff(pixels),
    "tiff lzw": lambda pixels: encoded(".tiff", pixels, TIFF_COMPRESSION, 5),
    "tiff deflate": lambda pixels: encoded(".tiff", pixels, TIFF_COMPRESSION, 8),
    "tiff packbits": lambda pixels: encoded(".tiff", pixels, TIFF_COMPRESSION, 32773),
    "tiff of three equal channels": lambda pixels: encoded(".tiff", equal_channels(pixels)),
    "bmp": lambda pixels: encoded(".bmp", pixels),
    "bmp of three equal channels": lambda pixels: encoded(".bmp", equal_channels(pixels)),
}


@pytest.mark.parametrize("how", LOSSLESS)
def test_lossless_file_gives_back_every_8_bit_level(how: str) -> None:
    scan = decode_scan(LOSSLESS[how](speckled_frame()), "scan")
    assert (scan.bits, scan.full_scale) == (8, 255)
    assert np.array_equal(scan.pixels, speckled_frame())


@pytest.mark.parametrize("how", [name for name in LOSSLESS if "bmp" not in name])
def test_lossless_file_gives_back_every_16_bit_level(how: str) -> None:
    pixels = np.random.default_rng(16).integers(0, 65536, (61, 83)).astype(np.uint16)
    pixels[-1, -1] = 1  # a last row of zeros would be the mark of a cut file
    scan = decode_scan(LOSSLESS[how](pixels), "scan")
    assert (scan.bits, scan.full_scale) == (16, 65535)
    assert np.array_equal(scan.pixels, pixels)


def test_every_level_of_a_12_bit_scan_in_16_bits_survives() -> None:
    pixels = np.arange(4096, dtype=np.uint16).reshape(64, 64)
    assert np.array_equal(decode_scan(encoded(".png", pixels), "scan").pixels, pixels)


def test_grey_jpeg_of_three_channels_is_grey() -> None:
    scan = decode_scan(encoded(".jpg", equal_channels(speckled_frame())), "scan")
    assert np.abs(scan.pixels.astype(int) - speckled_frame()).mean() < 4


def test_raw_tiff_with_a_few_black_rows_at_the_bottom_is_accepted() -> None:
    pixels = speckled_frame()
    pixels[-18:] = 0  # 4.9 %
    assert decode_scan(tiff(pixels), "scan").rows == 365
    pixels[-19:] = 0  # 5.2 %
    with pytest.raises(ScanError, match="never written"):
        decode_scan(tiff(pixels), "scan")
    decode_scan(encoded(".png", pixels), "scan")  # a PNG betrays a cut by its checksums


def test_damaged_jpeg_is_refused_however_quiet_opencv_is_told_to_be(run_program: RunProgram, tmp_path: Path) -> None:
    data = encoded(".jpg", speckled_frame())
    (tmp_path / "cut.jpg").write_bytes(data[: len(data) // 2] + b"\xff\xd9")
    finished = run_program(tmp_path / "cut.jpg", env={"OPENCV_LOG_LEVEL": "SILENT"})
    assert finished.returncode == 65
    assert b"error[truncated-jpeg]" in finished.stderr


def test_decoder_that_finds_no_picture_is_a_damaged_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cv2, "imdecode", lambda *_: None)
    with pytest.raises(ScanError, match="damaged-bmp"):
        decode_scan(encoded(".bmp", speckled_frame()), "scan")


@pytest.mark.parametrize("decoded", [np.zeros((2, 2), np.uint8), np.zeros((365, 430), np.uint16)])
def test_decoder_that_disagrees_with_the_header_is_not_believed(
    decoded: np.ndarray[Any, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cv2, "imdecode", lambda *_: decoded)
    with pytest.raises(ScanError, match="damaged-png"):
        decode_scan(encoded(".png", speckled_frame()), "scan")


def test_decoder_s_own_error_is_translated(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise cv2.error("no")

    monkeypatch.setattr(cv2, "imdecode", fail)
    with pytest.raises(ScanError, match="damaged-tiff") as caught:
        decode_scan(tiff(speckled_frame()), "scan")
    assert isinstance(caught.value.__cause__, cv2.error)


def test_hidden_colour_behind_full_transparency_is_never_shown() -> None:
    with pytest.raises(ScanError, match="alpha-channel"):
        decode_scan(encoded(".png", np.dstack([equal_channels(speckled_frame()), 0 * speckled_frame()])), "scan")


def test_trailing_bytes_behind_a_whole_picture_do_no_harm() -> None:
    for data in (encoded(".png", speckled_frame()), encoded(".bmp", speckled_frame()), tiff(speckled_frame())):
        assert np.array_equal(decode_scan(data + b"trailing bytes", "scan").pixels, speckled_frame())


def test_pixel_brighter_than_the_declared_white_is_refused() -> None:
    with pytest.raises(ScanError, match="brighter-than-white"):
        Scan(np.array([[0, 4096]], np.uint16), 4095, "", "")


def test_bmp_whose_second_half_was_never_written_is_refused() -> None:
    data = encoded(".bmp", speckled_frame() | 1)
    with pytest.raises(ScanError, match="truncated-bmp"):
        decode_scan(data[: len(data) // 2] + bytes(len(data) - len(data) // 2), "")


def test_jpeg_with_another_picture_behind_it_is_refused() -> None:
    data = encoded(".jpg", speckled_frame())
    with pytest.raises(ScanError, match="multi-page"):
        decode_scan(data + data, "")


def test_memory_that_runs_out_in_the_decoder_is_no_damage(monkeypatch: pytest.MonkeyPatch) -> None:
    import cv2

    error = cv2.error("Insufficient memory")
    error.code = cv2.Error.StsNoMem

    def exhausted(*_: object) -> None:
        raise error

    monkeypatch.setattr(cv2, "imdecode", exhausted)
    with pytest.raises(ResourceError, match="out-of-memory"):
        decode_scan(encoded(".png", speckled_frame()), "")


@pytest.mark.parametrize("channels", [1, 3])
def test_pixels_that_do_not_fit_are_refused_before_they_are_unpacked(channels: int) -> None:
    frame = speckled_frame()
    data = encoded(".png", frame if channels == 1 else equal_channels(frame))
    room = 2 * frame.size * channels  # decoded by cv2, and taken over from it
    with pytest.raises(ResourceError, match="memory-cap"):
        decode_scan(data, "scan", room - 1)
    assert decode_scan(data, "scan", room).pixels.shape == frame.shape


def test_what_a_decoder_holds_beside_the_pixels_counts() -> None:
    """Coefficients of a JPEG of several passes; of a TIFF its largest strip, in colour besides."""
    frame = speckled_frame()
    baseline, progressive = (encoded(".jpg", frame, cv2.IMWRITE_JPEG_PROGRESSIVE, passes) for passes in (0, 1))
    strips, one_strip = (encoded(".tiff", frame, cv2.IMWRITE_TIFF_ROWSPERSTRIP, rows) for rows in (8, len(frame)))
    taken = [read_header(data).decoding_bytes / frame.size for data in (baseline, progressive, strips, one_strip)]
    assert taken == [2, 3, 2, 6]
