"""The body that the networks share: an encoder that goes down level by level, and a decoder that climbs back."""

from __future__ import annotations

from enum import StrEnum
from itertools import pairwise
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

if TYPE_CHECKING:
    from collections.abc import Sequence


class Upsampling(StrEnum):
    """How the decoder doubles rows and columns."""

    TRANSPOSED = "transposed"  # learnt 2 x 2 transposed convolution, as published
    NEAREST = "nearest"  # 1 x 1 convolution, then every pixel twice: int8 kernels exist for both


def level_channels(width: int, levels: int, channel_cap: int) -> tuple[int, ...]:
    """Channels per level, downwards: `levels` + 1 numbers from `width` on, each twice the last, up to a cap."""
    return tuple(min(width * 2**level, channel_cap) for level in range(levels + 1))


class DoubleConvolution(nn.Sequential):
    """A 3 x 3 convolution, a batch norm and a ReLU, twice over. With a `stride` of 2 the first halves both sides."""

    def __init__(self, channels_in: int, channels_out: int, stride: int = 1) -> None:
        super().__init__(
            # The batch norm has a bias of its own.
            nn.Conv2d(channels_in, channels_out, kernel_size=3, stride=stride, padding=1, bias=False),
            nn.BatchNorm2d(channels_out),
            nn.ReLU(inplace=True),
            nn.Conv2d(channels_out, channels_out, kernel_size=3, padding=1, bias=False),
            nn.BatchNorm2d(channels_out),
            nn.ReLU(inplace=True),
        )


class Rise(nn.Module):
    """One decoder step: enlarge the deeper features, put the encoder's beside them, convolve twice."""

    def __init__(self, channels_deep: int, channels_skip: int, upsampling: Upsampling) -> None:
        super().__init__()
        self.enlarge: nn.Module
        if upsampling is Upsampling.TRANSPOSED:
            self.enlarge = nn.ConvTranspose2d(channels_deep, channels_skip, kernel_size=2, stride=2)
        else:
            # A 1 x 1 convolution and pixel repetition commute; convolving first costs a quarter.
            self.enlarge = nn.Sequential(
                nn.Conv2d(channels_deep, channels_skip, kernel_size=1),
                nn.Upsample(scale_factor=2, mode="nearest"),
            )
        self.fuse = DoubleConvolution(2 * channels_skip, channels_skip)

    def forward(self, deep: Tensor, skip: Tensor) -> Tensor:
        """Bring (n, deep, rows, columns) to twice the rows and columns, beside the skip of that size."""
        fused: Tensor = self.fuse(torch.cat([skip, self.enlarge(deep)], dim=1))
        return fused


class Ladder(nn.Module):
    """Encoder and decoder of a U-Net (Ronneberger et al. 2015), without entry and head of its own.

    Parameters
    ----------
    entry
        From the input to the first level's channels.
    channels
        Per level, downwards.
    upsampling
        How the decoder grows.
    """

    def __init__(self, entry: DoubleConvolution, channels: Sequence[int], upsampling: Upsampling) -> None:
        super().__init__()
        self.entry = entry
        self.descend = nn.ModuleList(
            nn.Sequential(nn.MaxPool2d(2), DoubleConvolution(above, below)) for above, below in pairwise(channels)
        )
        self.rise = nn.ModuleList(Rise(below, above, upsampling) for above, below in reversed(list(pairwise(channels))))

    def climb(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        """Return the deepest features, and those of the first level after the way down and up.

        Parameters
        ----------
        pixels
            (n, channels, rows, columns) float32, what the entry takes.
        """
        features: Tensor = self.entry(pixels)
        skips = []
        for descend in self.descend:
            skips.append(features)
            features = descend(features)
        deepest = features
        for rise in self.rise:
            features = rise(features, skips.pop())
        return deepest, features
