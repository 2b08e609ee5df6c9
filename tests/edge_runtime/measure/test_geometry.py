"""Surfaces, axis and shells of lenses that were drawn."""

from __future__ import annotations

import numpy as np
import pytest

from edge_runtime.measure.geometry import LensGeometry, fit_lens
from edge_runtime.measure.optics import LENS_INDEX, DepthScale, FrontOfEye, depth_scale_of, in_tissue

from .drawn_lens import GRID, DrawnLens


def fitted(lens: DrawnLens) -> LensGeometry:
    surfaces = fit_lens(lens.labels(), GRID, None, DepthScale.TISSUE)
    assert surfaces is not None
    return surfaces.geometry


@pytest.mark.parametrize("thickness", [3.2, 4.2, 5.3])
@pytest.mark.parametrize("tilt", [-0.08, 0.0, 0.06])
def test_a_drawn_lens_is_measured(thickness: float, tilt: float) -> None:
    lens = DrawnLens(thickness=thickness, tilt=tilt)
    found = fitted(lens)
    assert found.thickness_mm == pytest.approx(thickness, abs=0.04)
    assert found.front_radius_mm == pytest.approx(10, rel=0.06)
    assert found.back_radius_mm == pytest.approx(6, rel=0.06)
    assert found.tilt == pytest.approx(tilt, abs=0.015)
    assert found.pole_lateral_mm == pytest.approx(lens.middle, abs=0.1)


def test_what_leaves_the_surface_does_not_count() -> None:
    lens = DrawnLens()
    labels = lens.labels()
    labels[:, 150:160] = 0
    labels[20:60, 120:125] = 1
    assert np.count_nonzero(labels != lens.labels()) > 500
    surfaces = fit_lens(labels, GRID, None, DepthScale.TISSUE)
    assert surfaces is not None
    assert surfaces.geometry.thickness_mm == pytest.approx(4.2, abs=0.04)


def test_shells_run_from_the_centre_to_the_surface() -> None:
    lens = DrawnLens()
    surfaces = fit_lens(lens.labels(), GRID, None, DepthScale.TISSUE)
    assert surfaces is not None
    points = surfaces.points(lens.shape)
    across, along = lens.coordinates()
    on_axis = np.abs(across) < 0.02
    front = along < 0.4 * 4.2
    expected = np.where(front, 1 - along / (0.4 * 4.2), (along - 0.4 * 4.2) / (0.6 * 4.2))
    inside = on_axis & (lens.labels() > 0)
    assert np.abs(points.shell[inside] - expected[inside]).max() < 0.04
    near_centre = np.abs(across) < 1.0
    inner = (lens.labels() > 0) & near_centre
    assert points.shell[inner].max() < 1.05
    jump = np.abs(np.diff(points.shell[:, 140])).max()
    assert jump < 0.05


@pytest.mark.parametrize("shape", ["nothing", "a stripe", "a hollow body"])
def test_what_is_no_lens_has_no_geometry(shape: str) -> None:
    labels = np.zeros((100, 100), np.uint8)
    if shape == "a stripe":
        labels[20:60, 40:45] = 1
    if shape == "a hollow body":
        for column in range(100):
            labels[30 - (column - 50) ** 2 // 200 : 70 + (column - 50) ** 2 // 200, column] = 1
    assert fit_lens(labels, GRID, None, DepthScale.TISSUE) is None


@pytest.mark.parametrize(("age", "thickness"), [(45.0, 3.992), (15.0, 3.0), (95.0, 5.4)])
def test_the_age_of_a_thickness_is_that_of_the_average_eye(age: float, thickness: float) -> None:
    assert fitted(DrawnLens(thickness=thickness)).age_of_thickness == pytest.approx(age, abs=2)


@pytest.mark.parametrize("age", [20, 50, 85])
def test_optical_path_is_told_from_tissue_by_the_size_of_the_eye(age: int) -> None:
    thickness, chamber = 2.93 + 0.0236 * age, 3.43 - 0.011 * age
    assert depth_scale_of(0.54 + chamber + thickness, thickness) == (DepthScale.TISSUE, True)
    path = 1.387 * 0.54 + 1.342 * chamber + LENS_INDEX * thickness
    assert depth_scale_of(path, LENS_INDEX * thickness) == (DepthScale.PATH, True)


@pytest.mark.parametrize(("size", "scale"), [(7.2, DepthScale.TISSUE), (7.42, DepthScale.PATH)])
def test_an_eye_between_both_sizes_leaves_it_open(size: float, scale: DepthScale) -> None:
    """The sizes at which simulated eyes were taken for the other kind: their thickness was off by 1.4 mm."""
    assert depth_scale_of(size + 0.3 * 4.0, 4.0) == (scale, False)


def test_a_beam_on_the_axis_is_shortened_and_not_bent() -> None:
    front = np.array([5.0])
    lateral, depth = in_tissue(np.array([3.0]), np.array([5.0 + LENS_INDEX]), front, FrontOfEye(0.0, 3.0))
    assert lateral == pytest.approx([0.0])
    assert depth == pytest.approx([(5.0 - 0.045 * 0.54) / 1.342 + 1.0])
