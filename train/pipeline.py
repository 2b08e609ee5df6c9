"""Grey levels in, probabilities, labels and counts out: the one module that export traces.

All pixel arithmetic before and after the network lives here; the runtime repeats none of it.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from edge_runtime.lens import TissueLabel

GREY_MAX = 255.0  # of uint8: the scale comes from the type, never from the content


class PipelineOutput(NamedTuple):
    """What the graph returns, in the order of the model contract.

    Attributes
    ----------
    lens_probability
        (ceil(rows / g), ceil(columns / g)) float32, P(clear lens) + P(cataract).
    cataract_probability
        The same shape, float32.
    labels
        The same shape, uint8 of `TissueLabel`.
    lens_px, cataract_px
        Scalar int64: counts over `labels`.
    """

    lens_probability: Tensor
    cataract_probability: Tensor
    labels: Tensor
    lens_px: Tensor
    cataract_px: Tensor


class Pipeline(nn.Module):
    """Native crop to lens: resample, network, softmax, argmax, counts.

    Parameters
    ----------
    network
        (n, 1, rows, columns) float32 in [0, 1] on the network grid -> logits (n, 3, rows, columns).
    grid
        Native pixels per network pixel along each axis, g.
    stride
        The network takes multiples of this many network pixels.
    """

    def __init__(self, network: nn.Module, grid: int, stride: int) -> None:
        super().__init__()
        self.network = network
        self.grid = grid
        self.stride = stride

    def forward(self, scan: Tensor) -> PipelineOutput:
        """Analyse one crop.

        Parameters
        ----------
        scan
            (rows, columns) uint8 at the profile's native pitch, any size from 1 x 1.
        """
        rows, columns = scan.shape
        block = self.grid * self.stride
        # One padding serves twice: it completes the last block of g x g, and brings the grid to a multiple of the
        # stride.
        padded = functional.pad(
            scan.to(torch.float32)[None, None], (0, -columns % block, 0, -rows % block), mode="replicate"
        )  # (1, 1, whole blocks, whole blocks)
        grey = functional.avg_pool2d(padded, self.grid) / GREY_MAX  # (1, 1, whole strides, whole strides)
        grid_rows = (rows + self.grid - 1) // self.grid
        grid_columns = (columns + self.grid - 1) // self.grid
        logits = self.network(grey)[:, :, :grid_rows, :grid_columns]  # (1, 3, grid rows, grid columns)
        # Softmax by hand: the fused operator over the channel axis is several times slower in the device's runtime.
        exponentials = torch.exp(logits - logits.amax(dim=1, keepdim=True))
        share = exponentials / exponentials.sum(dim=1, keepdim=True)
        # Rounding may carry the sum of two shares past 1.
        lens = (share[0, TissueLabel.CLEAR_LENS] + share[0, TissueLabel.CATARACT]).clamp(max=1.0)
        labels = logits.argmax(dim=1)[0].to(torch.uint8)
        return PipelineOutput(
            lens_probability=lens,
            cataract_probability=share[0, TissueLabel.CATARACT],
            labels=labels,
            lens_px=(labels != TissueLabel.BACKGROUND).sum(),
            cataract_px=(labels == TissueLabel.CATARACT).sum(),
        )
