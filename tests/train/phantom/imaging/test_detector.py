"""Speckle, noise and gate."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from train.phantom.imaging.detector import (
    NOMINAL_FOCUS_MM,
    NOMINAL_RAYLEIGH_MM,
    Detector,
    detect,
    draw_response,
    gate_db,
    grain,
)
from train.phantom.seeds import generator

if TYPE_CHECKING:
    from numpy.typing import NDArray

PLAIN = Detector(
    gain_db=0.0,
    lateral_slope_db=0.0,
    focus_mm=NOMINAL_FOCUS_MM,
    rayleigh_mm=NOMINAL_RAYLEIGH_MM,
    roll_off_db=0.0,
    looks=4.0,
    grain_rows=0.5,
    grain_columns=0.5,
    row_pattern_db=0.0,
)
DEPTH_MM = np.linspace(0, 14, 400, dtype=np.float32)
# 10 / ln 10 * sqrt(trigamma(L)): the spread in dB of a gamma variate of shape L, with scipy.special.polygamma 1.17.
LOG_SPREAD_DB = {2: 3.488, 4: 2.313, 8: 1.585, 16: 1.103}


def detected(power: float, detector: Detector, seed: str) -> NDArray[np.float32]:
    """Levels of an even field of light."""
    light, rng = np.full((400, 300), power, np.float32), generator(seed)
    return detect(light, draw_response(DEPTH_MM, 300, detector, rng), detector, rng)


@pytest.mark.parametrize("looks", LOG_SPREAD_DB)
def test_the_spread_of_speckle_falls_with_the_looks_as_in_theory(looks: int) -> None:
    level = detected(1e4, replace(PLAIN, looks=looks), "speckle")
    assert level.std() == pytest.approx(LOG_SPREAD_DB[looks], rel=0.04)


def test_speckle_keeps_the_mean_power() -> None:
    level = detected(1e3, PLAIN, "mean")
    assert 10 * np.log10(np.mean(10 ** (level / 10))) == pytest.approx(30.0, abs=0.1)


def test_without_light_the_mean_power_is_the_noise() -> None:
    level = detected(0, PLAIN, "noise")
    assert np.mean(10 ** (level / 10)) == pytest.approx(1.0, rel=0.02)


def test_gain_and_slope_change_the_mean_signal_by_their_decibels() -> None:
    response = draw_response(DEPTH_MM, 301, replace(PLAIN, gain_db=3.0, lateral_slope_db=2.0), generator("gain"))
    level = 10 * np.log10(response.to(np.ones((400, 301), np.float32)))
    assert level[:, 150] == pytest.approx(3.0, abs=1e-3)
    assert level[:, 0] == pytest.approx(1.0, abs=1e-3)
    assert level[:, -1] == pytest.approx(5.0, abs=1e-3)


def test_the_nominal_gate_changes_nothing() -> None:
    assert np.abs(gate_db(DEPTH_MM, PLAIN)).max() < 1e-5


def test_grain_has_variance_one_and_the_correlation_asked_for() -> None:
    noise = grain(generator("grain"), 600, 600, 0.9, 1.5)
    assert noise.std() == pytest.approx(1.0, rel=0.02)
    rows = np.mean(noise[:-1] * noise[1:])
    columns = np.mean(noise[:, :-1] * noise[:, 1:])
    # Neighbours of a Gaussian-filtered field correlate by exp(-1 / (4 sigma^2)).
    assert rows == pytest.approx(np.exp(-1 / (4 * 0.9**2)), abs=0.05)
    assert columns == pytest.approx(np.exp(-1 / (4 * 1.5**2)), abs=0.05)
