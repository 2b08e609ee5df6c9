from __future__ import annotations

import pytest
import torch

from train.fit.loss import segmentation_loss
from train.fit.recipe import LossConfig


def test_without_dice_the_loss_is_the_cross_entropy() -> None:
    logits = torch.tensor([[2.0, 0.0, 0.0], [0.0, 3.0, 0.0]]).T.reshape(1, 3, 1, 2)
    labels = torch.tensor([[[0, 2]]])
    terms = [-torch.log_softmax(torch.tensor(row), 0)[label] for row, label in (([2.0, 0, 0], 0), ([0, 3.0, 0], 2))]
    assert segmentation_loss(logits, labels, LossConfig()) == pytest.approx(float(sum(terms)) / 2)


def test_the_dice_part_is_zero_when_perfect_and_finite_without_lens() -> None:
    labels = torch.zeros(1, 20, 20, dtype=torch.int64)
    labels[:, :10] = 1
    labels[:, 10:15] = 2
    perfect = 100.0 * torch.nn.functional.one_hot(labels, 3).permute(0, 3, 1, 2)
    assert segmentation_loss(perfect, labels, LossConfig(dice=1.0)) == pytest.approx(0, abs=1e-6)
    nothing = segmentation_loss(torch.zeros(1, 3, 4, 4), torch.zeros(1, 4, 4, dtype=torch.int64), LossConfig(dice=1.0))
    assert torch.isfinite(nothing)


def test_class_weights_move_the_loss_towards_their_class() -> None:
    logits, labels = torch.zeros(1, 3, 1, 2), torch.tensor([[[0, 2]]])
    logits[0, 0, 0, 0] = 5
    plain, weighted = (
        segmentation_loss(logits, labels, LossConfig(class_weights=weights)) for weights in ((1, 1, 1), (1, 1, 4))
    )
    assert weighted > plain
