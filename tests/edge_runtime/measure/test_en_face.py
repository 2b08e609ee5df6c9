"""A drawn lens as seen from the front: what is opaque lies where it was drawn, and nothing else is filled in."""

from __future__ import annotations

import numpy as np
import pytest

from edge_runtime.measure.en_face import STEP_MM, STEPS, Meridian
from edge_runtime.measure.zones import Zone

from .test_lens_measures import LENS, lens_maps, measured


def seen(opaque: np.ndarray) -> Meridian:
    return Meridian.of(lens_maps(opaque), measured(opaque))


def test_an_opaque_right_half_is_seen_at_the_right_alone() -> None:
    columns = np.arange(LENS.shape[1]) * 0.0307 > LENS.middle
    meridian = seen(np.broadcast_to(columns, LENS.shape))
    left, right = meridian.opaque
    assert np.nanmax(left[1:]) == 0.0
    assert np.nanmin(right[1:]) == 1.0
    assert meridian.posterior[1, 1:10].all()
    assert not meridian.posterior[0, 1:10].any()


def test_a_plaque_below_the_back_capsule_is_no_plaque_below_the_front() -> None:
    clear = measured(np.zeros(LENS.shape, bool))
    meridian = seen(clear.zones == Zone.POSTERIOR_SUBCAPSULAR)
    assert meridian.posterior[:, :10].all()
    assert not meridian.anterior.any()
    assert 0 < np.nanmean(meridian.opaque) < 0.3


def test_where_no_lens_is_seen_nothing_is_said() -> None:
    meridian = seen(np.zeros(LENS.shape, bool))
    widest_mm = np.abs(measured(np.zeros(LENS.shape, bool)).surfaces.points(LENS.shape).across_mm).max()
    beyond = np.arange(STEPS) * STEP_MM > widest_mm
    assert np.isnan(meridian.opaque[:, beyond]).all()
    assert meridian.opaque.shape == (2, STEPS)
    assert np.nanmax(meridian.opaque) == pytest.approx(0.0)
