from __future__ import annotations

import cv2
import numpy as np

from benchmarks.evidence.overlay import PICTURE, draw

MAX_MEAN_DIFFERENCE = 2.0  # grey levels: what JPEG of this quality changes


def test_the_picture_of_the_readme_shows_what_the_model_finds() -> None:
    committed = cv2.imdecode(np.frombuffer(PICTURE.read_bytes(), np.uint8), cv2.IMREAD_COLOR)
    drawn = draw()
    assert committed.shape == drawn.shape
    assert np.abs(committed.astype(float) - drawn).mean() < MAX_MEAN_DIFFERENCE
    assert (
        np.abs(committed.astype(float) - drawn[:, ::-1]).mean() > 2 * MAX_MEAN_DIFFERENCE
    )  # another picture is not it
