"""Grey levels in, probabilities, labels and counts out: the one module that export traces.

All pixel arithmetic before and after the network lives here; the runtime repeats none of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Self

import torch
from torch import Tensor, nn
from torch.nn import functional

from edge_runtime.measure.evidence import KIND_CHANNELS, STEPS_DB
from edge_runtime.measure.lens import TissueLabel
from train.unet import EVIDENCE_CHANNELS

if TYPE_CHECKING:
    from .checkpoint import Checkpoint
    from .unet import UNet

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


class PipelineOutputWithEvidence(NamedTuple):
    """`PipelineOutput` of a network with a second head.

    Attributes
    ----------
    evidence
        (12, ceil(rows / h), ceil(columns / h)) float32 in [0, 1], h being the body's grid: probabilities in the order
        of `edge_runtime.measure.evidence.CHANNELS`.
    """

    lens_probability: Tensor
    cataract_probability: Tensor
    labels: Tensor
    lens_px: Tensor
    cataract_px: Tensor
    evidence: Tensor


class Pipeline(nn.Module):
    """Native crop to lens: resample, network, softmax, argmax, counts.

    Parameters
    ----------
    network
        (n, 1, rows, columns) float32 in [0, 1] on the network grid -> logits, three groups of channels (background,
        clear lens, cataract).
    grid
        Native pixels per network pixel along each axis, g.
    stride
        The network takes multiples of this many network pixels.
    to_grid
        Brings the group of channels of one class to (n, 1, rows, columns); None where it is that already.
    stem
        Network pixels per pixel of the evidence that the network writes behind the classes; 0 where it writes none.
    """

    def __init__(
        self, network: nn.Module, grid: int, stride: int, to_grid: nn.Module | None = None, stem: int = 0
    ) -> None:
        super().__init__()
        self.stem = stem
        self.network = network
        self.grid = grid
        self.stride = stride
        self.to_grid = to_grid or nn.Identity()

    @classmethod
    def of(cls, checkpoint: Checkpoint) -> Self:
        """Build the pipeline of a checkpoint, in eval mode."""
        return cls.around(checkpoint.network(), checkpoint.metadata.grid)

    @classmethod
    def around(cls, network: UNet, grid: int) -> Self:
        """Build the pipeline around a trained network, in eval mode.

        The network's last step, which spreads sub-pixels over the grid, is taken out of it and done on the three
        finished maps instead of on the logits: the same numbers for less work.
        """
        to_grid, network.to_grid = network.to_grid, nn.Identity()
        network.merge_heads()
        stem = network.config.stem if network.config.evidence else 0
        return cls(network, grid, network.config.stride, to_grid, stem).eval()

    def forward(self, scan: Tensor) -> PipelineOutput | PipelineOutputWithEvidence:
        """Analyse one crop.

        Parameters
        ----------
        scan
            (rows, columns) uint8 at the profile's native pitch, any size from 1 x 1.
        """
        grid_rows, grid_columns = ((side + self.grid - 1) // self.grid for side in scan.shape)
        # One padding serves twice: it completes the last block of g x g, and brings the grid to a multiple of the
        # stride. It is written for the device's runtime: joined as bytes, since padding floats takes ten times longer.
        block = self.grid * self.stride
        scan = torch.cat([scan, scan[:, -1:].expand(-1, -scan.shape[1] % block)], dim=1)
        scan = torch.cat([scan, scan[-1:].expand(-scan.shape[0] % block, -1)], dim=0)
        grey = functional.avg_pool2d(scan.to(torch.float32)[None, None], self.grid) / GREY_MAX

        channels = self.network(grey)
        background, clear, cataract = channels[:, : -EVIDENCE_CHANNELS if self.stem else None].chunk(3, dim=1)
        # Plane by plane, not with softmax and argmax: operators that reduce over the channel axis are several times
        # slower there.
        likeliest = torch.maximum(torch.maximum(background, clear), cataract)
        weights = [torch.exp(logits - likeliest) for logits in (background, clear, cataract)]
        total = weights[0] + weights[1] + weights[2]
        cataract_share = weights[2] / total
        # Rounding may carry the sum of two shares past 1.
        lens_share = (weights[1] / total + cataract_share).clamp(max=1.0)
        # The first of equal logits wins, as in argmax.
        is_lens = (torch.maximum(clear, cataract) > background).to(torch.uint8)
        classes = is_lens + is_lens * (cataract > clear).to(torch.uint8)  # values of `TissueLabel`
        lens_probability, cataract_probability, labels = (
            self.to_grid(each)[0, 0, :grid_rows, :grid_columns] for each in (lens_share, cataract_share, classes)
        )
        found = PipelineOutput(
            lens_probability=lens_probability,
            cataract_probability=cataract_probability,
            labels=labels,
            lens_px=_count(labels != TissueLabel.BACKGROUND),
            cataract_px=_count(labels == TissueLabel.CATARACT),
        )
        if not self.stem:
            return found
        rows, columns = ((side + self.stem - 1) // self.stem for side in (grid_rows, grid_columns))
        return PipelineOutputWithEvidence(*found, _probabilities(channels[0, -EVIDENCE_CHANNELS:, :rows, :columns]))


def _probabilities(evidence: Tensor) -> Tensor:
    """From the logits of the second head, (12, rows, columns)."""
    steps = len(STEPS_DB)
    kinds = evidence[steps : steps + len(KIND_CHANNELS)]
    return torch.cat([evidence[:steps].sigmoid(), kinds.softmax(dim=0), evidence[-1:].sigmoid()])


def _count(chosen: Tensor) -> Tensor:
    """How many are true: rows as float32, exact and fast, then all rows as int64."""
    return chosen.to(torch.float32).sum(dim=1).to(torch.int64).sum()
