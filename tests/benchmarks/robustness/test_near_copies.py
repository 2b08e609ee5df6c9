"""The judge of saved copies, on two simulated eyes."""

from __future__ import annotations

import pytest

from benchmarks.robustness.near_copies import faults, likenesses, scans_of, summary
from train.phantom.cohorts.catalogue import plan_cohort


def test_a_copy_that_is_not_told_and_a_scan_that_is_are_faults() -> None:
    assert faults({"copy: JPEG 50": [0.99, 0.9], "other scans of the eye": [0.2, 0.99], "without movement": [0.9]}) == 2


@pytest.mark.slow
def test_copies_of_simulated_scans_are_told_and_repeated_scans_are_not() -> None:
    found = likenesses([scans_of(*patient.eyes[0]) for patient in plan_cohort("test-retest", 3, 2)])
    assert faults(found) == 0
    assert summary(found)["without movement"]["count"] == 2
    assert {kind for kind in found if kind.startswith("copy: ")} >= {"copy: JPEG 50", "copy: half size, JPEG 50"}
