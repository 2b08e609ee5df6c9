"""Label maps: read, checked and brought to the network grid."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from edge_runtime.frame.resample import block_sum
from edge_runtime.frame.window import NATIVE_PITCH_UM
from edge_runtime.measure.lens import (
    MAX_SIDE_MM,
    MIN_DEPTH_MM,
    MIN_FILL,
    MIN_WIDTH_MM,
    TissueLabel,
    largest_component,
)

# A blink or a lid may leave little of a lens; a lens of 9.9 x 10.2 mm, as optical path shows it, fills 79 square mm.
LEAST_LENS_MM2, MOST_LENS_MM2 = 1.0, 90.0
LEAST_PIECE = 0.5  # of the lens: so much of it must hang together

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray


def read_labels(path: Path, shape: tuple[int, int] | None = None) -> NDArray[np.uint8]:
    """Read a label map; `shape` is the (rows, columns) of its image.

    Raises
    ------
    ValueError
        Saying what is wrong with the file.
    """
    import cv2

    data = path.read_bytes()
    labels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED) if data else None
    if labels is None:
        raise ValueError("cannot be decoded")
    if labels.ndim != 2 or labels.dtype != np.uint8:
        raise ValueError(f"one 8-bit channel was expected, got shape {labels.shape}, {labels.dtype}")
    unknown = np.unique(labels[labels > max(TissueLabel)])
    if unknown.size:
        raise ValueError(f"unknown label value(s) {', '.join(map(str, unknown))}; 0, 1 and 2 were expected")
    if shape not in {None, labels.shape}:
        (rows, columns), (image_rows, image_columns) = labels.shape, shape or (0, 0)
        raise ValueError(f"wrong size, {columns} x {rows}; the image has {image_columns} x {image_rows}")
    return labels.astype(np.uint8, copy=False)


def native_labels(labels: NDArray[np.uint8], native_shape: tuple[int, int]) -> NDArray[np.uint8]:
    """Bring a label map of the scan's pixels to the native frame, by the nearest pixel."""
    import cv2

    if labels.shape == native_shape:
        return labels
    size = (native_shape[1], native_shape[0])
    return cv2.resize(labels, size, interpolation=cv2.INTER_NEAREST_EXACT).astype(np.uint8, copy=False)


def labels_on_grid(labels: NDArray[np.uint8], grid: int) -> NDArray[np.uint8]:
    """Bring a label map to the network grid.

    A block is lens when more than half of its pixels are, and cataract when at least half of its lens pixels are: a
    border pixel shared by three classes is not lost to the background.
    """
    cataract = block_sum((labels == TissueLabel.CATARACT).astype(np.uint8), grid)
    lens = cataract + block_sum((labels == TissueLabel.CLEAR_LENS).astype(np.uint8), grid)
    result = np.full(lens.shape, TissueLabel.BACKGROUND, np.uint8)
    is_lens = 2 * lens > grid**2
    result[is_lens] = TissueLabel.CLEAR_LENS
    result[is_lens & (2 * cataract >= lens)] = TissueLabel.CATARACT
    return result


def lens_box(labels: NDArray[np.uint8]) -> tuple[int, int, int, int] | None:
    """Bounding box (top, left, bottom, right), half open, of the lens in a label map; None where there is none."""
    lens = labels != TissueLabel.BACKGROUND
    rows, columns = np.flatnonzero(lens.any(axis=1)), np.flatnonzero(lens.any(axis=0))
    if not rows.size:
        return None
    return int(rows[0]), int(columns[0]), int(rows[-1]) + 1, int(columns[-1]) + 1


def contradictions(labels: NDArray[np.uint8], group: str, grid: int, *, by_hand: bool = True) -> list[str]:
    """What a label map cannot be, given the group of its eye.

    Parameters
    ----------
    labels
        (rows, columns) uint8 of `TissueLabel` on the network grid.
    group
        "clear", "cataract", or "" for a scan without a lens that can be graded.
    grid
        Native pixels per network-grid pixel.
    by_hand
        Whether somebody painted it: then the lens must have the size and the shape that the runtime asks of a lens.

    Returns
    -------
    list of str
        Empty when nothing speaks against it.
    """
    clear, cataract = (
        int(np.count_nonzero(labels == label)) for label in (TissueLabel.CLEAR_LENS, TissueLabel.CATARACT)
    )
    if not group:
        return ["shows a lens, but its group is empty: no lens can be graded there"] if clear or cataract else []
    if not clear and not cataract:
        return [f"is empty, but its group is {group}"]
    found = list(_faults_of_shape(labels, grid)) if by_hand else []
    if group == "clear" and cataract > clear:
        found.append("is mostly cataract, but its group is clear: are the labels 1 and 2 swapped?")
    return found


def _faults_of_shape(labels: NDArray[np.uint8], grid: int) -> Iterator[str]:
    """Why a lens cannot have this size or shape; one that the frame cuts may be as small as its visible part."""
    kept, region = largest_component(labels)
    area = (region.pixels + region.dropped) * (grid * NATIVE_PITCH_UM / 1000) ** 2
    depth, width = region.depth_mm(grid), region.width_mm(grid)
    cut = any(side.any() for side in (kept[0], kept[-1], kept[:, 0], kept[:, -1]))
    size = f"shows a lens {depth:.2f} mm deep and {width:.2f} mm wide"
    if region.is_too_large(grid) or area > MOST_LENS_MM2:
        yield (
            f"{size}, {area:.1f} square mm; at most {MAX_SIDE_MM:g} mm and {MOST_LENS_MM2:g} square mm were expected: "
            "are lens and background swapped?"
        )
    elif region.is_too_small(grid) and not cut:
        yield f"{size}; at least {MIN_DEPTH_MM:g} mm and {MIN_WIDTH_MM:g} mm were expected"
    elif area < LEAST_LENS_MM2:
        yield f"shows a lens of {area:.2f} square mm; at least {LEAST_LENS_MM2:g} was expected"
    elif not region.is_solid() and not cut:
        yield f"shows a lens that is not solid: it fills less than {MIN_FILL:.0%} of the box around it"
    elif region.pixels < LEAST_PIECE * (region.pixels + region.dropped):
        yield "shows a lens in pieces: its largest piece is less than half of it"
