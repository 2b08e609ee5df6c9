"""One scale for one eye: what the scans show together, and what is never mixed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from edge_runtime.frame.brightness import NOMINAL_LEVELS, ReferenceLevels, referenced_grey
from edge_runtime.frame.one_scale import MOST_LEVEL_DB, FoundLevels, share_scale

PER_DB = NOMINAL_LEVELS.grey_per_db


def found(*levels: ReferenceLevels | None, kind: str = "device") -> list[FoundLevels]:
    return [FoundLevels(kind, one) for one in levels]


def exposed(shift_db: float, stroma_error: float = 0.0) -> ReferenceLevels:
    """The usual display, exposed brighter, with an error of the stroma in grey."""
    shift = shift_db * PER_DB
    return replace(
        NOMINAL_LEVELS,
        stroma=NOMINAL_LEVELS.stroma + shift + stroma_error,
        brightest=NOMINAL_LEVELS.brightest + shift,
        apex_row=shift_db,
    )


def test_a_single_scan_keeps_its_own_scale() -> None:
    (scale,) = share_scale(found(exposed(1.0, 3.0)))
    assert (scale.levels, scale.deviation_db, scale.unlikely) == (exposed(1.0, 3.0), 0.0, False)


def test_equal_scans_keep_their_scale_to_the_bit() -> None:
    levels = replace(NOMINAL_LEVELS, stroma=81.3, brightest=171.7, speckle=9.87, air=0.1)
    scales = share_scale(found(*[levels] * 7))
    assert [(scale.levels, scale.deviation_db) for scale in scales] == [(levels, 0.0)] * 7


def test_errors_of_one_tissue_are_averaged_away() -> None:
    errors = (-6.0, -3.0, 0.0, 0.0, 3.0, 6.0)
    scales = share_scale(found(*(exposed(0.0, error) for error in errors)))
    for scale in scales:
        assert scale.levels is not None
        assert scale.levels.stroma == pytest.approx(NOMINAL_LEVELS.stroma)
        assert np.array_equal(referenced_grey(scale.levels), referenced_grey(NOMINAL_LEVELS))
    # A lens 5 dB down: half of the error by the level, the other by the scale; root of six scans.
    assert 0.1 < scales[0].deviation_db < 0.4
    assert len({scale.deviation_db for scale in scales}) == 1


def test_the_order_of_the_scans_does_not_matter() -> None:
    scans = found(*(exposed(0.1 * number, 1.7 * (-1) ** number) for number in range(6)))
    forwards, backwards = share_scale(scans), share_scale(scans[::-1])
    assert len(forwards) == 6
    for one, other in zip(forwards, backwards[::-1], strict=True):
        assert np.array_equal(referenced_grey(one.levels), referenced_grey(other.levels))


def test_what_both_tissues_show_is_taken_for_the_exposure() -> None:
    shifts = (-1.4, 1.4, -1.4, 1.4, -1.4, 1.4)
    for scale, shift in zip(share_scale(found(*(exposed(shift) for shift in shifts))), shifts, strict=True):
        assert scale.levels is not None
        moved = (scale.levels.stroma - NOMINAL_LEVELS.stroma) / PER_DB
        assert moved == pytest.approx(shift, abs=0.25)
        assert scale.levels.contrast_grey_per_db == pytest.approx(NOMINAL_LEVELS.contrast_grey_per_db)
        assert scale.levels.apex_row == shift  # whose place is its own


@pytest.mark.parametrize(
    ("other", "unlikely"),
    [
        (exposed(2.0), False),
        (exposed(4.0), True),
        (replace(NOMINAL_LEVELS, brightest=NOMINAL_LEVELS.brightest + 60, speckle=14.0), True),
    ],
    ids=["brighter", "much brighter", "another display"],
)
def test_a_scan_that_is_far_from_the_others_keeps_its_own_scale(other: ReferenceLevels, unlikely: bool) -> None:
    *usual, last = share_scale(found(*(exposed(0.0, error) for error in (-2.0, 0.0, 2.0)), other))
    assert (last.levels, last.deviation_db, last.unlikely) == (other, 0.0, unlikely)
    for scale in usual:
        assert scale.levels is not None
        assert not scale.unlikely
        assert scale.levels.stroma == pytest.approx(NOMINAL_LEVELS.stroma)


def test_other_exports_are_not_mixed() -> None:
    own = [exposed(0.0), exposed(0.3, 4.0)]
    small = [replace(level, speckle=None) for level in own]
    noisy = [replace(level, air=20.0) for level in own]
    mixed = share_scale([*found(*own), *found(*own, kind="raw"), *found(*small), *found(*noisy), *found(None)])
    apart = [*share_scale(found(*own)) * 2, *share_scale(found(*small)), *share_scale(found(*noisy))]
    assert mixed[:-1] == apart
    assert mixed[-1].levels is None


def test_two_scans_that_differ_by_more_than_the_limit_are_left_alone() -> None:
    scans = found(exposed(0.0), exposed(2 * MOST_LEVEL_DB + 0.2))
    assert [one.levels for one in share_scale(scans)] == [one.levels for one in scans]
