"""The lens as a solid: layers, halves, tilt."""

from __future__ import annotations

import numpy as np
import pytest

from train.phantom.eye.anatomy import draw_anatomy, draw_latents
from train.phantom.eye.lens import LensPose, LensShape, points_in_lens
from train.phantom.seeds import generator

AVERAGE_LATENTS = dict.fromkeys(draw_latents(generator("a"), generator("b")), 0.0)


def average_lens(age_years: float) -> LensShape:
    return draw_anatomy(age_years, AVERAGE_LATENTS, dilated=False).lens


@pytest.mark.parametrize("age_years", [20, 40, 60, 85])
@pytest.mark.parametrize("front", [True, False])
def test_the_layer_is_one_on_both_surfaces(age_years: float, front: bool) -> None:
    shape = average_lens(age_years)
    radius = np.linspace(0, 3.0, 31, dtype=np.float32)
    # The plain conics, without the bend that closes the equator: the surface that a biometer would fit.
    curve, conic = (shape.front_radius_mm, shape.front_conic) if front else (shape.back_radius_mm, shape.back_conic)
    sag = radius**2 / (curve + np.sqrt(curve**2 - conic * radius**2))
    depth = sag if front else shape.thickness_mm - sag
    assert np.abs(shape.layer(radius, depth.astype(np.float32)) - 1).max() < 0.01


@pytest.mark.parametrize("age_years", [20, 50, 85])
def test_the_halves_meet_without_a_jump_in_the_centre_plane(age_years: float) -> None:
    shape = average_lens(age_years)
    radius = np.linspace(0, 4.4, 60, dtype=np.float32)
    plane = np.float32(shape.front_depth_mm)
    jump = shape.layer(radius, np.full_like(radius, plane - 1e-5)) - shape.layer(
        radius, np.full_like(radius, plane + 1e-5)
    )
    assert np.abs(jump).max() < 1e-3


def test_the_lens_closes_at_its_equator() -> None:
    shape = average_lens(50)
    at_equator = shape.layer(np.float32([shape.equator_mm]), np.float32([shape.front_depth_mm]))
    assert at_equator[0] == pytest.approx(1.0, abs=1e-3)


def test_the_surface_that_rays_meet_is_the_surface_of_the_layers() -> None:
    shape = average_lens(35)
    radius = np.linspace(0, 3.6, 40, dtype=np.float32)
    assert np.abs(shape.layer(radius, shape.sag(radius, True)) - 1).max() < 1e-3
    assert np.abs(shape.layer(radius, shape.thickness_mm - shape.sag(radius, False)) - 1).max() < 1e-3


def test_depth_counts_from_the_own_surface() -> None:
    shape = average_lens(60)
    zero = np.zeros((1, 3), np.float32)
    z = np.float32([[3.0, 3.0 + 0.5 * shape.front_depth_mm, 3.0 + shape.thickness_mm]])
    points = points_in_lens(shape, LensPose(0, 0, 3.0, 0, 0), zero, zero, z)
    assert points.t[0] == pytest.approx([0.0, 0.5 * shape.front_depth_mm, 0.0], abs=1e-3)
    assert points.front[0].tolist() == [True, True, False]


def test_the_lens_grows_with_age_and_its_front_steepens() -> None:
    young, old = average_lens(20), average_lens(80)
    assert old.thickness_mm - young.thickness_mm == pytest.approx(60 * 0.0236, abs=0.02)
    assert old.front_radius_mm < young.front_radius_mm
    # The cortex grows about seven times as fast as the nucleus (Dubbelman et al. 2003).
    cortex = old.front_cortex_mm + old.back_cortex_mm - young.front_cortex_mm - young.back_cortex_mm
    assert cortex > 5 * (old.thickness_mm - young.thickness_mm - cortex)


def test_an_impossible_thickness_is_refused() -> None:
    with pytest.raises(ValueError, match=r"A lens of 12\.0 mm is no lens; expected 2 to 8 mm"):
        LensShape(
            front_radius_mm=10.0,
            back_radius_mm=6.0,
            front_conic=-4.0,
            thickness_mm=12.0,
            equator_mm=4.6,
            front_cortex_mm=1.0,
            back_cortex_mm=0.6,
        )
