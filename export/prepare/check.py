"""Compare the graphs with the runtime, to the bit: on frames of eyes, drawn frames and noise, and on drawn maps."""

from __future__ import annotations

from dataclasses import dataclass
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Self, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_runtime.frame.brightness import Brightness, ReferenceLevels, find_reference_levels, referenced_grey
from edge_runtime.frame.prepare import prepare_frame
from edge_runtime.frame.resample import coarse_grey
from edge_runtime.frame.window import NATIVE_PITCH_UM, CropWindow
from edge_runtime.golden import SAMPLES
from edge_runtime.look.look import STEP, Look
from edge_runtime.look.tissues import Picture, Tissue
from edge_runtime.measure.lens import MAX_SIDE_MM, MIN_DEPTH_MM, MIN_WIDTH_MM, LensPixels, LensRegion, largest_component
from edge_runtime.measure.lens_brightness import BLACK, CLEAR_NUCLEUS, NEARLY_WHITE, LensBrightness
from edge_runtime.measure.lens_measures import LensMaps
from edge_runtime.measure.locate import NEAR_SIDE, LensView
from edge_runtime.measure.quality import LEAST_LABELLED, MIN_CUT_DEPTH_MM, Evidence
from edge_runtime.model.predictor import Prediction
from edge_runtime.model.session import Session
from edge_runtime.reading.raster import read_scan
from export.errors import ParityError
from export.parity_inputs import drawn_scan

from .graph import LEVELS, NO_SPECKLE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


SIZES = ((1, 1), (7, 9), (8, 8), (319, 480), (320, 481), (367, 501), (1100, 1100), (1823, 2149), (400, 3000))
MAPS, TABLES = 120, 500
LABELS = 1000
NOTHING = np.zeros((0, 0), np.uint8)  # tissues without a look
_SIDES = ("top", "bottom", "left", "right")
Arrays = dict[str, NDArray[Any]]


def compare(models: Mapping[str, bytes], seed: int = 0) -> dict[str, int]:
    """Run every graph on its inputs; how many there were, by graph.

    Raises
    ------
    ParityError
        When a single number differs from what the runtime computes.
    """
    rng = np.random.default_rng(seed)
    asked = {"prepare": frames(rng), "table": tables(rng), "crop": crops(rng), "count": labels(rng)}
    return {name: _compare(name, Session(models[name], 1), asked[name]) for name in models}


def _compare(name: str, session: Session, asked: Iterator[tuple[Arrays, Arrays]]) -> int:
    number = 0
    for number, (inputs, expected) in enumerate(asked, 1):
        found = session.run(list(expected), inputs)
        for (output, wanted), value in zip(expected.items(), found, strict=True):
            if value.dtype != wanted.dtype or value.shape != wanted.shape or not np.array_equal(value, wanted):
                raise ParityError(
                    "parity",
                    f"{name} finds another {output} than the runtime in input {number}.",
                    "Nothing to try again: report this.",
                )
    return number


def frames(rng: np.random.Generator) -> Iterator[tuple[Arrays, Arrays]]:
    """Native frames with what the runtime finds in them."""
    for path in sorted(SAMPLES.glob("*.png")):
        grey = prepare_frame(read_scan(str(path)), None, Brightness.REFERENCED).grey
        for variant in _variants(grey, rng):
            for device_pixels in (True, False):
                yield asked_of_frame(variant, device_pixels=device_pixels)
    for rows, columns in SIZES:
        for frame in (drawn_scan(rows, columns, rng), rng.integers(0, 256, (rows, columns), dtype=np.uint8)):
            yield asked_of_frame(frame, device_pixels=True)
    yield asked_of_frame(np.zeros((400, 600), np.uint8), device_pixels=True)


def _variants(grey: NDArray[np.uint8], rng: np.random.Generator) -> Iterator[NDArray[np.uint8]]:
    """The frame itself, and parts, other displays and a mirror image of it."""
    yield grey
    for _ in range(3):
        top, left = (int(rng.integers(0, side // 4)) for side in grey.shape)
        yield np.ascontiguousarray(grey[top // 4 : grey.shape[0] - top, left : grey.shape[1] - left // 2])
        shown = grey * rng.uniform(0.5, 1.6) + rng.uniform(0, 20)
        yield np.clip(shown, 0, 255).astype(np.uint8)
    yield np.ascontiguousarray(grey[::-1])


def asked_of_frame(frame: NDArray[np.uint8], *, device_pixels: bool) -> tuple[Arrays, Arrays]:
    """What `prepare` is given for a frame, and what it must find."""
    coarse = coarse_grey(frame)
    levels = find_reference_levels(frame, coarse, device_pixels=device_pixels)
    expected: Arrays = {
        "coarse": coarse,
        "found": np.array(levels is not None),
        "table": referenced_grey(levels),
    }
    if levels is not None:
        expected["levels"] = levels_vector(levels)
    return {"frame": frame, "device_pixels": np.array(device_pixels)}, expected


def levels_vector(levels: ReferenceLevels) -> NDArray[np.float64]:
    """Reference levels in the order of `prepare`."""
    values = [getattr(levels, name) for name in LEVELS]
    return np.array([NO_SPECKLE if value is None else value for value in values], np.float64)


def tables(rng: np.random.Generator) -> Iterator[tuple[Arrays, Arrays]]:
    """Reference levels with the table that the runtime makes of them."""
    for number in range(TABLES):
        air = float(rng.choice([0.0, rng.uniform(0, 40)]))
        stroma = air + rng.uniform(20, 120)
        speckle = None if number % 3 == 0 else float(rng.uniform(0, 25))
        levels = ReferenceLevels(stroma, stroma + rng.uniform(20, 190), speckle, air)
        yield {"levels": levels_vector(levels)}, {"table": referenced_grey(levels)}


def _drawn_map(shape: tuple[int, int], rng: np.random.Generator) -> NDArray[np.bool_]:
    """A lens with specks, specks alone, or nothing."""
    row, column = np.ogrid[: shape[0], : shape[1]]
    centre, radii = rng.uniform(-0.1, 1.1, 2), rng.uniform(0.02, 0.6, 2)
    distance = ((row / shape[0] - centre[0]) / radii[0]) ** 2 + ((column / shape[1] - centre[1]) / radii[1]) ** 2
    noise = rng.uniform(size=shape)
    specks = noise > rng.choice([0.5, 0.9, 0.999, 2.0])
    drawn: NDArray[np.bool_] = ((distance < 1) & (rng.uniform() < 0.8)) | specks
    return drawn


def crops(rng: np.random.Generator) -> Iterator[tuple[Arrays, Arrays]]:
    """Frames and what a look saw in them, with the window that the runtime cuts."""
    kinds = (1.0, *[0.0] * (len(Picture) - 1))
    for _ in range(MAPS):
        rows, columns = (int(side) for side in rng.integers(150, 2200, 2))
        coarse = rows // 16 + 1, columns // 16 + 1
        frame = rng.integers(0, 256, (rows, columns), dtype=np.uint8)
        table = rng.integers(0, 256, 256).astype(np.uint8)
        tissues = np.where(_drawn_map(coarse, rng), Tissue.NATURAL_LENS, Tissue.NOTHING).astype(np.uint8)
        step, margin = int(rng.choice([8, 64, 128])), int(rng.choice([-STEP, NEAR_SIDE]))
        wanted = np.array([640, 525, 1100, 1100]) if rng.uniform() < 0.7 else rng.integers(0, 900, 4)
        if rng.uniform() < 0.2:
            wanted[2:] = 0
        usual = CropWindow(*map(int, wanted)).within((rows, columns)) if wanted[2] * wanted[3] else None
        usual = usual or CropWindow(0, 0, rows, columns)
        look = Look(tissues, kinds)
        window, box = look.window(usual, (rows, columns), step, margin), np.zeros(4, np.int64)
        if rng.uniform() < 0.3:
            ends = [sorted(rng.choice(side + 1, 2, replace=False)) for side in (rows, columns)]
            box = np.array([ends[0][0], ends[1][0], ends[0][1], ends[1][1]], np.int64)
            window = usual.around((int(box[0]), int(box[1]), int(box[2]), int(box[3])), (rows, columns), step)
        yield (
            {
                "frame": frame,
                "table": table,
                "tissues": tissues,
                "usual": wanted.astype(np.int64),
                "box": box,
                "step": np.array(step, np.int64),
                "margin": np.array(margin, np.int64),
            },
            {
                "window": np.array([window.top, window.left, window.rows, window.columns], np.int64),
                "scan": cv2.LUT(window.cut(frame), table).astype(np.uint8, copy=False),
                "lens_seen": np.array(look.lens_box is not None),
            },
        )


def labels(rng: np.random.Generator) -> Iterator[tuple[Arrays, Arrays]]:
    """Labels of windows, with what the runtime counts in them."""
    for _ in range(LABELS):
        grid = int(rng.choice([2, 4]))
        shape = (int(rng.integers(100, 2200)), int(rng.integers(100, 2200)))
        window = CropWindow(*(int(one) for one in (*rng.integers(0, 700, 2), *rng.integers(1, 1900, 2)))).within(shape)
        grid_shape = (-(-window.rows // grid), -(-window.columns // grid))
        lens = _drawn_map(grid_shape, rng) if rng.uniform() < 0.3 else _box_at_a_limit(grid_shape, grid, rng)
        called = (lens * (1 + (rng.uniform(size=grid_shape) < rng.uniform()))).astype(np.uint8)
        yield asked_of_labels(called, window, shape, grid, _drawn_surroundings(called, window, shape, grid, rng))


@dataclass(frozen=True, slots=True, eq=False)
class Surroundings:
    """What `count` is told beside the labels of a window.

    Attributes
    ----------
    scan
        (rows, columns) uint8, what the network read: grey on the eye's own scale.
    found
        Whether that scale was found.
    tissues
        (rows, columns) uint8 of the look; of no pixels without one.
    """

    scan: NDArray[np.uint8]
    found: bool
    tissues: NDArray[np.uint8]

    @classmethod
    def of(cls, view: LensView) -> Self:
        """Those of a view of the runtime."""
        scan = view.frame.graded(view.window.cut(view.frame.grey))
        return cls(scan, view.frame.levels is not None, NOTHING if view.look is None else view.look.tissues)


def _drawn_surroundings(
    called: NDArray[np.uint8], window: CropWindow, shape: tuple[int, int], grid: int, rng: np.random.Generator
) -> Surroundings:
    """Grey about the limits of brightness, and a look that saw about as much lens as a rule asks for."""
    levels = rng.choice([BLACK, CLEAR_NUCLEUS, 80.0, NEARLY_WHITE], 3) + rng.uniform(-1, 1, 3)
    labels = np.kron(called, np.ones((grid, grid), np.uint8))[: window.rows, : window.columns]
    grey = levels[labels] + rng.normal(0, rng.choice([0.3, 3.0, 20.0]), labels.shape)
    tissues = np.full((-(-shape[0] // STEP), -(-shape[1] // STEP)), Tissue.NOTHING, np.uint8)
    about = rng.choice([0.5, 0.999, 1.0, 1.001, 2.0]) / LEAST_LABELLED
    seen = int(np.count_nonzero(called) * grid**2 / STEP**2 * about)
    tissues.ravel()[: seen + int(rng.integers(0, 2))] = Tissue.NATURAL_LENS
    if rng.uniform() < 0.1:
        tissues = NOTHING
    return Surroundings(np.clip(np.rint(grey), 0, 255).astype(np.uint8), bool(rng.uniform() < 0.8), tissues)


def _box_at_a_limit(shape: tuple[int, int], grid: int, rng: np.random.Generator) -> NDArray[np.bool_]:
    """A box, whole or half full, that is about as large, or as near to the sides, as a rule asks for."""
    lens = np.zeros(shape, bool)
    pitch_mm = grid * NATIVE_PITCH_UM / 1000
    parts = []
    for side in shape:
        first = int(rng.integers(0, NEAR_SIDE // grid + 2)) if rng.uniform() < 0.6 else int(rng.integers(0, side))
        limit = float(rng.choice([MIN_WIDTH_MM, MIN_DEPTH_MM, MIN_CUT_DEPTH_MM, MAX_SIDE_MM]))
        length = int(limit / pitch_mm) + int(rng.integers(0, 2))
        if rng.uniform() < 0.4:
            length = side - first - int(rng.integers(0, NEAR_SIDE // grid + 2))
        parts.append(slice(first, max(first + length, first + 1)))
    lens[parts[0], parts[1]] = True
    if rng.uniform() < 0.2:
        lens[parts[0], parts[1]][1::2, 1:-1] = False
    return lens


def asked_of_labels(
    called: NDArray[np.uint8], window: CropWindow, shape: tuple[int, int], grid: int, around: Surroundings
) -> tuple[Arrays, Arrays]:
    """What `count` is given for the labels of a window of a frame, and what it must find."""
    measured, region = largest_component(called)
    pixels = LensPixels.counted(measured)
    nothing = np.zeros(called.shape, np.float32)
    frame = cast("Any", SimpleNamespace(shape=shape))
    view = LensView(frame, window, grid, Prediction(nothing, nothing, called), measured, region)
    some = bool(region.pixels)
    look = Look(around.tissues, (1.0, *[0.0] * (len(Picture) - 1))) if around.tissues.size else None
    brightness = _brightness(measured, region, grid, around)
    reasons = [
        not some,
        some and region.is_too_small(grid),
        some and region.is_too_large(grid),
        some and not region.is_solid(),
        Evidence(region, grid, look=look).shows_part,
        bool(view.cut) and region.depth_mm(grid) < MIN_CUT_DEPTH_MM,
        brightness is not None and brightness.is_unlikely,
    ]
    inputs: Arrays = {
        "labels": called,
        "window": np.array([window.top, window.left, window.rows, window.columns], np.int64),
        "frame_shape": np.array(shape, np.int64),
        "grid": np.array(grid, np.int64),
        "scan": around.scan,
        "found": np.array(around.found),
        "tissues": around.tissues,
    }
    return inputs, {
        "lens_px": np.array(pixels.lens, np.int64),
        "cataract_px": np.array(pixels.cataract, np.int64),
        "dropped_px": np.array(region.dropped, np.int64),
        "box": np.array([region.top, region.left, region.bottom, region.right], np.int64),
        "measured": measured,
        "settled": np.array(view.settled),
        "cut": np.array([side in view.cut for side in _SIDES]),
        "reasons": np.array(reasons),
    }


def _brightness(
    measured: NDArray[np.uint8], region: LensRegion, grid: int, around: Surroundings
) -> LensBrightness | None:
    box = slice(region.top, region.bottom), slice(region.left, region.right)
    graded = around.scan[region.top * grid : region.bottom * grid, region.left * grid : region.right * grid]
    nothing = np.zeros(measured[box].shape, np.float32)
    return LensMaps(measured[box], nothing, nothing, graded, grid, 0.0).brightness if around.found else None
