"""A frame at an eighth of its native resolution, on which whole frames are looked at."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .window import NATIVE_PITCH_UM

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

COARSE_STEP = 8  # native pixels per coarse pixel
COARSE_MM = COARSE_STEP * NATIVE_PITCH_UM / 1000  # side of a coarse pixel


def coarse_grey(frame: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Means of 8 x 8 pixels of a (rows, columns) uint8 native frame; what fills no block is left out.

    Returns
    -------
    (rows // 8, columns // 8) uint8; empty where a side is shorter than a block
    """
    import cv2

    rows, columns = frame.shape[0] // COARSE_STEP, frame.shape[1] // COARSE_STEP
    if not rows or not columns:
        return frame[:0, :0]
    whole_steps = frame[: rows * COARSE_STEP, : columns * COARSE_STEP]  # by a whole number it is 7 ms faster
    small: NDArray[np.uint8] = cv2.resize(whole_steps, (columns, rows), interpolation=cv2.INTER_AREA).astype(
        "uint8", copy=False
    )
    return small
