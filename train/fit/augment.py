"""Augmentation: a draw of parameters first, its application second, so that a draw can be replayed on scan and labels.

Brightness is the evidence for opacity, so grey levels move only as much as devices and exposures really differ; the
recipe says how much. Geometry is free.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import numpy as np

from edge_runtime.measure.lens import TissueLabel

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from train.data.grid import GridScan


@dataclass(frozen=True, slots=True)
class AugmentConfig:
    """Ranges of the draws; 0 switches a part off. The defaults change nothing.

    Attributes
    ----------
    flip
        Mirror the frame left to right in half of the draws.
    rotation_deg
        Rotate by at most this (15 in the paper).
    scale
        Enlarge or shrink by a factor of at most 1 + this.
    shift
        Move the lens from the window's centre by at most this share of the window.
    gain
        SD of the natural logarithm of a factor on grey.
    gamma
        SD of the natural logarithm of an exponent on grey.
    offset
        SD of a grey level (fraction of white) added to the frame: what a moved floor of the display window does.
    blur
        Largest SD of a Gaussian blur, network-grid pixels.
    noise
        Largest SD of pixel noise, fraction of white.
    whole_frame
        Share of the steps that see whole frames instead of windows around the lens.
    """

    flip: bool = False
    rotation_deg: float = 0.0
    scale: float = 0.0
    shift: float = 0.0
    gain: float = 0.0
    gamma: float = 0.0
    offset: float = 0.0
    blur: float = 0.0
    noise: float = 0.0
    whole_frame: float = 0.0

    def __post_init__(self) -> None:
        for field in fields(self):
            if getattr(self, field.name) < 0:
                raise ValueError(f"{field.name} of at least 0 was expected, got {getattr(self, field.name)}")
        if self.whole_frame > 1 or self.scale >= 1:
            raise ValueError("whole_frame of at most 1 and scale below 1 were expected")


@dataclass(frozen=True, slots=True)
class Draw:
    """One drawn augmentation: enough to repeat it exactly.

    Attributes
    ----------
    centre_row, centre_column
        Point of the frame, in network-grid pixels, that comes to the centre of the window.
    rotation_deg, scale, flip
        Geometry about that point.
    gain, gamma, offset
        Grey becomes clip(gain * grey ** gamma + offset, 0, 1).
    blur, noise
        SD of the blur in pixels and of the noise in fractions of white.
    noise_seed
        Seed of the noise.
    """

    centre_row: float
    centre_column: float
    rotation_deg: float = 0.0
    scale: float = 1.0
    flip: bool = False
    gain: float = 1.0
    gamma: float = 1.0
    offset: float = 0.0
    blur: float = 0.0
    noise: float = 0.0
    noise_seed: int = 0


def centred(scan: GridScan, window: tuple[int, int]) -> Draw:
    """Return the draw that changes nothing: the window about the lens, moved inside the frame as the runtime does.

    Without a lens the window lies about the centre of the frame.
    """
    row, column = _lens_centre(scan)
    return Draw(centre_row=_inside(row, window[0], scan.rows), centre_column=_inside(column, window[1], scan.columns))


def draw(config: AugmentConfig, scan: GridScan, window: tuple[int, int], generator: np.random.Generator) -> Draw:
    """Draw one augmentation.

    Parameters
    ----------
    config
        Ranges.
    scan
        Size of the frame and place of its lens.
    window
        (rows, columns) of the result, network-grid pixels.
    generator
        The only source of chance.
    """
    # Always the same number of draws in the same order: switching a part off leaves the others as they were.
    uniform = generator.uniform(-1.0, 1.0, size=6)
    normal = generator.standard_normal(3)
    flip, noise_seed = generator.random() < 0.5, int(generator.integers(2**63))
    still = centred(scan, window)
    row = still.centre_row + config.shift * window[0] * uniform[0]
    column = still.centre_column + config.shift * window[1] * uniform[1]
    return Draw(
        centre_row=_inside(row, window[0], scan.rows),
        centre_column=_inside(column, window[1], scan.columns),
        rotation_deg=config.rotation_deg * uniform[2],
        scale=(1 + config.scale) ** uniform[3],
        flip=config.flip and flip,
        gain=math.exp(config.gain * normal[0]),
        gamma=math.exp(config.gamma * normal[1]),
        offset=config.offset * normal[2],
        blur=config.blur * abs(uniform[4]),
        noise=config.noise * abs(uniform[5]),
        noise_seed=noise_seed,
    )


def apply(
    drawn: Draw, grey: NDArray[np.float32], labels: NDArray[np.uint8], window: tuple[int, int]
) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    """Apply a draw to a frame and its labels.

    Parameters
    ----------
    drawn
        The augmentation.
    grey
        (rows, columns) float32 in [0, 1], a whole frame on the network grid.
    labels
        (rows, columns) uint8 of `TissueLabel`.
    window
        (rows, columns) of the result.

    Returns
    -------
    grey : (window rows, window columns) float32 in [0, 1]
    labels : (window rows, window columns) uint8; outside the frame: black, and background
    """
    grey, labels = _place(drawn, grey, labels, window)
    return _tone(drawn, grey), labels


def apply_codes(drawn: Draw, codes: NDArray[np.uint8], window: tuple[int, int], beyond: int) -> NDArray[np.uint8]:
    """Apply a draw to maps of codes at half of the frame's resolution.

    Parameters
    ----------
    drawn
        The augmentation.
    codes
        (n, rows / 2, columns / 2) uint8.
    window
        (rows, columns) of the result at the full resolution.
    beyond
        The code of what lies outside of the frame.

    Returns
    -------
    (n, window rows / 2, window columns / 2) uint8
    """
    import cv2

    matrix = _matrix(drawn, window)
    # The centre of a coarse pixel lies half a fine one beyond the fine one that it begins with.
    half = np.full(2, 0.5)
    matrix[:, 2] = (matrix[:, 2] + matrix[:, :2] @ half - half) / 2
    size, flags = (window[1] // 2, window[0] // 2), cv2.INTER_NEAREST | cv2.WARP_INVERSE_MAP
    placed = [cv2.warpAffine(one, matrix, size, flags=flags, borderValue=beyond) for one in codes]
    return np.stack(placed).astype(np.uint8, copy=False)


def _place(
    drawn: Draw, grey: NDArray[np.float32], labels: NDArray[np.uint8], window: tuple[int, int]
) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    import cv2

    matrix = _matrix(drawn, window)
    size = (window[1], window[0])
    placed_grey = cv2.warpAffine(grey, matrix, size, flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)
    placed_labels = cv2.warpAffine(
        labels,
        matrix,
        size,
        flags=cv2.INTER_NEAREST | cv2.WARP_INVERSE_MAP,
        borderValue=int(TissueLabel.BACKGROUND),
    )
    return placed_grey.astype(np.float32, copy=False), placed_labels.astype(np.uint8, copy=False)


def _matrix(drawn: Draw, window: tuple[int, int]) -> NDArray[np.float64]:
    """From (column, row) of the window to (column, row) of the frame, (2, 3)."""
    # A whole number of pixels where nothing turns or grows, so that such a window is a plain cut.
    top, left = round(drawn.centre_row - window[0] / 2), round(drawn.centre_column - window[1] / 2)
    angle = math.radians(drawn.rotation_deg)
    cosine, sine = math.cos(angle) / drawn.scale, math.sin(angle) / drawn.scale
    middle_row, middle_column = (window[0] - 1) / 2, (window[1] - 1) / 2
    mirror = -1.0 if drawn.flip else 1.0
    # Window (column, row) -> frame (column, row).
    matrix = np.array([[mirror * cosine, -sine, 0.0], [mirror * sine, cosine, 0.0]])
    matrix[:, 2] = np.array([left + middle_column, top + middle_row]) - matrix[:, :2] @ np.array(
        [middle_column, middle_row]
    )
    return matrix


def _tone(drawn: Draw, grey: NDArray[np.float32]) -> NDArray[np.float32]:
    import cv2

    if drawn.blur > 0:
        grey = cv2.GaussianBlur(grey, (0, 0), drawn.blur).astype(np.float32, copy=False)
    if drawn.gamma != 1:
        grey = np.power(grey, np.float32(drawn.gamma))
    grey = np.float32(drawn.gain) * grey + np.float32(drawn.offset)
    if drawn.noise > 0:
        noise = np.random.default_rng(drawn.noise_seed).standard_normal(grey.shape, dtype=np.float32)
        grey = grey + np.float32(drawn.noise) * noise
    clipped: NDArray[np.float32] = np.clip(grey, 0.0, 1.0, dtype=np.float32)
    return clipped


def _lens_centre(scan: GridScan) -> tuple[float, float]:
    if scan.lens_box is None:
        return scan.rows / 2, scan.columns / 2
    top, left, bottom, right = scan.lens_box
    return (top + bottom) / 2, (left + right) / 2


def _inside(centre: float, window: int, frame: int) -> float:
    """Move a centre so that the window stays inside the frame, or lies about its middle when it is larger."""
    if window >= frame:
        return frame / 2
    return min(max(centre, window / 2), frame - window / 2)
