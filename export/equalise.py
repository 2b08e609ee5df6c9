"""Equal channels before quantisation: the same function, with activations that share a scale more evenly.

An int8 activation has one scale for all its channels, so a channel whose largest value is a hundredth of another's
keeps hardly two bits. Between a convolution and the next there are only steps that commute with a positive factor per
channel (ReLU, pooling, pixel repetition, concatenation), so such a factor can be moved from one convolution's output
into the next one's input without changing what the network computes (cross-layer equalisation, Nagel et al. 2019).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from train.pipeline import GREY_MAX
from train.unet import Upsampling

if TYPE_CHECKING:
    from torch import Tensor, nn

    from train.unet import UNet

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
        Whose weight and bias scale the channels: a batch norm, or a convolution with a bias.
    observed
        After which the channels are what is quantised.
    readers
        Convolutions with the index of the first of their inputs that these channels are.
    """

    scaled: nn.Module
    observed: nn.Module
    readers: tuple[tuple[nn.Conv2d, int], ...]


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
        link.scaled.weight /= factors.reshape(-1, *[1] * (link.scaled.weight.ndim - 1))
        link.scaled.bias /= factors
        for reader, first in link.readers:
            reader.weight[:, first : first + len(factors)] *= factors.reshape(1, -1, 1, 1)


def _links(network: UNet) -> list[_Link]:
    """Every place between two convolutions; with transposed convolutions only those inside the blocks."""
    encoder = [network.entry, *(descend[1] for descend in network.descend)]
    decoder = list(network.rise)
    links = [
        _Link(block[1], block[2], readers=((block[3], 0),)) for block in (*encoder, *(rise.fuse for rise in decoder))
    ]
    if network.config.upsampling is Upsampling.TRANSPOSED:
        return links
    enlarging = [rise.enlarge[0] for rise in decoder]
    for block, descend, skipped_to in zip(encoder, network.descend, reversed(decoder), strict=False):
        links.append(_Link(block[4], block[5], readers=((descend[1][0], 0), (skipped_to.fuse[0], 0))))
    for block, reader in zip((encoder[-1], *(rise.fuse for rise in decoder)), (*enlarging, network.head), strict=True):
        links.append(_Link(block[4], block[5], readers=((reader, 0),)))
    for rise, enlarge in zip(decoder, enlarging, strict=True):
        # Concatenated behind the skip's channels, which are as many.
        links.append(_Link(enlarge, enlarge, readers=((rise.fuse[0], enlarge.out_channels),)))
    return links


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
