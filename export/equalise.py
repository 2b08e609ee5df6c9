"""Equalise channels before quantisation: the same function, with activations that share a scale more evenly.

An int8 activation has one scale for all its channels, so a channel whose largest value is a hundredth of another's
keeps hardly two bits. Between a convolution and the next there are only steps that commute with a positive factor per
channel (ReLU, pooling, pixel repetition, concatenation), so such a factor can be moved from one convolution's output
into the next one's input without changing what the network computes (cross-layer equalisation, Nagel et al. 2019).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import torch
from torch import nn

from train.ladder import Rise, Upsampling
from train.pipeline import GREY_MAX

if TYPE_CHECKING:
    from torch import Tensor

    from train.unet import UNet

M = TypeVar("M", bound=nn.Module)

# Activations are equalised by half (in logarithms), since what they gain the weights lose: weights have one scale per
# output channel, and each factor makes the inputs of that channel less even (as in SmoothQuant, Xiao et al. 2023).
STRENGTH = 0.5
SMALLEST_SHARE = 1e-3  # of the largest channel: a channel that hardly ever fires is no reason for a huge factor


@dataclass(frozen=True, slots=True)
class _Link:
    """Channels that one module writes and others read.

    Attributes
    ----------
    scaled
        The module whose weight and bias scale the channels: a batch norm, or a convolution with a bias.
    observed
        The module after which the channels are what is quantised.
    readers
        Convolutions that read the channels, each with the index of the first of its inputs that these channels are.
    """

    scaled: nn.BatchNorm2d | nn.Conv2d
    observed: nn.Module
    readers: tuple[tuple[nn.Conv2d, int], ...]

    def scale(self, factors: Tensor) -> None:
        """Divide the channels by (channels,) factors, and multiply what is read from them."""
        weight, bias = self.scaled.weight, self.scaled.bias
        weight.div_(factors.reshape(-1, *[1] * (weight.ndim - 1)))
        if bias is not None:
            bias.div_(factors)
        for reader, first in self.readers:
            reader.weight[:, first : first + len(factors)] *= factors.reshape(1, -1, 1, 1)


@torch.inference_mode()
def equalise(network: UNet, windows: Tensor) -> None:
    """Equalise a network in place; it computes the same but for rounding.

    Parameters
    ----------
    network
        In eval mode.
    windows
        (n, rows, columns) uint8 on the network grid: what the largest value of each channel is found on.
    """
    links = list(_links(network))
    largest = _largest_values(network, links, windows)
    for link, values in zip(links, largest, strict=True):
        if not float(values.max()):
            continue
        factors = (values / values.max()).clamp(min=SMALLEST_SHARE) ** STRENGTH
        link.scale(factors)


def _links(network: UNet) -> list[_Link]:
    """Every place between two convolutions; with transposed convolutions only those inside the blocks."""
    encoder = [network.entry, *(_part(descend, 1, nn.Sequential) for descend in network.descend)]
    decoder = [rise for rise in network.rise if isinstance(rise, Rise)]
    links = [
        _Link(_part(block, 1, nn.BatchNorm2d), _part(block, 2, nn.ReLU), readers=((_part(block, 3, nn.Conv2d), 0),))
        for block in (*encoder, *(rise.fuse for rise in decoder))
    ]
    if network.config.upsampling is Upsampling.TRANSPOSED:
        return links
    enlarging = [_part(rise.enlarge, 0, nn.Conv2d) for rise in decoder]
    for block, below, skipped_to in zip(encoder, encoder[1:], reversed(decoder), strict=False):
        links.append(_after(block, (_part(below, 0, nn.Conv2d), 0), (_part(skipped_to.fuse, 0, nn.Conv2d), 0)))
    for block, reader in zip((encoder[-1], *(rise.fuse for rise in decoder)), (*enlarging, network.head), strict=True):
        links.append(_after(block, (reader, 0)))
    for rise, enlarge in zip(decoder, enlarging, strict=True):
        # Concatenated behind the skip's channels, which are as many.
        reader = _part(rise.fuse, 0, nn.Conv2d)
        links.append(_Link(enlarge, enlarge, readers=((reader, enlarge.out_channels),)))
    return links


def _after(block: nn.Module, *readers: tuple[nn.Conv2d, int]) -> _Link:
    """The link from the end of a block to what reads it."""
    return _Link(_part(block, 4, nn.BatchNorm2d), _part(block, 5, nn.ReLU), readers)


def _part(block: nn.Module, position: int, kind: type[M]) -> M:
    """One module of a sequence, which has to be of this kind."""
    part = list(block.children())[position]
    if not isinstance(part, kind):
        raise TypeError(f"a {kind.__name__} was expected at {position}, found {type(part).__name__}")
    return part


def _largest_values(network: UNet, links: list[_Link], windows: Tensor) -> list[Tensor]:
    """Largest absolute value of each channel of each link."""
    largest: dict[int, Tensor] = {}

    def observe(position: int, output: Tensor) -> None:
        values = output.abs().amax(dim=(0, 2, 3))
        largest[position] = torch.maximum(largest.get(position, values), values)

    hooks = [
        link.observed.register_forward_hook(lambda _, __, output, position=position: observe(position, output))
        for position, link in enumerate(links)
    ]
    try:
        for window in windows:
            network(window[None, None].to(torch.float32) / GREY_MAX)
    finally:
        for hook in hooks:
            hook.remove()
    return [largest[position] for position in range(len(links))]
