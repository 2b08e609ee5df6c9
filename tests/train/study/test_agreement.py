from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from train.study.agreement import by_exam, compare_pairs, measure_repeatability
from train.study.baselines import best_grey_level, compare, grey_fraction
from train.study.diagnosis import by_stratum, diagnose, eye_units, patient_units
from train.study.gallery import examples, worst
from train.study.resampling import BOOTSTRAP, BootstrapSettings
from train.study.rows import EyeRow
from train.study.truth import against_truth

BOOTSTRAP_SETTINGS = BootstrapSettings(0, 200)
EYE = EyeRow(
    eye_id="P0/OD/1", patient_id="P0", eye="OD", exam=1, group="clear", age_years=40.0, bcva_logmar=0.0, scans=6,
    scans_graded=6, cataract_fraction=0.1, lens_density=50.0, nucleus_density=40.0,
    grey_counts=(0,) * 4 + (10,) + (0,) * 27, truth_opacity_fraction=0.1, kind="", strata=(),
)  # fmt: skip


def eye(patient: int, group: str, fraction: float | None, exam: int = 1, side: str = "OD") -> EyeRow:
    return replace(
        EYE, eye_id=f"P{patient}/{side}/{exam}", patient_id=f"P{patient}", eye=side, exam=exam, group=group,
        cataract_fraction=fraction,
    )  # fmt: skip


def test_exams_of_an_eye_are_put_side_by_side_and_incomplete_eyes_counted() -> None:
    eyes = [eye(1, "clear", 0.2, 2), eye(1, "clear", 0.1, 1), eye(2, "clear", 0.3, 1), eye(3, "clear", None, 1),
            eye(3, "clear", 0.1, 2)]  # fmt: skip
    first, values, left_out = by_exam(eyes)
    assert [one.eye_id for one in first] == ["P1/OD/1"]
    assert values.tolist() == [[0.1, 0.2]]
    assert left_out == 2


def test_repeatability_is_told_per_group_and_range_over_all_variants() -> None:
    eyes = [
        eye(number, "cataract", 0.3 + 0.05 * number + 0.01 * exam, exam) for number in range(8) for exam in (1, 2, 3)
    ]
    found = measure_repeatability(eyes, BOOTSTRAP_SETTINGS)
    assert set(found) == {"cataract", "all"}
    assert found["cataract"].exams == 3
    assert found["cataract"].range_95.value == pytest.approx(0.02)
    assert found["cataract"].within_eye_sd.value == pytest.approx(0.01)
    assert found["cataract"].icc.value is not None
    assert found["cataract"].icc.n == {"cataract": 8}


def test_with_one_exam_there_is_no_repeatability() -> None:
    assert measure_repeatability([eye(1, "clear", 0.1), eye(2, "cataract", 0.5)], BOOTSTRAP_SETTINGS) == {}


def test_eyes_of_two_reports_are_paired_by_name() -> None:
    here = [eye(1, "clear", 0.20), eye(2, "clear", 0.1), eye(3, "cataract", 0.5), eye(4, "cataract", 0.6)]
    there = [eye(1, "clear", 0.10), eye(2, "clear", 0.1), eye(3, "cataract", 0.5), eye(9, "cataract", 0.6)]
    found = compare_pairs(here, there, 0.15, BOOTSTRAP_SETTINGS)
    assert found is not None
    assert found.mean.value == pytest.approx(0.1 / 3)
    assert found.absolute_95.value == pytest.approx(0.1)
    assert (found.auc.value, found.auc_difference.value) == (1, 0)
    assert (found.decisions_changed, found.eyes_in_one_only, found.eyes_dropped) == (1, 2, 0)
    assert compare_pairs(here, [], 0.15, BOOTSTRAP_SETTINGS) is None


def test_an_eye_refused_in_one_report_is_dropped_from_both_and_counted() -> None:
    here = [eye(1, "clear", None), eye(2, "clear", 0.1), eye(3, "cataract", 0.5), eye(4, "cataract", None)]
    there = [eye(1, "clear", 0.9), eye(2, "clear", 0.2), eye(3, "cataract", None), eye(4, "cataract", None)]
    here.append(eye(5, "cataract", 0.05))
    there.append(eye(5, "cataract", 0.3))
    found = compare_pairs(here, there, 0.15, BOOTSTRAP_SETTINGS)
    assert found is not None
    assert found.mean.n == {"clear": 1, "cataract": 1}
    assert (found.auc.value, found.other_auc.value, found.auc_difference.value) == (0, 1, -1)
    assert (found.eyes_dropped, found.not_graded_here, found.not_graded_there) == (3, 2, 2)
    assert found.eyes_in_one_only == 0


def test_a_difference_of_aucs_is_taken_within_each_resample() -> None:
    generator = np.random.default_rng(4)
    here, there = [], []
    for number in range(60):
        group = "cataract" if number % 2 else "clear"
        for side in ("OD", "OS"):
            fraction = 0.3 * (number % 2) + generator.normal(0.3, 0.2)
            here.append(eye(number, group, fraction + generator.normal(0, 0.05), side=side))
            there.append(eye(number, group, fraction, side=side))
    found = compare_pairs(here, there, 0.15, BOOTSTRAP_SETTINGS)
    assert found is not None
    difference = found.auc_difference
    assert difference.value == pytest.approx(found.auc.value - found.other_auc.value)
    assert (difference.method, difference.patients) == (BOOTSTRAP, {"clear": 30, "cataract": 30})
    assert difference.low < difference.value < difference.high
    assert difference.high - difference.low < (found.auc.high - found.auc.low) / 2  # what both share falls out
    assert compare_pairs(here, here, 0.15, BOOTSTRAP_SETTINGS).auc_difference.low == 0


def test_an_eye_of_two_groups_is_refused() -> None:
    with pytest.raises(ValueError, match="eye P1/OD/1 is clear here and cataract in the other report"):
        compare_pairs([eye(1, "clear", 0.1)], [eye(1, "cataract", 0.1)], 0.15, BOOTSTRAP_SETTINGS)


def test_a_patient_is_judged_by_the_worse_eye() -> None:
    units = patient_units([eye(1, "clear", 0.1), eye(1, "cataract", 0.7, side="OS"), eye(2, "clear", 0.2)])
    assert (units.scores, units.positive) == ((0.7, 0.2), (True, False))


def test_rates_at_a_fixed_threshold_and_at_their_own() -> None:
    eyes = [eye(number, "clear", 0.02 * number) for number in range(6)]
    eyes += [eye(10 + number, "cataract", 0.08 + 0.1 * number) for number in range(6)]
    found = diagnose(eye_units(eyes), 0.14, BOOTSTRAP_SETTINGS)
    assert (found.fixed.counts.true_positives, found.fixed.counts.true_negatives) == (5, 6)
    assert found.fixed.sensitivity.value == pytest.approx(5 / 6)
    assert found.fixed.specificity.method.startswith("exact")
    assert found.fixed.specificity.low == pytest.approx(0.025 ** (1 / 6))
    assert found.fixed.specificity.n == {"clear": 6}
    assert found.own is not None
    assert found.own.cf_threshold == pytest.approx(0.14, abs=0.04)


def test_one_group_alone_has_its_rate_and_no_auc() -> None:
    found = diagnose(eye_units([eye(1, "clear", 0.1), eye(2, "clear", 0.3)]), 0.2, BOOTSTRAP_SETTINGS)
    assert (found.auc.value, found.own, found.fixed.sensitivity.value) == (None, None, None)
    assert found.fixed.specificity.value == 0.5


def test_subgroups_are_told_only_where_they_differ() -> None:
    drawn = [("clear", 0.1, "none"), ("cataract", 0.5, "N"), ("cataract", 0.1, "P")]
    eyes = [
        replace(eye(number, group, fraction), strata=("state=phakic", f"mix={mix}"))
        for number, (group, fraction, mix) in enumerate(drawn)
    ]
    found = by_stratum(eyes, 0.2, BOOTSTRAP_SETTINGS)
    assert set(found) == {"mix=none", "mix=N", "mix=P"}
    assert found["mix=P"].sensitivity.value == 0


def test_baselines_are_measured_on_the_eyes_that_have_them() -> None:
    eyes = [replace(eye(number, "clear", 0.01 * number), age_years=50.0 - number) for number in range(4)]
    eyes += [replace(eye(9 + number, "cataract", 0.5), age_years=49.5, lens_density=None) for number in range(3)]
    found = compare(eyes, 32, {"age": 49.2}, BOOTSTRAP_SETTINGS)
    assert found["age"].auc.value == pytest.approx(9 / 12)
    assert found["age"].difference.value == pytest.approx(0.25)
    assert found["age"].fixed is not None
    assert found["age"].fixed.specificity.value == pytest.approx(3 / 4)
    assert found["lens_density"].auc.value is None  # of one group only
    assert compare(
        [replace(one, age_years=None) for one in eyes], 32, {}, BOOTSTRAP_SETTINGS
    ).keys() == found.keys() - {"age"}


def test_the_grey_level_is_the_middle_one_of_the_best() -> None:
    dark, bright = (0,) * 4 + (10,) + (0,) * 27, (0,) * 9 + (10,) + (0,) * 22
    eyes = [replace(eye(1, "clear", 0.1), grey_counts=dark), replace(eye(2, "cataract", 0.1), grey_counts=bright)]
    assert best_grey_level(eyes) == 56  # 40, 48, 56, 64 and 72 tell them apart
    assert best_grey_level(eyes[:1]) is None
    assert grey_fraction((1, 2, 3), 8) == pytest.approx(5 / 6)
    assert grey_fraction((0, 0), 8) is None


def test_the_fraction_against_truth() -> None:
    eyes = [
        replace(eye(number, "cataract", 0.1 * number), truth_opacity_fraction=0.1 * number + 0.05)
        for number in range(6)
    ]
    found = against_truth(eyes, BOOTSTRAP_SETTINGS)
    assert found is not None
    assert found.mean_difference.value == pytest.approx(-0.05)
    assert found.correlation.value == pytest.approx(1)
    assert against_truth([replace(one, truth_opacity_fraction=None) for one in eyes], BOOTSTRAP_SETTINGS) is None


def test_the_gallery_shows_the_worst_first_and_examples_evenly() -> None:
    eyes = [eye(1, "clear", 0.2), eye(2, "clear", 0.6), eye(3, "cataract", 0.05)]
    assert [one.patient_id for one in worst(eyes, 0.14, "clear")] == ["P2", "P1"]
    assert [one.patient_id for one in worst(eyes, 0.14, "cataract")] == ["P3"]
    many = [eye(number, "cataract", number / 20) for number in range(20)]
    shown = [one.cataract_fraction for one in examples(many, 6)]
    assert (shown[0], shown[-1], len(shown)) == (0.95, 0, 6)
