"""Each kind of opacity: found in the truth under its own code, and nothing where there is nothing."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from edge_runtime.measure.kinds import OpacityKind
from train.phantom.eye.plan import EyePlan
from train.phantom.field import WaveField
from train.phantom.imaging import beams, lens_image
from train.phantom.imaging.plan import ScanPlan
from train.phantom.imaging.pose import draw_view
from train.phantom.opacity.anterior_subcapsular import draw_anterior_subcapsular
from train.phantom.opacity.cortical_spokes import draw_cortical_spokes
from train.phantom.opacity.dots import draw_dots
from train.phantom.opacity.lamellar_separation import draw_lamellar_separation
from train.phantom.opacity.lens_opacities import LensOpacities
from train.phantom.opacity.morgagnian import draw_morgagnian
from train.phantom.opacity.nuclear import Nuclear
from train.phantom.opacity.opacity import Opacity
from train.phantom.opacity.plaque import Plaque
from train.phantom.opacity.posterior_polar import draw_posterior_polar
from train.phantom.opacity.posterior_subcapsular import draw_posterior_subcapsular
from train.phantom.opacity.retrodots import draw_retrodots
from train.phantom.opacity.vacuoles import draw_vacuoles
from train.phantom.opacity.water_clefts import draw_water_clefts
from train.phantom.opacity.white import draw_white
from train.phantom.patient import Eye, make_eye
from train.phantom.seeds import generator

GRID = beams.Grid()
SILENT = Nuclear(0.0, 0.0, 0.0, 0.0, WaveField.draw(generator("silent"), (1, 1, 1)))


@pytest.fixture(scope="module")
def eye() -> Eye:
    return make_eye(EyePlan("opacity", "p0", "OD", 60.0, cataract=False, dilated=True))


def cut(eye: Eye, *focal: Opacity, diffuse: Nuclear = SILENT, meridian_deg: float = 0.0) -> lens_image.LensImage:
    view = draw_view(generator("still"), eye, ScanPlan(1, meridian_deg), GRID)
    view = replace(view, shift_x_mm=0.0, shift_y_mm=0.0, wobble_mm=np.zeros_like(view.wobble_mm))
    surfaces = beams.find_surfaces(eye.anatomy, view, GRID)
    lens = lens_image.image_lens(
        eye.anatomy, eye.scatter, eye.texture, LensOpacities(diffuse, focal), surfaces, view, GRID
    )
    assert lens is not None
    return lens


def every_kind(eye: Eye) -> dict[OpacityKind, Opacity]:
    rng, shape = generator("kinds"), eye.anatomy.lens
    texture = WaveField.draw(rng, (0.5, 0.5, 0.4))
    return {
        OpacityKind.NUCLEAR: Nuclear(6.0, 0.0, 0.0, 0.5, texture),
        OpacityKind.CORTICAL_HAZE: Nuclear(0.0, 5.0, 0.0, 0.5, texture),
        OpacityKind.CORTICAL_SPOKES: draw_cortical_spokes(rng, shape, 5.0),
        OpacityKind.POSTERIOR_SUBCAPSULAR: draw_posterior_subcapsular(rng, 1.5),
        OpacityKind.POSTERIOR_POLAR: draw_posterior_polar(rng),
        OpacityKind.ANTERIOR_SUBCAPSULAR: draw_anterior_subcapsular(rng),
        OpacityKind.WATER_CLEFT: draw_water_clefts(rng),
        OpacityKind.RETRODOTS: draw_retrodots(rng, shape, 300),
        OpacityKind.VACUOLES: draw_vacuoles(rng, shape, 60),
        OpacityKind.LAMELLAR_SEPARATION: draw_lamellar_separation(rng),
        OpacityKind.WHITE: draw_white(rng),
        OpacityKind.MORGAGNIAN: draw_morgagnian(rng),
        OpacityKind.DOTS: draw_dots(rng, shape, 60),
    }


def test_every_kind_of_the_list_can_be_drawn(eye: Eye) -> None:
    assert list(every_kind(eye)) == [kind for kind in OpacityKind if kind]


@pytest.mark.parametrize("kind", [kind for kind in OpacityKind if kind])
def test_each_kind_is_significant_under_its_own_code(eye: Eye, kind: OpacityKind) -> None:
    opacity = every_kind(eye)[kind]
    found = 0
    for meridian_deg in (0.0, 30.0, 60.0, 90.0, 120.0, 150.0):
        if isinstance(opacity, Nuclear):
            lens = cut(eye, diffuse=opacity, meridian_deg=meridian_deg)
        else:
            lens = cut(eye, opacity, meridian_deg=meridian_deg)
        found += int(np.count_nonzero(lens.significant & (lens.kind == kind) & (lens.cover > 0.5)))
    assert found > 20


def test_an_eye_without_excess_has_no_significant_opacity(eye: Eye) -> None:
    lens = cut(eye)
    assert not lens.significant.any()
    assert np.abs(lens.excess_db).max() == 0


def test_harmless_dots_are_never_significant(eye: Eye) -> None:
    dots = draw_dots(generator("dots"), eye.anatomy.lens, 200, harmless=True)
    lens = cut(eye, dots)
    assert lens.excess_db.max() > 3
    assert not lens.significant.any()


def test_dense_opacity_darkens_all_behind_it_by_beer_and_lambert() -> None:
    # Excess of 20 dB: extinction 0.02 * 100 = 2 per mm, both ways: 4 neper = 17.4 dB; the specification asks 17.5 +- 2.
    rows = 400
    excess = np.zeros((rows, 3), np.float32)
    step_mm = GRID.row_mm / beams.LENS_INDEX
    excess[50 : 50 + round(1.0 / step_mm)] = 20.0
    box = (slice(0, rows), slice(0, 3))
    lens = lens_image.LensImage(
        box=box,
        cover=np.ones_like(excess),
        clear_db=excess,
        excess_db=excess,
        kind=excess.astype(np.uint8),
        significant=excess > 3,
        zone=np.zeros(excess.shape, np.uint8),
    )
    loss = lens_image.shadow_db(lens, GRID)
    assert loss[0] == pytest.approx(0.0)
    assert loss[-1] == pytest.approx(17.5, abs=2.0)


def test_scans_of_an_eye_agree_on_the_axis(eye: Eye) -> None:
    plaque = Plaque(
        front=False,
        x_mm=0.0,
        y_mm=0.0,
        radius_mm=1.5,
        depth_mm=0.3,
        strength_db=14.0,
        grain_db=2.0,
        rings=0.0,
        holes=0.0,
        texture=WaveField.draw(generator("a"), (0.3, 0.3, 0.3)),
        edge=WaveField.draw(generator("b"), (0.5, 0.5, 0.5)),
        kind=OpacityKind.POSTERIOR_SUBCAPSULAR,
    )
    straight = replace(
        eye,
        anatomy=replace(
            eye.anatomy, pose=replace(eye.anatomy.pose, pole_x_mm=0, pole_y_mm=0, tilt_x_rad=0, tilt_y_rad=0)
        ),
    )
    cornea = replace(straight.anatomy.cornea, astigmatism_mm=0.0)
    straight = replace(straight, anatomy=replace(straight.anatomy, cornea=cornea))
    lines = []
    for meridian_deg in (0.0, 30.0, 60.0, 90.0, 120.0, 150.0):
        view = beams.View(
            meridian_deg=meridian_deg,
            mirrored=False,
            apex_column_mm=0.0,
            apex_depth_mm=2.3,
            shift_x_mm=0.0,
            shift_y_mm=0.0,
            pupil_scale=1.0,
            wobble_mm=np.zeros(GRID.columns, np.float32),
        )
        surfaces = beams.find_surfaces(straight.anatomy, view, GRID)
        lens = lens_image.image_lens(
            straight.anatomy, eye.scatter, eye.texture, LensOpacities(SILENT, (plaque,)), surfaces, view, GRID
        )
        assert lens is not None
        middle = int(np.argmin(np.abs(surfaces.lateral[lens.box[1]])))
        lines.append((lens.excess_db[:, middle], lens.clear_db[:, middle], lens.box[0].start))
    assert len({start for _, _, start in lines}) == 1
    for excess, clear, _ in lines[1:]:
        # The nearest beam passes 10 um beside the axis, where granules of 0.3 mm have hardly changed.
        rows = min(len(excess), len(lines[0][0]))
        assert np.abs(excess[:rows] - lines[0][0][:rows]).mean() < 0.1
        assert np.abs(clear[:rows] - lines[0][1][:rows]).mean() < 0.05
