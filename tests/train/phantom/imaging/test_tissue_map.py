"""The map of tissues agrees with the lens, and shows what stands in each kind of picture."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from edge_runtime.look.tissues import Picture, Tissue
from train.phantom.eye.plan import GRADABLE, EyePlan, LensState
from train.phantom.imaging.intraocular_lens import draw_optics
from train.phantom.imaging.plan import Geometry, ScanPlan
from train.phantom.render import RenderedScan, simulate
from train.phantom.seeds import generator

EYE = EyePlan("tissues", "one", "OD", 40.0, cataract=False, dilated=True, no_condition=True, no_artefacts=True)
PLAN = ScanPlan(1, 30.0, Geometry.OPTICAL, 730, 857)
EVERYWHERE = {Tissue.NOTHING, Tissue.CORNEA, Tissue.AQUEOUS, Tissue.IRIS_SCLERA, Tissue.VITREOUS, Tissue.SHADOW}


def scan_of(state: LensState, patient: str = "one") -> RenderedScan:
    return simulate(replace(EYE, state=state, patient=patient), PLAN)


@pytest.mark.parametrize("geometry", Geometry)
@pytest.mark.parametrize("forced", ["", "tear", "blink", "lid", "lashes"])
def test_the_natural_lens_of_the_map_is_that_of_the_labels(geometry: Geometry, forced: str) -> None:
    truth = simulate(EYE, ScanPlan(1, 90.0, geometry, forced=forced)).truth
    assert truth.tissue.shape == truth.labels.shape
    assert truth.tissue.dtype == np.uint8
    assert np.array_equal(truth.tissue == Tissue.NATURAL_LENS, truth.labels > 0)


@pytest.mark.parametrize(
    ("state", "more", "picture"),
    [
        (LensState.PHAKIC, {Tissue.NATURAL_LENS}, Picture.NATURAL_LENS),
        (LensState.INTRAOCULAR, {Tissue.ARTIFICIAL_LENS}, Picture.ARTIFICIAL_LENS),
        (LensState.APHAKIC, set(), Picture.NO_LENS),
        (LensState.IMPLANT, {Tissue.NATURAL_LENS, Tissue.PHAKIC_IMPLANT}, Picture.PHAKIC_IMPLANT),
    ],
)
def test_each_state_shows_its_tissues_and_names_its_picture(
    state: LensState, more: set[Tissue], picture: Picture
) -> None:
    scan = scan_of(state)
    assert set(np.unique(scan.truth.tissue)) == EVERYWHERE | more
    assert scan.notes["picture"] == picture
    assert (scan.notes["vault_mm"] != "") == (state is LensState.IMPLANT)
    assert (scan.truth.lens_px > 0) == (state in GRADABLE)


def test_a_lens_mostly_outside_is_lens_in_the_map_though_it_cannot_be_graded() -> None:
    scan = scan_of(LensState.OUTSIDE)
    assert (scan.truth.tissue == Tissue.NATURAL_LENS).any()
    assert not scan.truth.labels.any()
    assert scan.notes["picture"] == Picture.LENS_OUTSIDE


def test_tissues_lie_in_the_order_of_the_eye() -> None:
    scan = scan_of(LensState.IMPLANT)
    middle = scan.truth.tissue.shape[1] // 2 + 60  # beside a port and the streak
    column = scan.truth.tissue[:, middle]
    order = [Tissue(code) for code in column[np.flatnonzero(np.diff(column.astype(int), prepend=-1))]]
    assert order == [
        Tissue.NOTHING, Tissue.CORNEA, Tissue.AQUEOUS, Tissue.PHAKIC_IMPLANT, Tissue.AQUEOUS, Tissue.NATURAL_LENS,
        Tissue.VITREOUS,
    ]  # fmt: skip


def test_the_brightness_of_a_picture_follows_its_tissues() -> None:
    scan = scan_of(LensState.PHAKIC)
    grey = {tissue: scan.picture[scan.truth.tissue == tissue].mean() for tissue in EVERYWHERE | {Tissue.NATURAL_LENS}}
    assert grey[Tissue.IRIS_SCLERA] > grey[Tissue.CORNEA] > grey[Tissue.NATURAL_LENS] > 20
    assert max(grey[Tissue.AQUEOUS], grey[Tissue.NOTHING], grey[Tissue.VITREOUS]) < 8


def test_a_lid_is_a_lid_and_what_a_blink_hides_is_shadow() -> None:
    lid = simulate(EYE, replace(PLAN, meridian_deg=90.0, forced="lid")).truth.tissue
    assert (lid == Tissue.LID_LASHES).any()
    blink, open_ = (simulate(EYE, replace(PLAN, forced=forced)).truth.tissue for forced in ("blink", ""))
    hidden = blink != open_
    assert (blink[hidden] == Tissue.SHADOW).mean() > 0.99  # but for the columns at both borders
    assert hidden.any(axis=0).sum() > 0.03 * PLAN.columns


def test_the_vault_is_what_the_map_shows_on_the_axis() -> None:
    vaults = []
    for number in range(12):
        scan = scan_of(LensState.IMPLANT, f"vault{number}")
        lens, implant = (scan.truth.tissue == code for code in (Tissue.NATURAL_LENS, Tissue.PHAKIC_IMPLANT))
        seen = np.flatnonzero(lens.any(axis=0) & implant.any(axis=0))
        column = seen[np.abs(seen - PLAN.columns // 2 - 24).argmin()]  # half a millimetre beside the axis
        gap = lens[:, column].argmax() - np.flatnonzero(implant[:, column]).max() - 1
        vaults.append(float(scan.notes["vault_mm"]))
        assert gap * 14 / 730 / 1.336 == pytest.approx(vaults[-1], abs=0.06)
    assert max(vaults) - min(vaults) > 0.3


def test_artificial_lenses_have_many_shapes() -> None:
    optics = [draw_optics(generator("shapes", number)) for number in range(400)]
    mains = [pair[-1] for pair in optics]
    assert 0.01 < np.mean([len(pair) == 2 for pair in optics]) < 0.10
    assert 0.06 < np.mean([one.in_chamber for one in mains]) < 0.20
    assert min(one.thickness_mm for one in mains) < 0.5
    assert max(one.thickness_mm for one in mains) > 1.2
    assert {one.square for one in mains} == {True, False}
    assert any(one.front_curve == 0 for one in mains)
    assert any(one.back_curve < 0 for one in mains)
    assert any(one.rings for one in mains)
    assert all(0.4 <= one.thickness_mm <= 1.3 for one in mains)
    assert all(5 <= 2 * one.radius_mm <= 7 for one in mains)
