"""Where a run stands between two steps, and the file from which it continues."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import torch

from train.checkpoint import write_atomically

if TYPE_CHECKING:
    from pathlib import Path

    from lightning_fabric import Fabric
    from torch import Tensor

    from train.unet import UNet

    from .curves import LogRow

STATE_FORMAT = "edge-cataract/training-state/1"


def _nothing_lost() -> Tensor:
    return torch.zeros((), dtype=torch.float64)


def read_state(path: Path) -> dict[str, Any] | None:
    """What was saved of a run, on the processor; None where nothing was."""
    saved: dict[str, Any] | None = torch.load(path, map_location="cpu", weights_only=True) if path.is_file() else None
    return saved


def steps_taken(path: Path) -> int:
    """Optimiser steps of the saved state; 0 where there is none."""
    saved = read_state(path)
    return 0 if saved is None else int(saved["step"])


@dataclass(slots=True, eq=False)
class TrainingState:
    """Where a run stands between two steps; it changes with every step.

    Attributes
    ----------
    step
        Optimiser steps taken.
    log
        One row for each measurement so far. Every process but the first keeps only the steps.
    loss_sum
        Scalar float64: the sum of the losses since the last measurement, on this process.
    """

    step: int = 0
    log: list[LogRow] = field(default_factory=list)
    loss_sum: Tensor = field(default_factory=_nothing_lost)

    def add(self, loss: Tensor) -> None:
        """Add the loss of a pass; it stays on its device, so that nothing waits for it."""
        self.loss_sum = self.loss_sum.to(loss.device) + loss.detach().double()

    @classmethod
    def continued(cls, saved: dict[str, Any], unet: UNet, optimiser: torch.optim.Optimizer) -> TrainingState:
        """Continue from what `read_state` read: weights and optimiser take up their state from it."""
        unet.load_state_dict(saved["weights"])
        optimiser.load_state_dict(saved["optimiser"])
        return cls(step=saved["step"], log=saved["log"], loss_sum=saved["loss_sum"])

    def save(self, path: Path, unet: UNet, optimiser: torch.optim.Optimizer) -> None:
        """Write the state, whole or not at all."""
        content = {
            "format": STATE_FORMAT,
            "step": self.step,
            "weights": unet.state_dict(),
            "optimiser": optimiser.state_dict(),
            "log": self.log,
            "loss_sum": self.loss_sum,
        }
        write_atomically(content, path)

    def share_loss(self, fabric: Fabric) -> None:
        """Give every process the mean of their sums, so that the first one's file speaks for all."""
        shared: Any = fabric.all_reduce(self.loss_sum, reduce_op="mean")
        self.loss_sum = shared

    def take_mean_loss(self, fabric: Fabric) -> float:
        """Return the mean loss of a step since the last measurement, over all processes, and begin a new sum."""
        since = self.step - (self.log[-1]["step"] if self.log else 0)
        # Fabric reduces nested collections too, and returns what it was given.
        over_processes: Any = fabric.all_reduce(self.loss_sum.clone(), reduce_op="mean")
        self.loss_sum.zero_()
        mean_loss: float = over_processes.item() / since
        return mean_loss
