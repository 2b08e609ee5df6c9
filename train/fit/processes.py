"""The processes of a run: how they are started, and how all of them follow the first one.

Only the first process reads and writes the run folder. What it reads, decides or finds at fault is sent to the others,
so that machines need no folder in common.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

import torch
from lightning_fabric import Fabric
from lightning_fabric.strategies.ddp import DDPStrategy

from edge_runtime.errors import EdgeCataractError

from .recipe import RecipeError

if TYPE_CHECKING:
    from collections.abc import Callable

    from .run import FitOptions

T = TypeVar("T")

# What torchrun tells each process that it starts: processes of all machines, processes of this one, and machines.
_WORLD, _LOCAL_WORLD, _MACHINES = "WORLD_SIZE", "LOCAL_WORLD_SIZE", "GROUP_WORLD_SIZE"
_STARTERS = ("TORCHELASTIC_RUN_ID", "SLURM_NTASKS", "MASTER_ADDR")  # of a process that knows where the others are


@dataclass(frozen=True, slots=True)
class _Made(Generic[T]):
    """What the first process did: a result, or a fault."""

    result: T | None = None
    fault: EdgeCataractError | None = None


def launch(options: FitOptions) -> Fabric:
    """Start the processes of a run, or join those that torchrun started on each machine.

    Raises
    ------
    RecipeError
        When the machines or processes asked for are not those that were started: each would train alone, in silence.
    """
    if options.threads:
        torch.set_num_threads(options.threads)
    precision: Any = options.precision  # Fabric types it as one of many literals, and checks it itself
    machines, devices = _started(options)
    fabric = Fabric(
        accelerator=options.accelerator,
        devices=devices,
        num_nodes=machines,
        precision=precision,
        # The statistics of batch norm are shared by `BatchStatistics`.
        strategy=DDPStrategy(broadcast_buffers=False) if machines * devices > 1 else "auto",
    )
    fabric.launch()
    if fabric.world_size != machines * devices:
        raise RecipeError(
            "processes",
            f"{machines * devices} processes were asked for, and {fabric.world_size} work together.",
            "Start the same command on every machine with torchrun.",
        )
    return fabric


def _started(options: FitOptions) -> tuple[int, int]:
    """Machines, and processes of each: as torchrun says, or as the command line asks."""
    if "TORCHELASTIC_RUN_ID" not in os.environ:
        machines = options.num_nodes or 1
        if machines > 1 and not any(name in os.environ for name in _STARTERS):
            raise RecipeError(
                "processes",
                f"{machines} machines were asked for, and this process knows of no other.",
                f"Start it on each with: python -m torch.distributed.run --nnodes {machines} --node-rank NUMBER "
                "--master-addr FIRST -m train fit ... (docs/training.md).",
            )
        return machines, options.devices or 1
    there = {name: int(os.environ[name]) for name in (_WORLD, _LOCAL_WORLD, _MACHINES)}
    for asked, name, what in (
        (options.num_nodes, _MACHINES, "machines"),
        (options.devices, _LOCAL_WORLD, "processes of a machine"),
    ):
        if asked is not None and asked != there[name]:
            raise RecipeError(
                "processes",
                f"{asked} {what} were asked for, and torchrun started {there[name]}.",
                "Give the same number to both, or to torchrun alone.",
            )
    if there[_MACHINES] * there[_LOCAL_WORLD] != there[_WORLD]:
        raise RecipeError(
            "processes", "torchrun started another number of processes on each machine.", "Start equally many on each."
        )
    return there[_MACHINES], there[_LOCAL_WORLD]


def by_the_first(fabric: Fabric, make: Callable[[], T]) -> T:
    """Do something in the first process alone, and give what it returned, or raised, to all of them.

    Raises
    ------
    EdgeCataractError
        The one that it raised, in every process; where it raised something else, the others say that it failed, and
        nobody waits for it.
    """
    made: _Made[T] = _Made()
    own: Exception | None = None
    if fabric.is_global_zero:
        try:
            made = _Made(make())
        except EdgeCataractError as error:
            made = _Made(fault=error)
        except Exception as error:  # noqa: BLE001 - whatever it is, the others must not wait for a process that is gone
            own = error
            made = _Made(
                fault=RecipeError("processes", f"The first process failed: {type(error).__name__}.", "See its message.")
            )
    made = fabric.broadcast(made)
    if own is not None:
        raise own
    if made.fault is not None:
        raise made.fault
    return cast("T", made.result)


def check_same_data(fabric: Fabric, sha256: str) -> None:
    """Check that every process learns from the same frames.

    Raises
    ------
    RecipeError
        In every process, when one of them has other data.
    """
    if fabric.world_size == 1:
        return
    differs = torch.tensor(float(fabric.broadcast(sha256) != sha256), device=fabric.device)
    found: Any = fabric.all_reduce(differs, reduce_op="sum")
    if found.item():
        raise RecipeError("other-data", "The machines hold different data.", "Copy one dataset folder to each of them.")
