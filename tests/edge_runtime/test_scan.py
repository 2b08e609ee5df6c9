"""Pixels from memory become a scan that nobody can change."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from edge_runtime.errors import ScanError
from edge_runtime.scan import MAX_PIXELS, Scan, scan_from_pixels
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
        (np.zeros((4, 4, 3), np.uint8), "not-a-scan"),
        (np.zeros(16, np.uint8), "not-a-scan"),
        (np.zeros((4, 4), np.float32), "not-a-scan"),
        (np.zeros((4, 4), np.int16), "not-a-scan"),
        (np.zeros((4, 4), bool), "not-a-scan"),
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
