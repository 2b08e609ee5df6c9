"""What the end of a run makes of the weights."""

import torch

from train.fit.finish import take_back_class_weights
from train.unet import UNet, UNetConfig


def test_the_weights_of_the_loss_are_taken_back_from_the_chances_that_the_network_states() -> None:
    unet = UNet(UNetConfig(width=8, levels=2, channel_cap=16, stem=2)).eval()
    grey = torch.rand(1, 1, 32, 32, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        before = unet(grey).softmax(1)
        take_back_class_weights(unet, (1.0, 1.0, 1.5))
        after = unet(grey).softmax(1)
    odds = (after[:, 2] / after[:, 1]) / (before[:, 2] / before[:, 1])
    torch.testing.assert_close(odds, torch.full_like(odds, 1 / 1.5))
    torch.testing.assert_close(after[:, 1] / after[:, 0], before[:, 1] / before[:, 0])
