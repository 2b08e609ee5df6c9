"""Lenses of free form: still closed bodies, no longer those that measures assume."""

from __future__ import annotations

import numpy as np
import pytest

from train.phantom.cohorts.catalogue import plan_cohort
from train.phantom.eye.lens import LensPose, LensShape, points_in_lens
from train.phantom.patient import make_eye

STRAIGHT = LensPose(0.0, 0.0, 0.0, 0.0, 0.0)


def lenses(cohort: str) -> list[LensShape]:
    found = [make_eye(eye).anatomy.lens for p in plan_cohort(cohort, 3, 12) for eye, _ in p.eyes]
    assert len(found) >= 12
    return found


def shells_on_the_axis(lens: LensShape) -> np.ndarray:
    depth = np.linspace(0, lens.thickness_mm, 400, dtype=np.float32)[:, None]
    return points_in_lens(lens, STRAIGHT, np.zeros_like(depth), np.zeros_like(depth), depth).s[:, 0]


def test_the_shells_of_a_free_form_fill_the_lens_from_one_centre_to_its_poles() -> None:
    for lens in lenses("free-form"):
        s = shells_on_the_axis(lens)
        assert s[[0, -1]] == pytest.approx(1.0, abs=0.02)
        middle = int(s.argmin())
        assert (np.diff(s[: middle + 1]) < 0).all()
        assert (np.diff(s[middle:]) > 0).all()


def test_beams_meet_the_surface_of_the_shells() -> None:
    for lens in lenses("free-form"):
        for front in (True, False):
            across = np.linspace(-2.5, 2.5, 41, dtype=np.float32)[None, :]
            z = np.full_like(across, 0 if front else lens.thickness_mm)
            for _ in range(8):
                x, y, deep = lens.plain(across, np.zeros_like(across), z)
                sag = lens.sag(np.hypot(x, y), front)
                z = z + np.float32(0.9) * ((sag if front else lens.thickness_mm - sag) - deep)
            s = points_in_lens(lens, STRAIGHT, across, np.zeros_like(across), z).s
            assert np.abs(s - 1).max() < 5e-3


def test_a_free_form_is_the_same_eye_with_other_shells() -> None:
    off = []
    for free, plain in zip(lenses("free-form"), lenses("grading"), strict=True):
        assert plain.form is None
        assert (free.thickness_mm, free.equator_mm) == (plain.thickness_mm, plain.equator_mm)
        off.append(shells_on_the_axis(free).argmin() / 400 - shells_on_the_axis(plain).argmin() / 400)
    assert np.std(off) > 0.02  # the centre of the shells moves by a tenth of a millimetre and more
