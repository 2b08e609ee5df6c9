from __future__ import annotations

import pytest
import torch

from train.data.evidence import UNKNOWN
from train.fit.batches import Batch
from train.fit.loss import batch_loss, evidence_loss, segmentation_loss
from train.fit.recipe import LossConfig
from train.unet import EVIDENCE_CHANNELS, UNet, UNetConfig


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


def test_evidence_that_is_right_costs_nothing_and_unknown_pixels_do_not_count() -> None:
    truth = torch.full((1, 3, 4, 6), UNKNOWN, dtype=torch.uint8)
    logits = torch.zeros(1, EVIDENCE_CHANNELS, 4, 6)
    assert float(evidence_loss(logits, truth)) == 0
    truth[:, 0, :2], truth[:, 1, :2], truth[:, 2, :2] = 72 + 6 * 5, 2, 1  # 5 dB, a spoke, cataract
    plain = float(evidence_loss(logits, truth))
    assert plain > 0.5
    logits[:, :3, :2], logits[:, 3:6, :2], logits[:, 8, :2], logits[:, 11, :2] = 40, -40, 40, 40
    logits[:, :, 2:] = -100
    assert float(evidence_loss(logits, truth)) == pytest.approx(0, abs=1e-6)
    logits[:, 2, :2] = -40  # not more than 4.5 dB
    assert float(evidence_loss(logits, truth)) > 1


def small() -> tuple[UNet, Batch]:
    torch.manual_seed(0)
    network = UNet(UNetConfig(width=4, levels=2, channel_cap=8, stem=2, evidence=True))
    evidence = torch.randint(0, 2, (2, 3, 16, 24), dtype=torch.uint8)
    return network, Batch(torch.rand(2, 1, 32, 48), torch.randint(0, 3, (2, 32, 48)), evidence, (5, 3))


def test_both_heads_and_a_second_look_learn() -> None:
    network, batch = small()
    for consistency in (0.0, 1.0):
        network.zero_grad()
        batch_loss(network, batch, LossConfig(consistency=consistency)).backward()
        for head in (network.head, network.evidence):
            assert head is not None
            assert float(head.weight.grad.abs().sum()) > 0


def test_a_second_look_that_finds_the_same_adds_nothing() -> None:
    _, batch = small()

    def blind(grey: torch.Tensor, *, both: bool = False) -> torch.Tensor:
        assert not both
        return torch.zeros(len(grey), 3, *grey.shape[2:])

    without = batch._replace(evidence=None)
    once, twice = (batch_loss(blind, without, LossConfig(consistency=weight)) for weight in (0.0, 1.0))
    assert float(once) == pytest.approx(float(twice))
