"""The statistics of batch norm over several processes, as if one process had seen all windows, pass after pass."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

if TYPE_CHECKING:
    from lightning_fabric import Fabric


class BatchStatistics:
    """Running means and variances of a network's batch norms, kept equal in every process.

    A batch norm moves its running statistics r by r' = (1 - m) r + m s, where s are those of the pass and m is its
    momentum. Passes of several processes count as if one process had taken them one after the other, in the order of
    their ranks: r' = (1 - m)^n r + sum of m (1 - m)^(n - 1 - rank) s. A single process is left alone.

    Parameters
    ----------
    network
        Its parameters and buffers are the same in every process.
    fabric
        The processes.
    """

    def __init__(self, network: nn.Module, fabric: Fabric) -> None:
        self._fabric = fabric
        self._norms = [one for one in network.modules() if isinstance(one, nn.BatchNorm2d)]
        self._before = torch.empty(0)

    def before_pass(self) -> None:
        """Note where the statistics stand."""
        if self._fabric.world_size > 1:
            self._before = torch.cat(self._buffers())

    def after_pass(self) -> None:
        """Take up what the passes of all processes have found."""
        world, rank = self._fabric.world_size, self._fabric.global_rank
        if world == 1:
            return
        momentum = torch.cat([torch.full_like(one, m) for m, one in zip(self._momenta(), self._buffers(), strict=True)])
        kept = 1 - momentum
        found = (torch.cat(self._buffers()) - kept * self._before) / momentum
        shares: Any = self._fabric.all_reduce(momentum * kept ** (world - 1 - rank) * found, reduce_op="sum")
        together = kept**world * self._before + shares
        for buffer, value in zip(self._buffers(), together.split([len(one) for one in self._buffers()]), strict=True):
            buffer.copy_(value)
        for norm in self._norms:
            if norm.num_batches_tracked is not None:
                norm.num_batches_tracked += world - 1

    def _buffers(self) -> list[Tensor]:
        both = [(norm.running_mean, norm.running_var) for norm in self._norms]
        return [buffer for pair in both for buffer in pair if buffer is not None]

    def _momenta(self) -> list[float]:
        return [float(norm.momentum or 0.0) for norm in self._norms for _ in range(2)]
