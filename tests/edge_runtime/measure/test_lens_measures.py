"""Zones, areas, densities and scatter of drawn lenses."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from edge_runtime.frame.resample import block_sum
from edge_runtime.measure.eye_measures import eye_measures, mean_of
from edge_runtime.measure.lens_measures import LensMaps, MeasuredLens, measure_zones
from edge_runtime.measure.optics import DepthScale
from edge_runtime.measure.scatter import CLEAR_LOSS_PER_MM, ExcessTable
from edge_runtime.measure.zones import Zone

from .drawn_lens import GRID, DrawnLens

LENS = DrawnLens()
TABLE = ExcessTable((-9.0, 0.0, 9.0), (0.0, 3.0, 12.0))


def lens_maps(opaque: NDArray[np.bool_], lens: DrawnLens = LENS) -> LensMaps:
    labels = lens.labels()
    labels[opaque & (labels > 0)] = 2
    inside = labels > 0
    return LensMaps(
        labels=labels,
        lens_probability=inside.astype(np.float32),
        cataract_probability=np.where(labels == 2, 0.9, 0.1 * inside).astype(np.float32),
        graded=np.kron(np.where(labels == 2, 100, 40), np.ones((GRID, GRID))).astype(np.uint8),
        grid=GRID,
        apex_row=None,
    )


def measured(opaque: NDArray[np.bool_], lens: DrawnLens = LENS) -> MeasuredLens:
    found = measure_zones(lens_maps(opaque, lens), DepthScale.TISSUE, TABLE)
    assert found is not None
    return found


def test_zones_lie_one_inside_the_other() -> None:
    zones = measured(np.zeros(LENS.shape, bool)).zones
    column = zones[:, int(LENS.middle / 0.0307)]
    order = [zone for place, zone in enumerate(column) if place == 0 or zone != column[place - 1]]
    assert order == [
        Zone.OUTSIDE, Zone.ANTERIOR_SUBCAPSULAR, Zone.ANTERIOR_CORTEX, Zone.NUCLEUS, Zone.POSTERIOR_CORTEX,
        Zone.POSTERIOR_SUBCAPSULAR, Zone.OUTSIDE,
    ]  # fmt: skip
    front_cortex, back_cortex = 0.51 + 0.0126 * 53.8, 0.33 + 0.0084 * 53.8
    nucleus_mm = np.count_nonzero(column == Zone.NUCLEUS) * 0.0307
    assert nucleus_mm == pytest.approx(4.2 - front_cortex - back_cortex, abs=0.1)


def test_an_opaque_nucleus_is_all_of_its_zone_and_none_of_the_others() -> None:
    clear = measured(np.zeros(LENS.shape, bool))
    found = measured(clear.zones == Zone.NUCLEUS).measures
    nucleus = found.zones[Zone.NUCLEUS]
    assert nucleus.fraction == 1.0
    assert nucleus.density == 100.0
    assert found.zones[Zone.ANTERIOR_CORTEX].fraction == 0.0
    assert found.nucleus_probability == pytest.approx(0.9, abs=1e-6)
    assert found.fraction_range[0] == found.fraction_range[1] > 0.3
    assert found.density is not None
    assert 40 < found.density < 100


@pytest.mark.parametrize("radius", [0.6, 1.0, 1.5])
def test_a_plaque_has_the_area_of_its_disc(radius: float) -> None:
    across, _ = LENS.coordinates()
    zones = measured(np.zeros(LENS.shape, bool)).zones
    plaque = (zones == Zone.POSTERIOR_SUBCAPSULAR) & (np.abs(across) <= radius)
    found = measured(plaque).measures
    assert found.posterior_area[0] == pytest.approx((radius / 1.5) ** 2, abs=0.05)
    assert found.posterior_area[1] == pytest.approx((radius / 2.5) ** 2, abs=0.03)
    assert found.anterior_area == (0.0, 0.0)


def test_a_disc_behind_a_small_pupil_is_not_known() -> None:
    found = measured(np.zeros(LENS.shape, bool), DrawnLens(pupil=1.6)).measures
    assert found.posterior_area[0] == 0.0
    assert found.posterior_area[1] is None


@pytest.mark.parametrize(
    ("sides", "anterior", "posterior", "seen_in_depth"),
    [((), 0.0, 0.0, True), (("left",), 0.0, 0.0, True), (("bottom",), 0.0, None, False), (("top",), None, 0.0, False)],
)
def test_a_surface_that_the_frame_cuts_off_has_no_area_and_the_lens_no_thickness(
    sides: tuple[str, ...], anterior: float | None, posterior: float | None, seen_in_depth: bool
) -> None:
    maps = replace(lens_maps(np.zeros(LENS.shape, bool)), ends_at_frame=sides)
    found = measure_zones(maps, DepthScale.TISSUE, TABLE)
    assert found is not None
    measures = found.measures
    assert (measures.anterior_area, measures.posterior_area) == ((anterior, anterior), (posterior, posterior))
    whole = measured(np.zeros(LENS.shape, bool)).measures
    alone, beside = eye_measures([measures]), eye_measures([measures, whole])
    assert alone is not None
    assert beside is not None
    assert (alone.thickness_mm is not None) is seen_in_depth
    assert beside.thickness_mm == whole.geometry.thickness_mm


def test_scans_of_two_lenses_are_apart_by_the_difference_of_their_thickness() -> None:
    clear = np.zeros(LENS.shape, bool)
    thin, thick = (measured(clear, DrawnLens(thickness=thickness)).measures for thickness in (3.6, 4.4))
    one, two = eye_measures([thin, thin]), eye_measures([thin, thick, replace(thick, seen_in_depth=False)])
    assert one is not None
    assert two is not None
    assert one.thickness_apart_mm == 0.0
    assert two.thickness_apart_mm == pytest.approx(0.8, abs=0.06)
    uncertain = replace(thick, geometry=replace(thick.geometry, certain=False))
    unknown = eye_measures([thin, uncertain])
    assert unknown is not None
    assert unknown.thickness_apart_mm is None


def test_scatter_sums_what_opacities_take_away() -> None:
    found = measured(np.ones(LENS.shape, bool)).measures
    excess = 3.0 + np.log(9.0)  # of P = 0.9, in the table
    loss = CLEAR_LOSS_PER_MM * (10 ** (excess / 10) - 1)
    assert found.scatter is not None
    assert found.scatter.optical_depth == pytest.approx(loss * 4.1, rel=0.05)
    assert found.scatter.forward_scatter == pytest.approx(1 - np.exp(-found.scatter.optical_depth), rel=0.01)


def test_the_central_part_is_three_millimetres_wide() -> None:
    found = measured(np.zeros(LENS.shape, bool))
    widest = (found.zones != Zone.OUTSIDE).sum(axis=1).max()
    assert found.measures.central.lens_px < (found.zones != Zone.OUTSIDE).sum()
    assert found.measures.central.lens_px == pytest.approx(3.0 / (widest * 0.0307) * (found.zones != 0).sum(), rel=0.15)


@pytest.mark.parametrize("shape", [(8, 12), (7, 9), (1, 1)])
def test_blocks_at_the_edge_repeat_the_last_pixel(shape: tuple[int, int]) -> None:
    picture = np.random.default_rng(0).integers(0, 256, shape).astype(np.uint8)
    padded = np.pad(picture, ((0, -shape[0] % 4), (0, -shape[1] % 4)), mode="edge").astype(np.int64)
    expected = padded.reshape(-(-shape[0] // 4), 4, -(-shape[1] // 4), 4).sum(axis=(1, 3))
    assert np.array_equal(block_sum(picture, 4), expected)


@pytest.mark.parametrize(
    ("lens", "cataract", "unlikely"),
    [(40, 100, False), (3, 100, True), (40, 35, True), (40, 36, False), (255, 255, True)],
)
def test_a_lens_that_is_black_white_or_darkest_where_it_is_cataract_is_none(
    lens: int, cataract: int, unlikely: bool
) -> None:
    opaque = np.zeros(LENS.shape, bool)
    opaque[: LENS.shape[0] // 6] = True  # so little that the mean of the lens stays that of the rest
    maps = lens_maps(opaque)
    graded = np.kron(np.where(maps.labels == 2, cataract, lens), np.ones((GRID, GRID))).astype(np.uint8)
    brightness = replace(maps, graded=graded, apex_row=0.0).brightness
    assert brightness is not None
    assert brightness.is_unlikely is unlikely


def test_a_dark_spot_that_is_smaller_than_the_guard_band_is_not_asked_for_its_brightness() -> None:
    opaque = np.zeros(LENS.shape, bool)
    middle = LENS.shape[0] // 2
    opaque[middle : middle + 8, LENS.shape[1] // 2 - 20 : LENS.shape[1] // 2 + 20] = True
    maps = lens_maps(opaque)
    assert 0.005 < (maps.labels == 2).sum() / (maps.labels > 0).sum() < 0.02
    graded = np.kron(np.where(maps.labels == 2, 20, 50), np.ones((GRID, GRID))).astype(np.uint8)
    brightness = replace(maps, graded=graded, apex_row=0.0).brightness
    assert brightness is not None
    assert brightness.cataract is None
    assert brightness.is_unlikely is False


def test_brightness_is_not_judged_without_the_eyes_own_scale() -> None:
    assert lens_maps(np.zeros(LENS.shape, bool)).brightness is None
    assert replace(lens_maps(np.zeros(LENS.shape, bool)), graded=None, apex_row=0.0).brightness is None


def test_the_mean_of_nothing_is_nothing() -> None:
    assert mean_of([None, 1.0, 3.0]) == 2
    assert mean_of([None]) is None
