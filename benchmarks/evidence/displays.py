"""Measure how far the display drops out of what a network sees: the same eyes under several settings and sizes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeAlias, cast

import cv2
import numpy as np

from edge_runtime import CataractAnalyzer, Limits
from edge_runtime.frame.brightness import HIGHEST_DB, LOWEST_DB, Brightness, referenced_grey
from edge_runtime.frame.prepare import prepare_frame
from edge_runtime.frame.profiles import load_profile
from edge_runtime.frame.resample import block_sum
from edge_runtime.scan import scan_from_pixels
from train.data.evidence import EXCESS_OFFSET_DB, EXCESS_STEPS_PER_DB
from train.data.frames import native_labels
from train.phantom.cohorts.catalogue import plan_cohort
from train.phantom.imaging.plan import DISPLAY_SETTINGS
from train.phantom.patient import make_eye
from train.phantom.render import render

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from edge_runtime.frame.prepare import Frame
    from train.phantom.render import RenderedScan

    Picture: TypeAlias = NDArray[np.uint8] | NDArray[np.uint16]

SEED = 31  # of no cohort that anything is trained or judged on
GRID = 4
DB_PER_GREY = (HIGHEST_DB - LOWEST_DB) / 255
BORDER_DB = (2.0, 4.0)  # excess of the pixels that decide about the label: an opacity begins at 3 dB
MIN_BLOCKS = 200
SIZES = (0.7, 0.5, 0.4)  # of the device's own frame


def five_displays(number: int) -> dict[str, list[float]] | None:
    """Measure one eye's mean level, in dB, near the border of opacity, per setting; None where it has too few."""
    patients = plan_cohort("display", SEED)
    eye_plan, scans = patients[(2 * number + 1) % len(patients)].eyes[0]  # every second one has cataract
    eye = make_eye(eye_plan)
    levels: dict[str, list[float]] = {"referenced": [], "nominal": [], "as_shown_grey": []}
    for setting in range(1, len(DISPLAY_SETTINGS) + 1):
        rendered = render(eye, replace(scans[0], setting=setting))
        frame = frame_of(rendered)
        border = _near_the_border(rendered, frame.shape)
        if np.count_nonzero(border) < MIN_BLOCKS:
            return None
        for name, grey in _scales(frame):
            summed = block_sum(grey, GRID)[: border.shape[0], : border.shape[1]] / GRID**2
            level = float(summed[border].mean())
            levels[name].append(level if name == "as_shown_grey" else level * DB_PER_GREY + LOWEST_DB)
    return levels


def frame_of(rendered: RenderedScan) -> Frame:
    """Prepare a phantom scan as for the bundled model."""
    profile = load_profile(str(rendered.notes["profile"]))
    return prepare_frame(scan_from_pixels(rendered.picture), profile, Brightness.REFERENCED)


def _near_the_border(rendered: RenderedScan, shape: tuple[int, int]) -> NDArray[np.bool_]:
    """Return the blocks of the network grid that are all lens and whose opacity is near the limit of the label."""
    excess = _blocks(native_labels(rendered.truth.excess, shape).astype(np.float32))
    excess_db = excess / EXCESS_STEPS_PER_DB - EXCESS_OFFSET_DB
    lens = _blocks((native_labels(rendered.truth.labels, shape) > 0).astype(np.float32)) == 1
    border: NDArray[np.bool_] = lens & (excess_db > BORDER_DB[0]) & (excess_db < BORDER_DB[1])
    return border


def _scales(frame: Frame) -> Iterator[tuple[str, NDArray[np.uint8]]]:
    """Yield the frame on every scale: on the eye's own, on the nominal one, and as the display shows it."""
    yield "referenced", frame.graded(frame.grey)
    yield "nominal", cv2.LUT(frame.grey, referenced_grey(None)).astype(np.uint8, copy=False)
    yield "as_shown_grey", frame.grey


def ranges(eyes: list[dict[str, list[float]]]) -> dict[str, Any]:
    """Return the range over the five settings: median and 95th percentile of eyes."""
    found: dict[str, Any] = {"eyes": len(eyes)}
    for name in eyes[0] if eyes else ():
        one = [float(np.ptp(eye[name])) for eye in eyes]
        found[name] = {"median": float(np.median(one)), "percentile_95": float(np.percentile(one, 95))}
    return found


def fractions_at_sizes(number: int) -> dict[str, list[float | None]]:
    """Measure the Cataract Fraction of a cataract eye's scan at its own size and smaller, with speckle and without."""
    eyes = [eye for patient in plan_cohort("validation", SEED) for eye in patient.eyes if eye[0].cataract]
    eye_plan, scans = eyes[number % len(eyes)]
    picture = render(make_eye(eye_plan), scans[0]).picture
    rows, columns = picture.shape
    analyzer = CataractAnalyzer(limits=Limits(threads=1))
    found: dict[str, list[float | None]] = {"contrast": [], "speckle_too": []}
    for size in (1.0, *SIZES):
        # cv2 keeps the type of the pixels, which its annotations do not say.
        smaller = cast("Picture", cv2.resize(picture, None, fx=size, fy=size, interpolation=cv2.INTER_AREA))
        found["contrast"].append(analyzer.analyze_pixels(smaller).cataract_fraction)
        spread_out = cast("Picture", cv2.resize(smaller, (columns, rows), interpolation=cv2.INTER_LINEAR))
        # `spread_out` is taken for the device's own pixels.
        found["speckle_too"].append(analyzer.analyze_pixels(spread_out).cataract_fraction)
    return found


def moved_by_size(eyes: list[dict[str, list[float | None]]]) -> dict[str, Any]:
    """Return by how much a size changes the Cataract Fraction: the mean, and the 95th percentile of its amount."""
    found: dict[str, Any] = {"scans": len(eyes)}
    for name in eyes[0]:
        values = np.array([[np.nan if one is None else one for one in eye[name]] for eye in eyes], np.float64)
        moved = values[:, 1:] - values[:, :1]
        found[name] = {
            str(size): {
                "graded_in_both": int(np.isfinite(column).sum()),
                "mean": float(np.nanmean(column)),
                "percentile_95": float(np.nanpercentile(np.abs(column), 95)),
            }
            for size, column in zip(SIZES, moved.T, strict=True)
        }
    return found


def _blocks(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the means of whole blocks of the network grid."""
    rows, columns = (side // GRID for side in values.shape)
    blocks = values[: rows * GRID, : columns * GRID].reshape(rows, GRID, columns, GRID)
    means: NDArray[np.float32] = blocks.mean(axis=(1, 3), dtype=np.float32)
    return means
