"""The network alone: a U-Net that turns grey levels on the network grid into logits.

One family covers the published network (Zeboulon et al. 2022: width 64, four levels, transposed convolutions) and the
slim one that ships. Nothing in it looks at the frame as a whole (no `align_corners`, no instance normalisation, no
global pooling), so a tile with enough halo gives exactly the logits of the whole scan.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, nn

from edge_runtime.measure.evidence import CHANNELS
from edge_runtime.measure.lens import TissueLabel

from .ladder import DoubleConvolution, Ladder, Upsampling, level_channels

CLASSES, EVIDENCE_CHANNELS = len(TissueLabel), len(CHANNELS)


@dataclass(frozen=True, slots=True)
class UNetConfig:
    """Shape of the network.

    Attributes
    ----------
    width
        Channels of the first level; each further level has twice as many, up to `channel_cap`.
    levels
        How often the encoder halves rows and columns (4 in the paper).
    channel_cap
        Most channels a level may have. The deep levels see few pixels but hold most weights; a cap keeps the file
        small.
    stem
        1: the body works on the network grid, as published. 2: one convolution with stride 2 at the entry, so the
        body works at half the grid, at a quarter of the arithmetic, and the head returns to the grid.
    upsampling
        How the decoder grows.
    evidence
        Whether a second head says how strong an opacity is, of which kind, and what the paper would label.
    """

    width: int = 64
    levels: int = 4
    channel_cap: int = 1024
    stem: int = 1
    upsampling: Upsampling = Upsampling.TRANSPOSED
    evidence: bool = False

    def __post_init__(self) -> None:
        if self.width < 1 or self.channel_cap < self.width:
            raise ValueError(
                f"1 <= width <= channel_cap was expected, got width {self.width}, channel_cap {self.channel_cap}"
            )
        if not 1 <= self.levels <= 6:
            raise ValueError(f"levels from 1 to 6 were expected, got {self.levels}")
        if self.stem not in (1, 2):
            raise ValueError(f"a stem of 1 or 2 was expected, got {self.stem}")
        object.__setattr__(self, "upsampling", Upsampling(self.upsampling))

    @property
    def channels(self) -> tuple[int, ...]:
        """Channels per level, from the network grid (or half of it) downwards: `levels` + 1 numbers."""
        return level_channels(self.width, self.levels, self.channel_cap)

    @property
    def stride(self) -> int:
        """Rows and columns of an input must be multiples of this many network-grid pixels."""
        return self.stem << self.levels

    @property
    def receptive_halo(self) -> int:
        """Network-grid pixels that a tile must read around a stride-aligned core, on each side, to be exact.

        Found by walking the network backwards with the interval of pixels that a core of one stride depends on, then
        rounded up to a multiple of the stride, so that the tile's own border is aligned too.
        """
        first, last = _needed_input(self, 0, self.stride - 1)
        reach = max(-first, last - (self.stride - 1))
        return -(-reach // self.stride) * self.stride


def _needed_input(config: UNetConfig, first: int, last: int) -> tuple[int, int]:
    """Closed interval of input pixels, along one axis, that the output pixels `first` to `last` depend on."""

    def encoder_input(level: int, first: int, last: int) -> tuple[int, int]:
        """Pixels of the body's input that the encoder features `first` to `last` of a level depend on."""
        first, last = first - 2, last + 2  # two 3 x 3 convolutions
        return (first, last) if level == 0 else encoder_input(level - 1, 2 * first, 2 * last + 1)

    def decoder_input(level: int, first: int, last: int) -> tuple[int, int]:
        if level == config.levels:
            return encoder_input(level, first, last)
        first, last = first - 2, last + 2
        skip = encoder_input(level, first, last)
        deeper = decoder_input(level + 1, first // 2, last // 2)
        return min(skip[0], deeper[0]), max(skip[1], deeper[1])

    first, last = decoder_input(0, first // config.stem, last // config.stem)
    if config.stem == 1:
        return first, last
    # With a stem the first of level 0's two convolutions is the strided one: it was counted as one body pixel above.
    return 2 * (first + 1) - 1, 2 * (last - 1) + 1


class UNet(Ladder):
    """Ronneberger's U-Net as the paper used it, its size a parameter.

    Parameters
    ----------
    config
        Shape of the network.
    """

    def __init__(self, config: UNetConfig) -> None:
        channels = config.channels
        super().__init__(DoubleConvolution(1, channels[0], stride=config.stem), channels, config.upsampling)
        self.config = config
        # With a stem each body pixel answers for 2 x 2 pixels of the network grid.
        self.head = nn.Conv2d(channels[0], CLASSES * config.stem**2, kernel_size=1)
        self.to_grid = nn.PixelShuffle(2) if config.stem == 2 else nn.Identity()
        self.evidence = nn.Conv2d(channels[0], EVIDENCE_CHANNELS, kernel_size=1) if config.evidence else None

    def forward(self, grey: Tensor, *, both: bool = False) -> Tensor | tuple[Tensor, Tensor]:
        """Return logits.

        Parameters
        ----------
        grey
            (n, 1, rows, columns) float32 in [0, 1] on the network grid; rows and columns are multiples of
            `config.stride`.
        both
            Whether the logits of the second head are returned, too.

        Returns
        -------
        logits : (n, 3, rows, columns) float32
        evidence : (n, 12, rows / stem, columns / stem) float32
            With `both` alone: logits in the order of `edge_runtime.measure.evidence.CHANNELS`.

        Raises
        ------
        ValueError
            For both of a network without the second head.
        """
        _, features = self.climb(grey)  # (n, width, rows / stem, columns / stem)
        logits: Tensor = self.to_grid(self.head(features))
        if not both:
            return logits
        if self.evidence is None:
            raise ValueError("the network has no second head")
        return logits, self.evidence(features)

    def merge_heads(self) -> None:
        """Let one convolution do the work of both heads: `head` then writes the channels of the second one last."""
        if self.evidence is None:
            return
        both = nn.Conv2d(self.head.in_channels, self.head.out_channels + EVIDENCE_CHANNELS, kernel_size=1)
        with torch.no_grad():
            both.weight.copy_(torch.cat([self.head.weight, self.evidence.weight]))
            heads = [one.bias for one in (self.head, self.evidence) if one.bias is not None]
            cast("Tensor", both.bias).copy_(torch.cat(heads))
        self.head, self.evidence = both, None
