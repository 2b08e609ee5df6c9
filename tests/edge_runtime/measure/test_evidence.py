"""The second head: the excess score, shares of the lens, and tiles that equal the whole."""

from __future__ import annotations

import numpy as np
import pytest

from edge_runtime.measure.evidence import CHANNELS, STEPS_DB, excess_score, lens_evidence
from edge_runtime.model.predictor import Prediction
from edge_runtime.model.tiling import TileGeometry, plan, predict


def certain(excess_db: float, spoke: float = 0.0, paper: float = 0.0) -> np.ndarray:
    column = np.zeros(len(CHANNELS), np.float32)
    column[: len(STEPS_DB)] = [excess_db > step for step in STEPS_DB]
    column[CHANNELS.index("spoke")], column[CHANNELS.index("paper")] = spoke, paper
    return column


def test_channels_are_those_that_models_in_use_write() -> None:
    """The order is in the metadata of every released model."""
    steps = ("excess 1.5 dB", "excess 3 dB", "excess 4.5 dB", "excess 6 dB", "excess 9 dB", "excess 12 dB")
    assert (*steps, "no opacity", "nuclear", "spoke", "posterior", "anterior", "paper") == CHANNELS


@pytest.mark.parametrize(("excess_db", "score"), [(0.0, 0.0), (2.0, 1.5), (3.2, 3.0), (5.0, 4.5), (20.0, 12.75)])
def test_the_score_of_a_certain_excess_is_that_of_the_steps_below_it(excess_db: float, score: float) -> None:
    assert float(excess_score(certain(excess_db)[:, None, None])[0, 0]) == pytest.approx(score)


def test_the_score_is_the_integral_without_its_first_knot() -> None:
    probabilities = np.sort(np.random.default_rng(0).random((6, 50)), axis=0)[::-1].astype(np.float32)
    evidence = np.zeros((len(CHANNELS), 1, 50), np.float32)
    evidence[: len(STEPS_DB), 0] = probabilities
    knots = (0.0, *STEPS_DB, 15.0)
    for first in (0.0, 1.0):  # P(excess > 0) as the score takes it, and that of an opacity
        curve = np.vstack([np.full(50, first), probabilities, np.zeros(50)])
        integral = np.sum((curve[:-1] + curve[1:]) / 2 * np.diff(knots)[:, None], axis=0)
        assert excess_score(evidence)[0] == pytest.approx(integral - 0.75 * first, abs=1e-5)


def test_the_score_of_an_opacity_is_three_quarters_of_a_decibel_low() -> None:
    excess_db = np.linspace(1.5, 12, 2101)
    evidence = np.zeros((len(CHANNELS), 1, excess_db.size), np.float32)
    for place, step in enumerate(STEPS_DB):
        evidence[place, 0] = excess_db > step
    assert float((excess_score(evidence)[0] - excess_db).mean()) == pytest.approx(-0.75, abs=0.005)


def test_shares_are_of_the_lens() -> None:
    evidence = np.zeros((len(CHANNELS), 10, 10), np.float32)
    evidence[:, :5] = certain(5.0, spoke=0.9, paper=0.9)[:, None, None]
    lens = np.zeros((10, 10), bool)
    lens[:, :8] = True
    nucleus = np.zeros_like(lens)
    nucleus[5:, 2:4] = True
    found = lens_evidence(evidence, lens, nucleus)
    assert found is not None
    assert found.fraction_range == (0.5, 0.5)
    assert (found.spoke_share, found.paper_fraction) == (0.5, 0.5)
    assert (found.lens_db, found.nucleus_db) == (2.25, 0.0)
    assert lens_evidence(evidence, ~lens & lens, nucleus) is None
    unseen = lens_evidence(evidence, lens, nucleus & ~nucleus)
    assert unseen is not None
    assert unseen.nucleus_db is None


def test_the_range_goes_by_the_labels_of_a_person_where_there_are_any() -> None:
    evidence = np.zeros((len(CHANNELS), 10, 10), np.float32)
    evidence[:, :5] = certain(5.0)[:, None, None]
    everywhere, nowhere = np.ones((10, 10), bool), np.zeros((10, 10), bool)
    upper, left = nowhere.copy(), nowhere.copy()
    upper[:5], left[:, :2] = True, True
    shares = []
    for changed, opaque in ((nowhere, everywhere), (left, everywhere), (left, nowhere), (everywhere, upper)):
        found = lens_evidence(evidence, everywhere, everywhere, sure=(changed, opaque))
        assert found is not None
        assert found.lens_db == 2.25
        shares.append(found.fraction_range)
    assert shares == [(0.5, 0.5), (0.6, 0.6), (0.4, 0.4), (0.5, 0.5)]


@pytest.mark.parametrize("shape", [(300, 333), (257, 129), (512, 640)])
def test_tiles_give_the_evidence_of_the_whole(shape: tuple[int, int]) -> None:
    grid = 4
    whole = np.random.default_rng(0).random((3, -(-shape[0] // 8), -(-shape[1] // 8))).astype(np.float32)

    def predicted(window: np.ndarray) -> Prediction:
        top, left = int(window[0, 0, 0]), int(window[0, 0, 1])
        rows, columns = -(-window.shape[0] // grid), -(-window.shape[1] // grid)
        part = whole[:, top // 8 : -(-(top + window.shape[0]) // 8), left // 8 : -(-(left + window.shape[1]) // 8)]
        maps = np.zeros((rows, columns), np.float32)
        return Prediction(maps, maps, maps.astype(np.uint8), part)

    places = np.stack(np.meshgrid(np.arange(shape[0]), np.arange(shape[1]), indexing="ij"), axis=-1)
    geometry = TileGeometry(grid=grid, unit=64, halo=64)
    tiles = plan(*shape, geometry, 150 * 150)
    assert len(tiles) > 1
    stitched = predict(predicted, places, tiles, grid)
    assert stitched.evidence is not None
    assert np.array_equal(stitched.evidence, whole)
