"""Tiled output equals whole output; and it would not, were the halo one unit smaller."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_runtime import tiling
from edge_runtime.network import Network
from edge_runtime.tiling import TileGeometry, plan
from tests.make_tiny_model import TinyModel, tiny_model_bytes

# Float rounding of a mean over 49 values, times the slope of the tiny model's logits.
MAX_PROBABILITY_DRIFT_TILED = 1e-3


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
