from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from sklearn.calibration import calibration_curve

from train.study.resampling import BootstrapSettings
from train.study.rows import KINDS, ScanRow
from train.study.truth import calibrate, localise

from .test_rows import ROW

BOOTSTRAP_SETTINGS = BootstrapSettings(0, 100)


def scan(patient: int, opaque: dict[str, int], found: dict[str, int], **more: object) -> ScanRow:
    return replace(
        ROW,
        patient_id=f"P{patient}",
        opaque_px=tuple(opaque.get(kind, 0) for kind in KINDS),
        found_px=tuple(found.get(kind, 0) for kind in KINDS),
        **({"observable_px": (), "observable_found_px": ()} | more),  # type: ignore[arg-type]  # fields of a row by name
    )


def test_recall_pools_pixels_and_cortical_is_haze_and_spokes() -> None:
    rows = [
        scan(1, {"nuclear": 10, "cortical haze": 10}, {"nuclear": 9}, clear_px=50, false_px=5),
        scan(
            2, {"nuclear": 90, "cortical spokes": 30}, {"nuclear": 21, "cortical spokes": 30}, clear_px=50, false_px=0
        ),
    ]
    found = localise(rows, BOOTSTRAP_SETTINGS)
    assert found is not None
    assert found.recall_by_kind["nuclear (clinical)"].value == pytest.approx(30 / 100)
    assert found.recall_by_kind["cortical (clinical)"].value == pytest.approx(30 / 40)
    assert found.recall_by_kind["cortical haze"].value == 0
    assert "posterior subcapsular (clinical)" not in found.recall_by_kind
    assert found.recall.value == pytest.approx(60 / 140)
    assert found.false.value == pytest.approx(5 / 100)


def per_kind(counts: dict[str, int]) -> tuple[int, ...]:
    return tuple(counts.get(kind, 0) for kind in KINDS)


def test_recall_of_observable_pixels_leaves_the_others_out() -> None:
    rows = [
        scan(1, {"nuclear": 100, "cortical haze": 10}, {"nuclear": 30},
             observable_px=per_kind({"nuclear": 40}), observable_found_px=per_kind({"nuclear": 30})),
        scan(2, {"cortical spokes": 30}, {"cortical spokes": 12},
             observable_px=per_kind({"cortical spokes": 20}), observable_found_px=per_kind({"cortical spokes": 12})),
    ]  # fmt: skip
    found = localise(rows, BOOTSTRAP_SETTINGS)
    assert found is not None
    assert found.observable_recall is not None
    assert found.observable_share is not None
    assert found.recall.value == pytest.approx(42 / 140)
    assert (found.observable_share.value, found.observable_recall.value) == pytest.approx((60 / 140, 42 / 60))
    assert found.observable_recall_by_kind.keys() == found.recall_by_kind.keys()
    assert found.observable_recall_by_kind["nuclear (clinical)"].value == pytest.approx(30 / 40)
    assert found.observable_recall_by_kind["cortical (clinical)"].value == pytest.approx(12 / 20)
    assert found.observable_share_by_kind["cortical (clinical)"].value == pytest.approx(20 / 40)
    assert found.observable_recall_by_kind["cortical haze"].value is None  # nothing of it can be seen: undefined, not 0


def test_scans_without_observable_pixels_are_left_out_of_that_recall() -> None:
    untold = scan(1, {"nuclear": 50}, {"nuclear": 50})
    found = localise([untold], BOOTSTRAP_SETTINGS)
    assert found is not None
    assert (found.observable_recall, found.observable_share, found.observable_recall_by_kind) == (None, None, {})
    told = scan(2, {"nuclear": 8}, {"nuclear": 2},
                observable_px=per_kind({"nuclear": 4}), observable_found_px=per_kind({"nuclear": 2}))  # fmt: skip
    both = localise([untold, told], BOOTSTRAP_SETTINGS)
    assert both is not None
    assert both.observable_recall is not None
    assert (both.observable_recall.value, both.observable_recall.n) == (0.5, {"cataract": 1})
    assert both.recall.value == pytest.approx(52 / 58)


def test_localisation_is_asked_of_partly_opaque_lenses_only() -> None:
    rows = [
        scan(number, {"nuclear": 1}, {}, truth_opacity_fraction=fraction, localisation_auc=area)
        for number, (fraction, area) in enumerate([(0.04, 0.1), (0.05, 0.8), (0.95, 0.9), (0.96, 0.2), (0.5, None)])
    ]
    found = localise(rows, BOOTSTRAP_SETTINGS)
    assert found is not None
    assert found.auc.value == pytest.approx(0.85)
    assert found.auc.n == {"cataract": 2}


def test_without_truth_nothing_is_localised_or_calibrated() -> None:
    bare = replace(ROW, opaque_px=(), found_px=(), reliability_px=())
    assert localise([bare], BOOTSTRAP_SETTINGS) is None
    assert calibrate([bare], BOOTSTRAP_SETTINGS) is None


def test_reliability_is_sklearns_curve() -> None:
    generator = np.random.default_rng(0)
    chance = generator.random(5000)
    opaque = generator.random(5000) < chance**2
    classes = np.minimum((chance * 10).astype(int), 9)
    rows = [
        replace(
            ROW,
            patient_id=f"P{part}",
            reliability_px=tuple(np.bincount(classes[part::2], minlength=10).tolist()),
            reliability_opaque_px=tuple(np.bincount(classes[part::2], opaque[part::2], 10).astype(int).tolist()),
            reliability_sum=tuple(np.bincount(classes[part::2], chance[part::2], 10).tolist()),
        )
        for part in range(2)
    ]
    found = calibrate(rows, BOOTSTRAP_SETTINGS)
    assert found is not None
    share, said = calibration_curve(opaque, chance, n_bins=10)
    assert [one.opaque_share for one in found.classes] == pytest.approx(share.tolist())
    assert [one.mean_probability for one in found.classes] == pytest.approx(said.tolist())
    weights = np.bincount(classes, minlength=10) / 5000
    assert found.expected_error.value == pytest.approx(float(weights @ np.abs(share - said)))
    assert sum(one.pixels for one in found.classes) == 5000
