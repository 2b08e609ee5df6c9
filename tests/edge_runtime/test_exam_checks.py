"""Saved copies of one scan in an exam are named; two scans are not called copies."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from edge_runtime import CataractAnalyzer, EyeResult
from edge_runtime.exam_checks import LEAST_ALIKE, likeness, sketch
from edge_runtime.golden import SAMPLES
from edge_runtime.reading.raster import read_scan

from .pictures import encoded, speckled_frame

SAMPLE = SAMPLES / "simulated-cataract.png"


def copies_in(eye: EyeResult) -> list[tuple[str | None, str]]:
    return [(notice.source, notice.message) for notice in eye.notices if notice.code == "near-copy"]


@pytest.mark.parametrize("quality", [50, 75, 95])
@pytest.mark.parametrize("size", [1, 2])
def test_a_scan_that_was_saved_again_is_named(
    quality: int, size: int, bundled_analyzer: CataractAnalyzer, tmp_path: Path
) -> None:
    grey = read_scan(SAMPLE).pixels
    small = cv2.resize(grey, (grey.shape[1] // size, grey.shape[0] // size), interpolation=cv2.INTER_AREA)
    copy = tmp_path / "again.jpg"
    copy.write_bytes(encoded(".jpg", small, cv2.IMWRITE_JPEG_QUALITY, quality))
    eye = bundled_analyzer.analyze_exam([SAMPLE, SAMPLES / "simulated-clear.png", copy])
    assert copies_in(eye) == [("again.jpg", "It shows the picture of simulated-cataract.png, saved again.")]
    assert len(eye.scans) == 3


def test_the_same_eye_with_other_noise_is_no_copy() -> None:
    frame = speckled_frame()
    noise = np.random.default_rng(1).normal(0, 8, frame.shape)
    again = np.clip(np.roll(frame, 3, axis=1) + noise, 0, 255).astype(np.uint8)
    assert likeness(sketch(frame), sketch(again)) < LEAST_ALIKE < likeness(sketch(frame), sketch(frame))


def test_a_picture_without_grain_is_like_nothing() -> None:
    plain = np.full((365, 430), 7, np.uint8)
    assert likeness(sketch(plain), sketch(plain)) == 0
