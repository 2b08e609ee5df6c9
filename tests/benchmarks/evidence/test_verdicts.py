"""Real eyes are judged against the range of simulated ones, and what that range misses is named."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from benchmarks.evidence.measured_eyes import PROFILE_POINTS, STATISTICS, Measured
from benchmarks.evidence.verdicts import judge, summarise


def eye(name: str, value: float, looks: str = "yes", regime: str = "8-bit") -> Measured:
    return Measured(name, regime, looks, dict.fromkeys(STATISTICS, value), np.full(PROFILE_POINTS, value))


CLEAR = [eye(f"p{number}", float(number), "clear") for number in range(101)]  # 5th to 95th percentile: 5 to 95
ILL = [replace(one, looks="cataract", numbers=dict.fromkeys(STATISTICS, 500.0)) for one in CLEAR]
PHANTOM = {(regime, group): eyes for regime in ("8-bit", "16-bit") for group, eyes in
           (("clear", CLEAR), ("cataract", ILL))}  # fmt: skip


@pytest.mark.parametrize(("value", "inside"), [(4.9, False), (5.0, True), (95.0, True), (95.1, False)])
def test_a_real_eye_is_inside_from_the_5th_to_the_95th_percentile(value: float, inside: bool) -> None:
    verdicts = judge([eye("one", value)], PHANTOM)
    assert [one.inside for one in verdicts] == [inside] * (len(STATISTICS) + PROFILE_POINTS)
    assert (verdicts[0].low, verdicts[0].median, verdicts[0].high) == (5.0, 50.0, 95.0)


def test_only_an_eye_that_may_be_ill_is_compared_with_cataract() -> None:
    assert judge([eye("one", 400.0)], PHANTOM)[0].inside is False
    assert judge([eye("one", 400.0, "hazy")], PHANTOM)[0].inside is True


def test_a_range_is_vague_above_three_times_the_spread_of_real_eyes() -> None:
    for distance, narrow in ((30.0, True), (29.9, False)):
        verdicts = judge([eye("one", 40.0), eye("other", 40.0 + distance)], PHANTOM)
        assert next(one for one in verdicts if one.quantity == "contrast_lens").narrow is narrow


def test_what_cannot_be_measured_is_not_judged() -> None:
    clipped = eye("one", 50.0)
    clipped.numbers["vitreous_mean"] = float("nan")
    assert "vitreous_mean" not in {one.quantity for one in judge([clipped], PHANTOM)}


def test_the_summary_counts_and_names_what_is_missed() -> None:
    missed = eye("one", 50.0)
    missed.numbers["aqueous_mean"] = 1.0
    summary = summarise(judge([missed, eye("other", 80.0)], PHANTOM))
    assert summary[0].startswith("yes: 75 of 76 inside (99%)")
    assert summary[1] == "  misses: one aqueous_mean"
    assert "one real eye only" not in " ".join(summary)
    assert "  8-bit: one real eye only: no spread to judge vagueness by." in summarise(judge([missed], PHANTOM))
