from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binomtest, bootstrap

from edge_runtime.errors import UsageError
from train.study import weighted
from train.study.resampling import BOOTSTRAP, EXACT, UNDEFINED, BootstrapSettings, PatientResampling, clopper_pearson


def test_the_exact_interval_is_that_of_the_textbook() -> None:
    # 81 of 263: 0.2527 to 0.3676, Newcombe, Statistics in Medicine 1998;17:857, table I, method 5.
    low, high = clopper_pearson(81, 263)
    assert (round(low, 4), round(high, 4)) == (0.2527, 0.3676)


@pytest.mark.parametrize("trials", [1, 20, 132])
def test_all_of_n_is_bounded_by_the_nth_root_of_the_tail(trials: int) -> None:
    assert clopper_pearson(trials, trials) == (pytest.approx(0.025 ** (1 / trials)), 1)
    assert clopper_pearson(0, trials) == (0, pytest.approx(1 - 0.025 ** (1 / trials)))


@pytest.mark.parametrize("successes", [0, 1, 40, 89])
def test_the_exact_interval_is_that_of_scipys_binomial_test(successes: int) -> None:
    expected = binomtest(successes, 89).proportion_ci(0.95, "exact")
    assert clopper_pearson(successes, 89) == pytest.approx((expected.low, expected.high), abs=1e-12)


def test_a_bootstrap_without_resamples_is_refused() -> None:
    with pytest.raises(UsageError, match="0 resamples were asked for"):
        BootstrapSettings(seed=0, resamples=0)


def test_a_senseless_count_is_refused() -> None:
    with pytest.raises(ValueError, match="got 3 of 2"):
        clopper_pearson(3, 2)


def test_the_interval_of_a_mean_is_that_of_scipys_bootstrap() -> None:
    values = np.random.default_rng(1).normal(0.5, 0.2, 80)
    resampling = PatientResampling([f"P{i}" for i in range(80)], ["clear"] * 80, 0, 9000)
    found = resampling.estimate(weighted.mean(values.tolist()))
    expected = bootstrap(
        (values,), np.mean, n_resamples=9000, method="percentile", rng=np.random.default_rng(0)
    ).confidence_interval
    assert found.value == pytest.approx(values.mean())
    assert (found.low, found.high) == (pytest.approx(expected.low, abs=0.002), pytest.approx(expected.high, abs=0.002))
    assert found.method == BOOTSTRAP


def test_units_of_a_patient_stay_together_and_groups_keep_their_size() -> None:
    patients = ["A", "A", "B", "C", "C", "D"]
    groups = ["clear", "clear", "clear", "cataract", "clear", "cataract"]  # C has one eye of each
    resampling = PatientResampling(patients, groups, 0, 500)
    seen: list[np.ndarray] = []
    resampling.estimate(lambda weights: (seen.append(weights), weights.sum(axis=1))[1])
    weights = seen[-1]
    assert np.array_equal(weights[:, 0], weights[:, 1])
    assert np.array_equal(weights[:, 3], weights[:, 4])
    assert np.all(weights[:, 0] + weights[:, 2] == 2)
    assert np.all(weights[:, 3] + weights[:, 5] == 2)


def test_two_like_eyes_per_patient_do_not_narrow_the_interval() -> None:
    values = np.random.default_rng(2).random(40)
    once = PatientResampling([f"P{i:02}" for i in range(40)], ["clear"] * 40, 0, 2000)
    twice = PatientResampling([f"P{i:02}" for i in range(40) for _ in range(2)], ["clear"] * 80, 0, 2000)
    one, two = once.estimate(weighted.mean(values)), twice.estimate(weighted.mean(values.repeat(2)))
    assert (one.low, one.high) == (pytest.approx(two.low), pytest.approx(two.high))
    assert (two.n, two.patients) == ({"clear": 80}, {"clear": 40})


def test_same_seed_same_interval() -> None:
    patients, values = [f"P{i}" for i in range(9)], list(range(9))
    first, again, other = (
        PatientResampling(patients, ["clear"] * 9, seed, 200).estimate(weighted.mean(values)) for seed in (3, 3, 4)
    )
    assert first == again
    assert first.low != other.low or first.high != other.high


def test_a_proportion_of_one_has_an_exact_bound_over_patients() -> None:
    patients, groups = ["A", "A", "B", "C", "D", "E"], ["clear"] * 3 + ["cataract"] * 3
    resampling = PatientResampling(patients, groups, 0, 100)
    scores = [0.1, 0.2, 0.1, 0.5, 0.6, 0.7]
    found = resampling.estimate(weighted.auc(scores, [group == "cataract" for group in groups]), proportion=True)
    assert (found.value, found.high, found.method) == (1, 1, EXACT)
    assert found.low == pytest.approx(0.025**0.5)


def test_what_is_undefined_stays_undefined() -> None:
    nobody = PatientResampling([], [], 0, 10).estimate(weighted.mean([]))
    assert (nobody.value, nobody.low, nobody.method) == (None, None, UNDEFINED)
    one_group = PatientResampling(["A", "B"], ["clear", "clear"], 0, 10)
    assert one_group.estimate(weighted.auc([0.1, 0.2], [False, False])).value is None


def test_an_interval_that_most_resamples_cannot_give_is_not_given() -> None:
    resampling = PatientResampling(["A"], ["clear"], 0, 10)
    found = resampling.estimate(lambda weights: np.where(np.arange(len(weights)) == 0, 1.0, np.nan))
    assert (found.value, found.low, found.high) == (1, None, None)


def test_one_group_per_unit_is_expected() -> None:
    with pytest.raises(ValueError, match="got 1 for 2"):
        PatientResampling(["A", "B"], ["clear"], 0, 10)
