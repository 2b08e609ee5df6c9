from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from edge_runtime.measure.decision import GUARD_BAND
from tests.train.synthetic import make_dataset
from train.data.dataset import Dataset, read_dataset
from train.data.frames import GridFrames, prepare
from train.fit.held_out import MIN_CF_THRESHOLD, EyeMeasure, choose_operating_point, dice_of, eyes_of, measure


class GreyDecides(nn.Module):
    """Knows the made-up grey levels: 20 background, 90 clear lens, 200 cataract."""

    def __init__(self) -> None:
        super().__init__()
        self.levels = nn.Parameter(torch.tensor([20.0, 90.0, 200.0]).reshape(1, 3, 1, 1) / 255)

    def forward(self, grey: torch.Tensor) -> torch.Tensor:
        return -((grey - self.levels) ** 2)


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> tuple[Dataset, GridFrames]:
    dataset = read_dataset(make_dataset(tmp_path_factory.mktemp("held_out") / "data", patients=2, scans_per_eye=2))
    return dataset, prepare(dataset, 16, "truth_labels")


def test_a_network_that_is_right_measures_right(prepared: tuple[Dataset, GridFrames]) -> None:
    dataset, frames = prepared
    network = GreyDecides().train()
    measures = list(measure(network, frames, dataset.scans, range(8), (64, 64)))
    assert network.training
    dice = dice_of(measures)
    assert dice["lens"].mean == pytest.approx(1, abs=0.03)
    assert (dice["cataract"].defined, dice["cataract"].undefined) == (4, 4)
    fractions = {eye.eye_id: (eye.group, eye.cataract_fraction, eye.scans) for eye in eyes_of(measures)}
    assert fractions["P0/OD/1"] == ("clear", 0, 2)
    assert fractions["P1/OS/1"][1] == pytest.approx(0.5, abs=0.03)


def test_a_scan_in_which_nothing_is_found_belongs_to_no_eye(prepared: tuple[Dataset, GridFrames]) -> None:
    dataset, frames = prepared

    class Blind(GreyDecides):
        def forward(self, grey: torch.Tensor) -> torch.Tensor:
            return torch.cat([torch.ones_like(grey), torch.zeros_like(grey), torch.zeros_like(grey)], dim=1)

    measures = list(measure(Blind(), frames, dataset.scans, range(8), (64, 64)))
    assert eyes_of(measures) == []
    assert dice_of(measures)["lens"].mean == 0


def eyes(clear: list[float], cataract: list[float]) -> list[EyeMeasure]:
    groups = [("clear", value) for value in clear] + [("cataract", value) for value in cataract]
    return [EyeMeasure(f"P{number}/OD/1", group, value, 1) for number, (group, value) in enumerate(groups)]


def test_the_operating_point_is_the_middle_of_the_gap_with_its_reason() -> None:
    point = choose_operating_point(eyes([0.0, 0.1], [0.2, 0.6, 0.9]))
    assert point is not None
    assert point.cf_threshold == pytest.approx(0.15)
    assert "2 clear and 3 cataract eyes" in point.method
    assert "sensitivity 1.000, specificity 1.000, AUC 1.000" in point.method


def test_visits_of_an_eye_do_not_make_it_several_eyes() -> None:
    def visited(visits: int, patients: int) -> list[EyeMeasure]:
        return [
            EyeMeasure(f"P{number}/{eye}/{visit}", group, fraction, 1)
            for group, fraction, first in (("clear", 0.1, 0), ("cataract", 0.6, 100))
            for number in range(first, first + patients)
            for eye in ("OD", "OS")
            for visit in range(1, visits + 1)
        ]

    often, many = choose_operating_point(visited(5, 2)), choose_operating_point(visited(1, 5))
    assert often is not None
    assert many is not None
    assert often.doubts == ("it rests on fewer than 10 eyes in a group",)
    assert "4 clear and 4 cataract eyes, 40 exams, of held-out" in often.method
    assert many.doubts == ()
    assert "10 clear and 10 cataract eyes of held-out" in many.method


def test_an_eye_without_cataract_pixels_is_never_borderline() -> None:
    point = choose_operating_point(eyes([0.0, 0.0, 0.0], [0.001, 0.02, 0.5, 0.9]))
    assert point is not None
    assert point.cf_threshold == MIN_CF_THRESHOLD
    assert point.cf_threshold - GUARD_BAND == pytest.approx(0.005)
    assert "0.025, the least allowed (the middle of the Youden-optimal interval is 0.0005)" in point.method
    assert "sensitivity 0.500, specificity 1.000" in point.method


@pytest.mark.parametrize(("clear", "cataract"), [([0.0], []), ([], [0.4]), ([0.0, 0.0], [0.0])])
def test_without_a_justified_threshold_there_is_no_operating_point(clear: list[float], cataract: list[float]) -> None:
    assert choose_operating_point(eyes(clear, cataract)) is None


def test_the_measured_window_lies_about_the_lens(prepared: tuple[Dataset, GridFrames]) -> None:
    dataset, frames = prepared
    seen: list[np.ndarray] = []

    class Watching(GreyDecides):
        def forward(self, grey: torch.Tensor) -> torch.Tensor:
            seen.append(grey[0, 0].numpy().copy())
            return super().forward(grey)

    one = next(measure(Watching(), frames, dataset.scans, [0], (64, 64)))
    assert seen[0].shape == (64, 64)
    assert one.overlap.lens.true == np.count_nonzero(frames.frame(0)[1])
