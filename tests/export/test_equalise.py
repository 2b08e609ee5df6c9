from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from export.equalise import equalise
from train.ladder import Upsampling
from train.unet import UNet

from .test_quantise import windows
from .test_release import EDGE_LIKE, checkpoint


def uneven(upsampling: Upsampling = Upsampling.NEAREST) -> UNet:
    """A network whose first channels are a hundred times weaker than the others."""
    network = checkpoint(replace(EDGE_LIKE, upsampling=upsampling)).network()
    with torch.no_grad():
        for module in network.modules():
            if isinstance(module, torch.nn.BatchNorm2d):
                module.weight[0] *= 0.01
                module.bias[0] *= 0.01
    return network


def evenness(network: UNet, seen: torch.Tensor) -> list[float]:
    """Weakest over strongest channel after each ReLU, of those that fire at all."""
    found = []

    def observe(_: object, __: object, output: torch.Tensor) -> None:
        largest = output.amax((0, 2, 3))
        found.append(float(largest[largest > 0].min() / largest.max()))

    hooks = [module.register_forward_hook(observe) for module in network.modules() if isinstance(module, torch.nn.ReLU)]
    with torch.inference_mode():
        network(seen)
    for hook in hooks:
        hook.remove()
    return found


@pytest.mark.parametrize("upsampling", Upsampling)
def test_the_network_computes_the_same(upsampling: Upsampling) -> None:
    network, seen = uneven(upsampling), torch.rand(1, 1, 64, 96, generator=torch.Generator().manual_seed(2))
    with torch.inference_mode():
        before = network(seen)
        equalise(network, windows())
        after = network(seen)
    torch.testing.assert_close(after, before, rtol=1e-4, atol=1e-4 * float(before.abs().max()))


def test_weak_channels_become_stronger_everywhere() -> None:
    network, seen = uneven(), windows()[:1, None].to(torch.float32) / 255
    before = evenness(network, seen)
    equalise(network, windows())
    after = evenness(network, seen)
    weak = [(one, other) for one, other in zip(before, after, strict=True) if one < 0.05]
    assert len(weak) >= 3
    assert all(other > 2 * one for one, other in weak)
