"""The slope of gain over depth, and oedema as bright as the iris: what moves cornea and lens apart."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from edge_runtime.look.tissues import Tissue
from train.phantom.eye.plan import EyePlan
from train.phantom.imaging.detector import gate_db
from train.phantom.imaging.exposure import draw_exposure
from train.phantom.imaging.plan import Geometry, ScanPlan
from train.phantom.patient import make_eye
from train.phantom.render import simulate
from train.phantom.seeds import generator

EYE = EyePlan("slope", "one", "OD", 40.0, cataract=False, dilated=True)
PLAN = ScanPlan(1, 0.0, Geometry.OPTICAL, 730, 857)


@pytest.mark.parametrize(("wide", "spread"), [(True, 0.2), (False, 0.12)])
def test_the_slope_spreads_as_said_and_scans_of_an_exam_share_part_of_it(wide: bool, spread: float) -> None:
    slopes = np.array(
        [
            [
                draw_exposure(generator("noise", number, scan), eye, replace(PLAN, wide=wide), 2.0).depth_slope_db
                for scan in range(4)
            ]
            for number in range(150)
            for eye in [make_eye(replace(EYE, patient=f"p{number}", wide=wide))]
        ]
    )
    assert np.std(slopes) == pytest.approx(spread, rel=0.12)
    assert np.abs(slopes).max() <= 1.2
    assert 0.1 < np.corrcoef(slopes[:, 0], slopes[:, 1])[0, 1] < 0.45
    assert np.std(slopes - slopes.mean(axis=1, keepdims=True)) > 0.6 * spread


def test_the_slope_is_zero_down_to_the_cornea_and_grows_below() -> None:
    exposure = replace(draw_exposure(generator("any"), make_eye(EYE), PLAN, 2.0), depth_slope_db=0.5)
    depth = np.array([0.5, 2.0, 3.0, 6.0], np.float32)
    change = gate_db(depth, exposure) - gate_db(depth, replace(exposure, depth_slope_db=0.0))
    assert change == pytest.approx([0.0, 0.0, 0.5, 2.0], abs=1e-5)


def test_oedema_of_wide_eyes_can_be_as_bright_as_the_iris_and_that_of_usual_ones_is_not() -> None:
    shares = {}
    for wide in (True, False):
        found = []
        for number in range(24):
            eye = replace(EYE, patient=f"o{number}", condition="oedema", wide=wide)
            scan = simulate(eye, PLAN)
            middle = slice(380, 480)
            cornea = scan.picture[:, middle][scan.truth.tissue[:, middle] == Tissue.CORNEA]
            iris = scan.picture[scan.truth.tissue == Tissue.IRIS_SCLERA]
            found.append(np.median(cornea) / np.percentile(iris, 75))
        shares[wide] = found
    assert np.mean(np.array(shares[True]) > 0.95) > 0.1
    assert max(shares[False]) < 0.95
