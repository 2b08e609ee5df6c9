"""Tiled output equals whole output; and it would not, were the halo one unit smaller."""

from __future__ import annotations

import json
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_runtime.frame.profiles import profile_for
from edge_runtime.frame.resample import native_frame
from edge_runtime.golden import SAMPLES
from edge_runtime.measure.lens import LensPixels
from edge_runtime.model import tiling
from edge_runtime.model.network import Network
from edge_runtime.model.predictor import Prediction
from edge_runtime.model.store import read_model
from edge_runtime.model.tiling import Tile, TileGeometry, plan
from edge_runtime.reading.raster import read_scan
from export.bundle import BUNDLE
from tests.make_tiny_model import TinyModel, tiny_model_bytes

# Float rounding of a mean over 49 values, times the slope of the tiny model's logits.
MAX_PROBABILITY_DRIFT_TILED = 1e-3
# Of the bundled models: kernels may sum in another order where a tile has another shape. In int8 sums are exact, but
# a value between two levels may fall to either after the float layers, so only labels are compared.
MAX_PROBABILITY_DRIFT_BUNDLED = 1e-5
BUNDLED = list(json.loads((BUNDLE / "register.json").read_text(encoding="utf-8")))
FRAME_SHAPE = (1824, 2150)


def tiny_network(grid: int, stride: int, context: int) -> Network:
    """Borders halfway between two possible means, so that rounding cannot turn a label over."""
    half_step = 0.5 / (grid**2 * (2 * context + 1) ** 2)
    tiny = TinyModel(grid, stride, context, clear_from=60 + half_step, cataract_from=140 + half_step)
    return Network(tiny_model_bytes(tiny), 1)


NETWORKS = {
    (grid, stride, context): tiny_network(grid, stride, context)
    for grid, stride, context in ((2, 2, 3), (4, 2, 1), (2, 4, 4), (1, 1, 2), (4, 16, 0))
}


def spotted(rows: int, columns: int, seed: int) -> np.ndarray[tuple[int, int], np.dtype[np.uint8]]:
    return np.random.default_rng(seed).integers(0, 200, (rows, columns)).astype(np.uint8)


@pytest.mark.slow
@given(
    shape=st.tuples(st.integers(1, 60), st.integers(1, 60)),
    kind=st.sampled_from(sorted(NETWORKS)),
    max_read=st.integers(20, 4_000),
    seed=st.integers(0, 9),
)
@settings(max_examples=100, deadline=None, derandomize=True)
def test_tiled_equals_whole(shape: tuple[int, int], kind: tuple[int, int, int], max_read: int, seed: int) -> None:
    network = NETWORKS[kind]
    window = spotted(*shape, seed)
    tiles = plan(*shape, TileGeometry.of(network.metadata), max_read)
    whole = network.predict(window)
    tiled = tiling.predict(network.predict, window, tiles, network.metadata.grid)
    assert np.array_equal(tiled.labels, whole.labels)
    for name in ("lens_probability", "cataract_probability"):
        drift = np.abs(getattr(tiled, name) - getattr(whole, name)).max()
        assert drift <= MAX_PROBABILITY_DRIFT_TILED


@pytest.mark.parametrize("kind", [kind for kind in sorted(NETWORKS) if kind[2]])
def test_halo_one_unit_too_small_differs(kind: tuple[int, int, int]) -> None:
    network = NETWORKS[kind]
    geometry = TileGeometry.of(network.metadata)
    window = spotted(64, 64, 1)
    whole = network.predict(window).labels
    for halo, equal in ((geometry.halo, True), (geometry.halo - geometry.unit, False)):
        smaller = TileGeometry(geometry.grid, geometry.unit, halo)
        tiles = plan(64, 64, smaller, (2 * smaller.unit + 2 * halo) ** 2)
        assert len(tiles) > 4
        tiled = tiling.predict(network.predict, window, tiles, geometry.grid).labels
        assert np.array_equal(tiled, whole) is equal


@given(
    rows=st.integers(1, 150),
    columns=st.integers(1, 150),
    grid=st.integers(1, 4),
    stride=st.integers(1, 16),
    halo_units=st.integers(0, 3),
    max_read=st.integers(1, 100_000),
)
@settings(max_examples=150, deadline=None, derandomize=True)
def test_plan_covers_every_pixel_once_within_its_limits(
    rows: int, columns: int, grid: int, stride: int, halo_units: int, max_read: int
) -> None:
    unit = grid * stride
    geometry = TileGeometry(grid, unit, halo_units * unit)
    tiles = plan(rows, columns, geometry, max_read)
    covered = np.zeros((rows, columns), np.uint8)
    for tile in tiles:
        covered[tile.core] += 1
        for core, read, length in zip(tile.core, tile.read, (rows, columns), strict=True):
            assert core.start % unit == read.start % unit == 0
            assert read.start <= core.start < core.stop <= read.stop <= length
            if len(tiles) > 1:
                assert read.start == max(core.start - geometry.halo, 0)
                assert read.stop >= min(core.stop + geometry.halo, length)
    assert (covered == 1).all()
    if max_read >= geometry.smallest_read(rows, columns):
        assert all(tile.read_pixels <= max_read for tile in tiles)


@pytest.mark.parametrize(("receptive_field", "halo"), [(0, 0), (1, 64), (16, 64), (17, 128), (94, 384)])
def test_halo_is_the_receptive_field_rounded_up_to_whole_strides(receptive_field: int, halo: int) -> None:
    metadata = Network(tiny_model_bytes(TinyModel(grid=4, stride=16)), 1).metadata
    from dataclasses import replace

    geometry = TileGeometry.of(replace(metadata, receptive_field=receptive_field))
    assert geometry == TileGeometry(grid=4, unit=64, halo=halo)
    assert geometry.smallest_read(2_000, 2_000) == (64 + 2 * halo) ** 2
    assert geometry.smallest_read(50, 2_000) == 50 * (64 + 2 * halo)


def test_crop_that_fits_is_read_at_once() -> None:
    (tile,) = plan(1100, 1100, TileGeometry(4, 64, 192), 1100 * 1100)
    assert tile.read == tile.core == (slice(0, 1100), slice(0, 1100))
    assert len(plan(1100, 1100, TileGeometry(4, 64, 192), 1100 * 1100 - 1)) > 1


@cache
def bundled(precision: str) -> Network:
    return Network(read_model(None, precision), 1)


@cache
def sample_frame() -> np.ndarray[tuple[int, int], np.dtype[np.uint8]]:
    scan = read_scan(SAMPLES / "simulated-cataract.png")
    frame = native_frame(scan, profile_for(scan.rows, scan.columns, scan.bits))
    assert frame.shape == FRAME_SHAPE
    return frame


def cut(slices: tuple[slice, slice]) -> np.ndarray[tuple[int, int], np.dtype[np.uint8]]:
    return np.ascontiguousarray(sample_frame()[slices])


@st.composite
def windows(draw: st.DrawFn, most: int) -> tuple[slice, slice]:
    """Anywhere in the frame, of any size up to this many rows and columns."""
    random = draw(st.randoms(use_true_random=False))  # evenly spread; hypothesis by itself prefers the small
    sides = [random.randint(1, min(most, length)) for length in FRAME_SHAPE]
    starts = [random.randint(0, length - side) for length, side in zip(FRAME_SHAPE, sides, strict=True)]
    return slice(starts[0], starts[0] + sides[0]), slice(starts[1], starts[1] + sides[1])


@st.composite
def tiles_of(draw: st.DrawFn, shape: tuple[int, int], geometry: TileGeometry) -> Tile:
    """Any tile that a plan may have in such a window: an aligned core of any size, and its halo."""
    random = draw(st.randoms(use_true_random=False))
    spans = []
    for length in shape:
        start = random.randint(0, (length - 1) // geometry.unit) * geometry.unit
        stop = min(start + random.randint(1, 4) * geometry.unit, length)
        spans.append((slice(max(start - geometry.halo, 0), min(stop + geometry.halo, length)), slice(start, stop)))
    return Tile((spans[0][0], spans[1][0]), (spans[0][1], spans[1][1]))


def core_of(prediction: Prediction, tile: Tile, grid: int, origin: tuple[int, int]) -> Prediction:
    """A tile's core, cut from a prediction whose first pixel is at this place of the window."""
    rows, columns = (
        slice((span.start - start) // grid, -(-(span.stop - start) // grid))
        for span, start in zip(tile.core, origin, strict=True)
    )
    lens, cataract, labels = prediction.lens_probability, prediction.cataract_probability, prediction.labels
    return Prediction(lens[rows, columns], cataract[rows, columns], labels[rows, columns])


def assert_same(found: Prediction, expected: Prediction, precision: str) -> None:
    assert np.array_equal(found.labels, expected.labels)
    if precision == "fp32":
        for name in ("lens_probability", "cataract_probability"):
            assert np.abs(getattr(found, name) - getattr(expected, name)).max() <= MAX_PROBABILITY_DRIFT_BUNDLED


@pytest.mark.slow
@pytest.mark.parametrize("precision", BUNDLED)
@given(data=st.data(), window=windows(most=max(FRAME_SHAPE)))
@settings(max_examples=60, deadline=None, derandomize=True)
def test_a_tile_of_the_bundled_model_says_what_the_whole_says(
    precision: str, data: st.DataObject, window: tuple[slice, slice]
) -> None:
    network = bundled(precision)
    geometry = TileGeometry.of(network.metadata)
    pixels = cut(window)
    tile = data.draw(tiles_of(pixels.shape, geometry))
    whole, part = network.predict(pixels), network.predict(np.ascontiguousarray(pixels[tile.read]))
    found = core_of(part, tile, geometry.grid, (tile.read[0].start, tile.read[1].start))
    assert_same(found, core_of(whole, tile, geometry.grid, (0, 0)), precision)


@pytest.mark.parametrize("precision", BUNDLED)
@given(window=windows(most=400), max_read=st.integers(1, 200_000))
@settings(max_examples=60, deadline=None, derandomize=True)
def test_cores_of_the_bundled_model_stitch_to_the_whole_and_count_the_same(
    precision: str, window: tuple[slice, slice], max_read: int
) -> None:
    network = bundled(precision)
    pixels = cut(window)
    tiles = plan(*pixels.shape, TileGeometry.of(network.metadata), max_read)
    whole = network.predict(pixels)
    stitched = tiling.predict(network.predict, pixels, tiles, network.metadata.grid)
    assert_same(stitched, whole, precision)
    assert LensPixels.counted(stitched.labels) == LensPixels.counted(whole.labels)


def test_half_the_halo_moves_the_bundled_model() -> None:
    network = bundled(BUNDLED[0])
    geometry = TileGeometry.of(network.metadata)
    unit, halo = geometry.unit, geometry.halo
    rows, columns = (slice(length // 2 // unit * unit, length // 2 // unit * unit + unit) for length in FRAME_SHAPE)
    whole = network.predict(sample_frame())
    drift = []
    for reach in (halo, halo // 2 // unit * unit):
        read = tuple(slice(max(span.start - reach, 0), span.stop + reach) for span in (rows, columns))
        tile = Tile((read[0], read[1]), (rows, columns))
        part = core_of(network.predict(cut(tile.read)), tile, geometry.grid, (read[0].start, read[1].start))
        expected = core_of(whole, tile, geometry.grid, (0, 0))
        drift.append(float(np.abs(part.lens_probability - expected.lens_probability).max()))
    assert drift[0] <= MAX_PROBABILITY_DRIFT_BUNDLED < drift[1]
