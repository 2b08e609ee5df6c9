from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from train.pipeline import Pipeline, PipelineOutput


class GreyDecides(nn.Module):
    """Logits that make background, clear lens and cataract of grey levels around 0, 0.5 and 1."""

    def forward(self, grey: torch.Tensor) -> torch.Tensor:
        return torch.cat([-50 * (grey - level) ** 2 for level in (0.0, 0.5, 1.0)], dim=1)


class Seen(nn.Module):
    """Remembers what the network was given."""

    def forward(self, grey: torch.Tensor) -> torch.Tensor:
        self.grey = grey
        return grey.expand(-1, 3, -1, -1)


def run(network: nn.Module, scan: np.ndarray, grid: int = 2, stride: int = 4) -> PipelineOutput:
    output: PipelineOutput = Pipeline(network, grid, stride).eval()(torch.from_numpy(scan))
    return output


@pytest.mark.parametrize("size", [(1, 1), (2, 2), (3, 5), (8, 8), (9, 7), (16, 31)])
def test_outputs_have_the_size_of_the_network_grid_rounded_up(size: tuple[int, int]) -> None:
    output = run(GreyDecides(), np.zeros(size, np.uint8))
    expected = (-(-size[0] // 2), -(-size[1] // 2))
    assert {tuple(value.shape) for value in output[:3]} == {expected}
    assert [value.dtype for value in output] == [torch.float32, torch.float32, torch.uint8, torch.int64, torch.int64]


def test_the_network_sees_block_means_with_the_last_row_repeated() -> None:
    seen = Seen()
    run(seen, np.array([[0, 100, 50], [20, 40, 70], [30, 50, 90]], np.uint8))
    # The means of the blocks: (0+100+20+40)/4, (50+50+70+70)/4; (30+50+30+50)/4, 90.
    expected = torch.tensor([[40.0, 60.0], [40.0, 90.0]]) / 255
    assert torch.equal(seen.grey[0, 0, :2, :2], expected)


def test_the_network_sees_multiples_of_the_stride() -> None:
    seen = Seen()
    run(seen, np.zeros((9, 17), np.uint8))
    assert seen.grey.shape == (1, 1, 8, 12)


def test_counts_are_those_of_the_labels_without_the_padding() -> None:
    scan = np.full((5, 5), 255, np.uint8)
    scan[:2, :4] = 128
    scan[2:4, :2] = 0
    output = run(GreyDecides(), scan)
    assert output.labels.tolist() == [[1, 1, 2], [0, 2, 2], [2, 2, 2]]
    assert (int(output.lens_px), int(output.cataract_px)) == (8, 6)


def test_probabilities_are_the_softmax_of_the_logits() -> None:
    scan = np.random.default_rng(0).integers(0, 256, (8, 8), dtype=np.uint8)
    seen = Seen()
    run(seen, scan)
    expected = GreyDecides()(seen.grey).softmax(dim=1)[0]
    output = run(GreyDecides(), scan)
    torch.testing.assert_close(output.cataract_probability, expected[2, :4, :4])
    torch.testing.assert_close(output.lens_probability, expected[1, :4, :4] + expected[2, :4, :4])


def test_extreme_logits_give_finite_probabilities_in_the_unit_interval() -> None:
    class Extreme(nn.Module):
        def forward(self, grey: torch.Tensor) -> torch.Tensor:
            return torch.cat([-1e30 * grey, 1e30 * grey, 1e30 * grey], dim=1)

    output = run(Extreme(), np.full((8, 8), 255, np.uint8))
    for probability in (output.lens_probability, output.cataract_probability):
        assert torch.isfinite(probability).all()
        assert 0 <= float(probability.min()) <= float(probability.max()) <= 1
