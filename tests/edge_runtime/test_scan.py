"""Pixels from memory become a scan that nobody can change."""

from __future__ import annotations

from typing import Any, cast

import numpy as np
import pytest

from edge_runtime.errors import ScanError, UsageError
from edge_runtime.scan import MAX_PIXELS, Scan, ScanSource, scan_from_pixels
from tests.edge_runtime.pictures import speckled_frame


def test_pixels_from_memory_are_copied_and_cannot_be_changed() -> None:
    frame = speckled_frame()
    scan = scan_from_pixels(frame)
    frame[:] = 0
    assert np.array_equal(scan.pixels, speckled_frame())
    assert (scan.source, scan.full_scale) == ("", 255)
    with pytest.raises(ValueError, match="read-only"):
        scan.pixels[0, 0] = 1


def test_pixels_from_memory_may_have_any_layout() -> None:
    turned = np.asfortranarray(speckled_frame().astype(np.uint16))
    scan = scan_from_pixels(turned)
    assert np.array_equal(scan.pixels, speckled_frame())
    assert scan.sha256 == scan_from_pixels(np.ascontiguousarray(turned)).sha256


@pytest.mark.parametrize(
    ("frame", "word"),
    [
        (np.zeros((4, 4, 3), np.uint8), "bad-array"),
        (np.zeros(16, np.uint8), "bad-array"),
        (np.zeros((4, 4), np.float32), "bad-array"),
        (np.zeros((4, 4), np.int16), "bad-array"),
        (np.zeros((4, 4), bool), "bad-array"),
        (np.zeros((0, 4), np.uint8), "empty-image"),
        (np.full((4, 4), 9, np.uint8), "constant-image"),
        (np.zeros((1, MAX_PIXELS + 1), np.uint8), "too-many-pixels"),
    ],
)
def test_array_that_is_no_scan_is_refused(frame: np.ndarray[Any, Any], word: str) -> None:
    with pytest.raises(ScanError) as caught:
        scan_from_pixels(frame)
    assert caught.value.word == word


def test_scan_of_a_constant_value_says_which() -> None:
    with pytest.raises(ScanError, match="Every pixel is 9"):
        Scan(np.full((4, 4), 9, np.uint8), 255, "", "")


@pytest.mark.parametrize("bits", [0, 7, 17, -12, 2**70, True, "12", 12.0, [12]])
def test_bits_that_no_device_records_are_refused(bits: Any) -> None:
    with pytest.raises(UsageError) as caught:
        scan_from_pixels(speckled_frame()).of_bits(bits)
    assert (caught.value.word, caught.value.exit_code) == ("bad-bits", 2)


def test_more_bits_than_a_sample_holds_are_refused() -> None:
    with pytest.raises(ScanError, match="12 bits were declared, and the scan has 8") as caught:
        scan_from_pixels(speckled_frame()).of_bits(12)
    assert caught.value.word == "unsupported-depth"


def test_a_pixel_above_the_declared_white_is_refused() -> None:
    pixels = speckled_frame().astype(np.uint16) * 100
    with pytest.raises(ScanError, match="white is declared as 4095") as caught:
        scan_from_pixels(pixels).of_bits(12)
    assert caught.value.word == "brighter-than-white"


def test_eight_bits_and_no_bits_leave_a_scan_of_8_bits_as_it_is() -> None:
    scan, eight_of_numpy = scan_from_pixels(speckled_frame()), cast("int", np.int64(8))
    assert scan.of_bits(None) is scan
    assert scan.of_bits(8).full_scale == scan.full_scale == 255
    assert scan.of_bits(eight_of_numpy).sha256 == scan.sha256


def test_a_scan_that_cannot_be_read_says_why_when_its_turn_comes() -> None:
    error = ScanError("damaged-png", "It is damaged.", "Export it again.")
    source = ScanSource.unreadable("folder/a.png", error)
    assert source.name == "folder/a.png"
    with pytest.raises(ScanError) as raised:
        source.scan()
    assert raised.value is error
