"""The network of a look: a small U-Net for tissues, and from its deepest features the kind of picture."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from edge_runtime.look.tissues import Picture, Tissue
from train.ladder import DoubleConvolution, Ladder, Upsampling, level_channels

PICTURES = tuple(Picture)
HIDDEN = 64  # features between the pooled ones and the kinds of picture


@dataclass(frozen=True, slots=True)
class LookConfig:
    """Shape of the network.

    Attributes
    ----------
    width
        Channels of the first level; each further level has twice as many, up to `channel_cap`.
    levels
        How often the encoder halves rows and columns.
    channel_cap
        Most channels that a level may have.
    """

    width: int = 16
    levels: int = 3
    channel_cap: int = 128

    def __post_init__(self) -> None:
        if not (1 <= self.width <= self.channel_cap and 1 <= self.levels <= 5):
            raise ValueError(f"1 <= width <= channel_cap and levels from 1 to 5 were expected, got {self}")

    @property
    def channels(self) -> tuple[int, ...]:
        """Channels per level, downwards: `levels` + 1 numbers."""
        return level_channels(self.width, self.levels, self.channel_cap)

    @property
    def stride(self) -> int:
        """Rows and columns of an input must be multiples of this many pixels."""
        return 4 << self.levels


class LookNetwork(Ladder):
    """Tissues and kind of picture of a whole frame.

    A block of 2 x 2 input pixels is one pixel of the tissue map; the body works at half of that.

    Parameters
    ----------
    config
        Shape of the network.
    """

    def __init__(self, config: LookConfig) -> None:
        channels = config.channels
        super().__init__(DoubleConvolution(4, channels[0], stride=2), channels, Upsampling.NEAREST)
        self.config = config
        self.head = nn.Conv2d(channels[0], len(Tissue) * 4, kernel_size=1)
        self.to_map = nn.PixelShuffle(2)
        # The kind of picture, and last whether the cornea is diseased.
        self.kind = nn.Sequential(
            nn.Linear(2 * (channels[-1] + channels[0]), HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, len(PICTURES) + 1)
        )

    def forward(self, grey: Tensor) -> tuple[Tensor, Tensor]:
        """Return the logits of tissues, and of kinds.

        Parameters
        ----------
        grey
            (n, 1, rows, columns) float32 in [0, 1]: means of 8 x 8 native pixels, as the device displays them; rows
            and columns are multiples of `config.stride`.

        Returns
        -------
        tissues : (n, 12, rows / 2, columns / 2) float32, in the order of `Tissue`
        kinds : (n, 9) float32: the kinds of `PICTURES`, and whether the cornea is diseased
        """
        # The four pixels of a block become channels; written as slices, which are exported with any size.
        blocks = torch.cat([grey[:, :, row::2, column::2] for row in (0, 1) for column in (0, 1)], dim=1)
        deepest, features = self.climb(blocks)
        pooled = torch.cat([pool for one in (deepest, features) for pool in (one.mean((2, 3)), one.amax((2, 3)))], 1)
        return self.to_map(self.head(features)), self.kind(pooled)
