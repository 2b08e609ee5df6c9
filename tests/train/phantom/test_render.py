"""Whole scans: determinism, truth, displays, artefacts."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest

from train.phantom.eye.conditions import CONDITIONS
from train.phantom.eye.plan import GRADABLE, EyePlan, LensState
from train.phantom.imaging import artefacts
from train.phantom.imaging.disturbances import Disturbances
from train.phantom.imaging.plan import DISPLAY_SETTINGS, FORCED, Geometry, ScanPlan
from train.phantom.opacity.lens_opacities import LensOpacities
from train.phantom.patient import Eye, make_eye
from train.phantom.render import render, simulate

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from train.phantom.eye.lens import LensPoints, LensShape

CLEAR = EyePlan("render", "clear", "OD", 40.0, cataract=False, dilated=False)
ILL = EyePlan("render", "ill", "OD", 72.0, cataract=True, dilated=True, mix="NCP")
SMALL = ScanPlan(1, 30.0, Geometry.OPTICAL, 730, 857)
NARROW, BROAD = (  # numbers of the displays of 29 and 48 dB
    next(n for n, setting in enumerate(DISPLAY_SETTINGS, 1) if setting.range_db == range_db) for range_db in (29, 48)
)


def test_the_same_plans_give_the_same_bytes() -> None:
    first, second = simulate(ILL, SMALL), simulate(ILL, SMALL)
    assert np.array_equal(first.picture, second.picture)
    for name in ("labels", "excess", "kind", "observable", "mask", "tissue"):
        assert np.array_equal(getattr(first.truth, name), getattr(second.truth, name))


def test_the_truth_does_not_depend_on_the_imaging_seed() -> None:
    first, again = simulate(ILL, SMALL), simulate(ILL, replace(SMALL, imaging="again"))
    assert not np.array_equal(first.picture, again.picture)
    for name in ("labels", "excess", "kind", "mask"):
        assert np.array_equal(getattr(first.truth, name), getattr(again.truth, name))


def test_the_paper_paints_the_whole_lens_of_a_cataract_eye() -> None:
    ill, clear = simulate(ILL, SMALL).truth, simulate(CLEAR, SMALL).truth
    assert set(np.unique(ill.mask)) == {0, 2}
    assert set(np.unique(clear.mask)) == {0, 1}
    assert set(np.unique(ill.labels)) == {0, 1, 2}
    for truth in (ill, clear):
        overlap = np.count_nonzero((truth.mask > 0) & (truth.labels > 0))
        dice = 2 * overlap / (np.count_nonzero(truth.mask) + truth.lens_px)
        assert 0.93 < dice < 1.0  # an annotator is good, and not perfect


def test_excess_is_coded_as_the_layout_says() -> None:
    truth = simulate(ILL, SMALL).truth
    decibel = truth.excess / 6.0 - 12.0
    assert decibel[truth.labels == 0].max() == 0
    assert decibel[truth.labels == 2].mean() > 4
    assert (decibel[truth.labels == 2] >= 2.5).mean() > 0.97  # the border between pixels is interpolated
    assert set(np.unique(truth.kind[truth.labels < 2])) == {0}


@pytest.mark.parametrize(
    ("geometry", "shape", "dtype", "profile"),
    [
        (Geometry.CORRECTED, (1824, 2150), np.uint8, "anterion"),
        (Geometry.OPTICAL, (1824, 2150), np.uint8, "anterion"),
        (Geometry.FAN, (1824, 2150), np.uint8, "anterion"),
        (Geometry.RAW, (1519, 768), np.uint16, "anterion-raw"),
    ],
)
def test_each_geometry_has_its_frame(geometry: Geometry, shape: tuple[int, int], dtype: type, profile: str) -> None:
    scan = simulate(CLEAR, ScanPlan(1, 0.0, geometry))
    assert scan.picture.shape == shape == scan.truth.labels.shape == scan.truth.mask.shape
    assert scan.picture.dtype == dtype
    assert scan.notes["profile"] == profile
    assert scan.truth.lens_px > 0.02 * scan.truth.labels.size


def test_the_background_is_black_in_exported_pictures_not_in_raw_ones() -> None:
    exported, raw = simulate(CLEAR, ScanPlan(1, 0.0, Geometry.OPTICAL)), simulate(CLEAR, ScanPlan(1, 0.0, Geometry.RAW))
    corner = exported.picture[:100, :200]
    assert (corner == 0).mean() > 0.9
    # Floor over cornea 0.27 to 0.45 in public raw scans; the cornea lies at about 33000 of 65535.
    floor = raw.picture[:60, :150].mean()
    assert 0.22 * 33000 < floor < 0.50 * 33000


def test_a_floor_stays_at_the_level_of_the_empty_chamber() -> None:
    plan = ScanPlan(1, 0.0, Geometry.OPTICAL, floor=True)
    scan = simulate(replace(CLEAR, dilated=True, patient="wide"), plan)
    rows, columns = np.nonzero(scan.truth.labels)
    left = columns.min() + (columns.max() - columns.min()) // 8
    chamber = scan.picture[rows.min() - 160 : rows.min() - 60, left : left + 150]
    assert chamber.mean() == pytest.approx(scan.picture[:150, :400].mean(), abs=3)


def test_a_left_eye_is_the_mirror_of_a_right_one() -> None:
    right = make_eye(CLEAR)
    plan = replace(SMALL, meridian_deg=0.0)
    left = replace(right, plan=replace(right.plan, eye="OS"))
    tilted = replace(right.anatomy, pose=replace(right.anatomy.pose, tilt_x_rad=0.15, tilt_y_rad=0.0))
    slopes = []
    for eye in (replace(right, anatomy=tilted), replace(left, anatomy=tilted)):
        labels = render(eye, plan).truth.labels > 0
        columns = np.flatnonzero(labels.any(axis=0))
        tops = labels[:, columns].argmax(axis=0)
        slopes.append(np.polyfit(columns, tops, 1)[0])
    assert slopes[0] * slopes[1] < 0
    assert abs(slopes[0] + slopes[1]) < 0.3 * abs(slopes[0] - slopes[1])


@pytest.mark.parametrize("state", [state for state in LensState if state not in GRADABLE])
def test_scans_that_must_be_refused_have_no_lens_in_their_truth(state: LensState) -> None:
    scan = simulate(replace(CLEAR, state=state), SMALL)
    assert scan.truth.lens_px == 0
    assert not scan.truth.mask.any()
    assert not scan.truth.observable.any()
    assert scan.notes["truth_observable_fraction"] == ""


@pytest.mark.parametrize("forced", FORCED[1:])
def test_each_artefact_changes_the_picture(forced: str) -> None:
    plain = simulate(CLEAR, SMALL).picture.astype(float)
    changed = simulate(CLEAR, replace(SMALL, forced=forced)).picture.astype(float)
    assert np.abs(changed - plain).max() > 20


@pytest.mark.parametrize("condition", CONDITIONS[1:])
def test_each_condition_of_an_eye_can_be_rendered(condition: str) -> None:
    scan = simulate(replace(CLEAR, condition=condition), SMALL)
    assert scan.notes["condition"] == condition
    assert scan.truth.lens_px > 1000


def test_a_blink_hides_the_lens_from_the_truth_too() -> None:
    seen = {}
    for index in range(6):
        eye = replace(CLEAR, patient=f"blink{index}")
        seen[index] = simulate(eye, replace(SMALL, forced="blink")).truth.lens_px / simulate(eye, SMALL).truth.lens_px
    assert min(seen.values()) < 0.95


def test_display_settings_are_the_gains_and_windows_asked_for() -> None:
    scans = [simulate(CLEAR, replace(SMALL, setting=number)) for number in range(1, len(DISPLAY_SETTINGS) + 1)]
    own = scans[0].notes
    assert [float(scan.notes["gain_db"]) - float(own["gain_db"]) for scan in scans] == pytest.approx([0, -3, 3, 0, 0])
    assert [255 / float(scan.notes["grey_per_db"]) for scan in scans[3:]] == pytest.approx([29, 48], rel=1e-3)
    assert len({scan.notes["black_db"] for scan in scans}) == 1
    assert len({scan.notes["artefacts"] for scan in scans}) == 1
    assert all(np.array_equal(scan.truth.labels, scans[0].truth.labels) for scan in scans)
    assert np.array_equal(scans[0].picture, simulate(CLEAR, SMALL).picture)
    means = [scan.picture[scan.truth.labels > 0].mean() for scan in scans]
    assert means[1] < means[0] < means[2]


def test_windows_of_29_and_48_db_are_one_picture_up_to_a_factor() -> None:
    plan = replace(SMALL, rows=0, columns=0)  # enlarged, so that no sample of the device is left out
    narrow, broad = (simulate(CLEAR, replace(plan, setting=number)).picture for number in (NARROW, BROAD))
    rounding = 0.5 * 29 / 48 + 0.5
    change = narrow * (29 / 48) - broad.astype(float)
    assert change.max() <= rounding + 1e-3  # what the narrow window clips is only darker
    # Pixels are interpolated from clipped samples: white of the narrow window is 154 of the broad one.
    unclipped = cv2.dilate(broad, np.ones((3, 3), np.uint8)) < 100
    assert unclipped.mean() > 0.9
    assert np.abs(change[unclipped]).max() <= rounding + 1e-3
    assert broad.max() > 155


def test_a_higher_gain_shows_the_same_speckle() -> None:
    low, high = (simulate(CLEAR, replace(SMALL, setting=number)) for number in (2, 3))
    lens = (low.truth.labels > 0) & (low.picture > 40) & (high.picture < 250)
    # Far above the noise a gain of 6 dB is a lift by a constant.
    lift = (high.picture[lens].astype(float) - low.picture[lens]) / float(low.notes["grey_per_db"])
    assert np.median(lift) == pytest.approx(6.0, abs=0.6)
    assert np.std(lift) < 0.6


def test_the_front_cortex_of_a_bright_eye_is_observable() -> None:
    truth = simulate(CLEAR, SMALL).truth
    lens = truth.labels > 0
    depth = np.cumsum(lens, axis=0) * lens
    thickness = lens.sum(axis=0)
    whole = thickness > 0.8 * thickness.max()
    cortex = ((depth > 0) & (depth < 0.12 * thickness.max()))[:, whole]
    assert truth.observable[:, whole][cortex].all()
    assert not truth.observable[~lens].any()
    assert set(np.unique(truth.observable)) <= {0, 1}


class Slab:
    """A millimetre of 20 dB in the front half of the lens, everywhere."""

    kind = 6
    harmless = False

    def excess_db(self, points: LensPoints, shape: LensShape) -> NDArray[np.float32]:
        return np.where((points.z > 0.3) & (points.z < 1.3), 20, 0).astype(np.float32)


def with_slab(eye: Eye) -> Eye:
    return replace(eye, disease=replace(eye.disease, opacities=LensOpacities(eye.disease.opacities.diffuse, (Slab(),))))


def test_nothing_behind_a_dense_slab_is_observable() -> None:
    scan = render(with_slab(make_eye(CLEAR)), SMALL)
    lens = scan.truth.labels > 0
    slab = scan.truth.labels == 2
    middle = int(np.median(np.flatnonzero(slab.any(axis=0))))
    last = int(np.flatnonzero(slab[:, middle]).max())
    behind = slice(last + 5, int(np.flatnonzero(lens[:, middle]).max()))
    assert behind.stop - behind.start > 50
    assert not scan.truth.observable[behind, middle].any()  # 17 dB of shadow on 14 dB and less
    assert scan.truth.observable[slab].mean() > 0.8
    assert 0.8 < float(scan.notes["truth_observable_fraction"]) <= 1


def test_the_shadow_of_a_lash_is_not_observable(monkeypatch: pytest.MonkeyPatch) -> None:
    lash = Disturbances(lashes=((1.0, 0.1, 30.0),))
    bare = Disturbances()
    eye, seen = make_eye(CLEAR), {}
    for name, what in (("lash", lash), ("bare", bare)):
        monkeypatch.setattr(artefacts, "draw_disturbances", lambda *_, what=what: what)
        seen[name] = render(eye, SMALL).truth
    assert np.array_equal(seen["lash"].labels, seen["bare"].labels)
    lost = (seen["bare"].observable == 1) & (seen["lash"].observable == 0)
    columns = np.flatnonzero(lost.sum(axis=0) > 20)
    assert 0.1 < len(columns) * 16.5 / SMALL.columns < 0.3  # twice the half width of 0.1 mm
    assert not seen["lash"].observable[:, int(np.median(columns))].any()


def test_what_a_lid_covers_is_not_observable_though_the_lid_is_bright(monkeypatch: pytest.MonkeyPatch) -> None:
    lid = Disturbances(lid_mm=7.5, lid_side=1)  # from 0.75 mm right of the frame's middle
    monkeypatch.setattr(artefacts, "draw_disturbances", lambda *_: lid)
    scan = simulate(CLEAR, SMALL)
    covered = round(SMALL.columns * (0.5 + 1.3 / 16.5))
    assert scan.truth.labels[:, covered:].any()
    assert not scan.truth.observable[:, covered:].any()
    assert scan.truth.observable[:, : SMALL.columns // 2].any()


def test_nothing_is_observable_outside_the_visible_lens() -> None:
    for plan in (replace(SMALL, forced="blink"), replace(SMALL, forced="tear"), ScanPlan(1, 0.0, Geometry.FAN)):
        truth = simulate(ILL, plan).truth
        assert truth.observable.any()
        assert not truth.observable[truth.labels == 0].any()


def test_what_is_observable_depends_on_the_gain_and_not_on_the_window() -> None:
    own, low, high, narrow, broad = (
        simulate(ILL, replace(SMALL, forced="low-signal", setting=number)).truth.observable for number in range(1, 6)
    )
    assert np.array_equal(own, narrow)
    assert np.array_equal(own, broad)
    assert np.all(low <= own)
    assert np.all(own <= high)
    assert low.sum() < high.sum()


def test_without_opacity_there_is_no_share_that_can_be_seen() -> None:
    eye = make_eye(CLEAR)
    silent = replace(eye.disease.opacities.diffuse, nuclear_db=0.0, cortical_db=0.0, texture_db=0.0)
    scan = render(replace(eye, disease=replace(eye.disease, opacities=LensOpacities(silent))), SMALL)
    assert scan.truth.opacity_px == 0
    assert scan.truth.observable.any()
    assert scan.notes["truth_observable_fraction"] == ""


def test_the_shifted_phantom_shows_the_same_truth_in_another_picture() -> None:
    usual, shifted = simulate(ILL, SMALL), simulate(replace(ILL, shifted=True), SMALL)
    assert np.array_equal(usual.truth.labels, shifted.truth.labels)
    assert np.abs(usual.picture.astype(float) - shifted.picture).mean() > 3


def test_cataract_stands_out_of_the_clear_lens() -> None:
    def nucleus(scan_plan: ScanPlan, eye: EyePlan) -> float:
        scan = simulate(eye, scan_plan)
        rows, columns = np.nonzero(scan.truth.labels)
        return float(
            scan.picture[
                int(np.median(rows)) - 20 : int(np.median(rows)) + 20, columns.min() + 20 : columns.max() - 20
            ].mean()
        )

    ill = [nucleus(SMALL, replace(ILL, patient=f"n{i}", mix="N")) for i in range(6)]
    clear = [nucleus(SMALL, replace(CLEAR, patient=f"n{i}", age_years=72.0)) for i in range(6)]
    assert np.mean(ill) > np.mean(clear) + 15


def test_nonsense_is_refused_in_words() -> None:
    with pytest.raises(ValueError, match="Eye 'left': expected OD or OS"):
        replace(CLEAR, eye="left")
    with pytest.raises(ValueError, match="Condition 'plague': expected one of scar"):
        replace(CLEAR, condition="plague")
    with pytest.raises(ValueError, match="Artefact 'gremlin': expected one of lashes"):
        replace(SMALL, forced="gremlin")
    with pytest.raises(ValueError, match=r"An age of 400\.0 years: expected 0 to 120"):
        replace(CLEAR, age_years=400.0)
    with pytest.raises(ValueError, match="Condition 'scar' of an eye that shall have none"):
        replace(CLEAR, condition="scar", no_condition=True)
    with pytest.raises(ValueError, match="Display setting 9: expected 0 to 5"):
        replace(SMALL, setting=9)
