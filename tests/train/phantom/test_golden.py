"""The rendered bytes of each VERSION of the phantom stay as they were.

The digests of golden.json were made with numpy 2.4 and cv2 5.0 on an x86 processor with AVX-512. Pixels are rounded
from float32 numbers, whose last bits depend on those three. Where all three are the same, digests must be equal. Where
one differs, pictures may differ by rounding alone: means over blocks and counts of pixels are compared instead.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tests.train.phantom.make_golden import CASES, DIGESTS, GOLDEN, Case, digests, platform, render_case
from train.phantom.cohorts.catalogue import plan_cohort
from train.phantom.patient import make_eye
from train.phantom.render import VERSION, render

BLOCK_TOLERANCE = 0.05  # of 255 grey levels; a gain of 0.01 dB moves a bright block by more
COUNT_TOLERANCE = 0.001, 6  # of the count, and in pixels: whichever is more


@pytest.fixture(scope="module")
def golden() -> dict[str, Any]:
    known: dict[str, Any] = json.loads(GOLDEN.read_text())
    return known


def differences(found: dict[str, Any], known: dict[str, Any], exact: bool) -> list[str]:
    """Names of what differs between two digests."""
    if exact:
        return [name for name in DIGESTS if found[name] != known[name]]
    names = [] if found["shape"] == known["shape"] else ["shape"]
    blocks = ("coarse", "excess")
    names += [name for name in blocks if found[name] != pytest.approx(known[name], abs=BLOCK_TOLERANCE)]
    counts, asked = (np.hstack(list(one["pixels"].values())).tolist() for one in (found, known))
    if counts != pytest.approx(asked, rel=COUNT_TOLERANCE[0], abs=COUNT_TOLERANCE[1]):
        names.append("pixels")
    return names


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_bytes_of_a_version_stay_as_they_were(case: Case, golden: dict[str, Any]) -> None:
    known = golden["scans"][case.name]
    exact = golden["platform"] == platform()
    assert differences(digests(render_case(case)), known, exact) == [], "raise VERSION when rendered bytes change"


def test_the_golden_scans_are_those_of_this_version(golden: dict[str, Any]) -> None:
    assert golden["version"] == VERSION, "run python -m tests.train.phantom.make_golden"
    assert list(golden["scans"]) == [case.name for case in CASES]


@pytest.mark.parametrize("exact", [True, False], ids=["same platform", "other platform"])
def test_a_brighter_eye_would_be_noticed(exact: bool, golden: dict[str, Any]) -> None:
    case = next(case for case in CASES if case.cohort == "validation" and case.own_size)
    plan, scans = plan_cohort(case.cohort)[case.patient].eyes[case.eye]
    eye = make_eye(plan)
    found = digests(render(replace(eye, gain_db=eye.gain_db + 0.05), scans[case.scan]))
    assert ("picture" if exact else "coarse") in differences(found, golden["scans"][case.name], exact)


def test_the_golden_scans_show_every_kind_but_harmless_dots(golden: dict[str, Any]) -> None:
    counts = [one["pixels"]["kinds"] for one in golden["scans"].values()]
    missing = [kind for kind in range(1, 13) if not any(count[kind] for count in counts)]
    assert missing == []
