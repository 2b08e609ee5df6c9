"""Colour-coded cataract probability over the original, uncropped scan (Zeboulon et al. 2022, Fig. 3)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from edge_runtime.frame.resample import at_8_bits
from edge_runtime.measure.lens import TissueLabel

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from edge_runtime.results import ScanResult

OPACITY = 0.45  # of the colours over the grey scan
OUTLINE = (255, 255, 255)
CAPTION = "Research use only. Model trained on {}."


def draw_overlay(result: ScanResult) -> NDArray[np.uint8]:
    """Draw one analysed scan.

    Returns
    -------
    (rows, columns, 3) uint8 in cv2's blue-green-red order, rows and columns of the scan: hot colours where cataract is
    probable, inside the lens only; the lens outline; a colour bar; the Cataract Fraction.
    """
    import cv2

    lens = result.labels != TissueLabel.BACKGROUND
    box = _bounding_box(lens)  # colours are needed there only: whole frames of them are most of a small device's memory
    probability = np.rint(result.cataract_probability[box] * 255).astype(np.uint8)
    picture: NDArray[np.uint8] = cv2.cvtColor(_grey(result), cv2.COLOR_GRAY2BGR).astype(np.uint8, copy=False)
    if probability.size:
        colours = cv2.applyColorMap(probability, cv2.COLORMAP_TURBO)
        blended = cv2.addWeighted(picture[box], 1 - OPACITY, colours, OPACITY, 0)
        picture[box][lens[box]] = blended[lens[box]]
    unit = max(1, round(min(picture.shape[:2]) / 900))
    outline, _ = cv2.findContours(lens.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    cv2.drawContours(picture, outline, -1, OUTLINE, unit, cv2.LINE_AA)
    _draw_colour_bar(picture, unit)
    _write(picture, _headline(result), (16 * unit, 34 * unit), 0.8, unit)
    _write(
        picture,
        CAPTION.format(result.trained_on.partition(":")[0]),
        (16 * unit, picture.shape[0] - 16 * unit),
        0.5,
        unit,
    )
    return picture


def _bounding_box(chosen: NDArray[np.bool_]) -> tuple[slice, slice]:
    """Smallest box that holds every true pixel; empty where there is none."""
    rows, columns = (np.flatnonzero(chosen.any(axis=axis)) for axis in (1, 0))
    if not rows.size:
        return slice(0, 0), slice(0, 0)
    return slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1)


def _grey(result: ScanResult) -> NDArray[np.uint8]:
    """The scan at 8 bits; 16-bit scans over their declared full scale, only for the eye."""
    pixels = result.scan.pixels
    return at_8_bits(pixels, 0.0, 255.0 if pixels.dtype == np.uint8 else float(result.scan.full_scale))


def _headline(result: ScanResult) -> str:
    if result.cataract_fraction is None:
        return "Not graded: " + ", ".join(result.reasons)
    return f"Cataract Fraction {result.cataract_fraction:.2f}"


def _draw_colour_bar(picture: NDArray[np.uint8], unit: int) -> None:
    """A vertical bar from 0 to 1 at the upper right, over whatever is there."""
    import cv2

    rows, columns = picture.shape[:2]
    height, width = min(200 * unit, rows // 3), min(14 * unit, columns // 12)
    if height < 8 or width < 2:
        return
    top, left = min(50 * unit, rows // 8), columns - width - min(52 * unit, columns // 8)
    ramp = np.linspace(255, 0, height).astype(np.uint8)[:, None].repeat(width, axis=1)
    picture[top : top + height, left : left + width] = cv2.applyColorMap(ramp, cv2.COLORMAP_TURBO)
    for value, row in (("1", top), ("0", top + height)):
        _write(picture, value, (left + width + 5 * unit, row + 5 * unit), 0.5, unit)
    _write(picture, "P(cataract)", (left + width - 100 * unit, top - 14 * unit), 0.5, unit)


def _write(picture: NDArray[np.uint8], text: str, place: tuple[int, int], size: float, unit: int) -> None:
    """Light letters with a dark edge, at (column, row)."""
    import cv2

    # The edge is the text itself, moved: heavier letters would also be wider, and stand beside.
    shifts = [(across * unit, down * unit) for across in (-1, 0, 1) for down in (-1, 0, 1) if across or down]
    for across, down in [*shifts, (0, 0)]:
        colour = (0, 0, 0) if across or down else (255, 255, 255)
        at = (place[0] + across, place[1] + down)
        cv2.putText(picture, text, at, cv2.FONT_HERSHEY_SIMPLEX, size * unit, colour, unit, cv2.LINE_AA)
