"""Several machines train as one process would, or say why not."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import nn

from benchmarks.robustness.training_kills import MODULE
from benchmarks.robustness.two_machines import APART
from tests.conftest import ROOT, not_proved
from tests.train.synthetic import tiny_recipe_text
from train.fit.processes import by_the_first, launch
from train.fit.recipe import RecipeError
from train.fit.run import FitOptions
from train.fit.statistics import BatchStatistics

TORCHRUN = {"TORCHELASTIC_RUN_ID": "none", "WORLD_SIZE": "2", "LOCAL_WORLD_SIZE": "1", "GROUP_WORLD_SIZE": "2"}
STEPS = 60


@pytest.mark.slow
def test_two_machines_of_which_either_is_lost_end_with_the_weights_of_one_process(
    data: Path, tmp_path: Path, program: Callable[[str], str]
) -> None:
    for name in ("ip", "unshare"):
        program(name)
    if subprocess.run([*APART, "true"], capture_output=True, check=False).returncode:
        not_proved("namespaces cannot be made here: training on two machines is not proved")
    recipe, results = tmp_path / "tiny.toml", tmp_path / "kills.json"
    recipe.write_text(tiny_recipe_text(STEPS, validate_every=20, checkpoint_every=5))
    words = ["--recipe", recipe, "--data", data, "--kills", "2", "--out", results]
    done = subprocess.run(
        [sys.executable, "-m", MODULE, *map(str, words)], cwd=ROOT, capture_output=True, check=False, timeout=500
    )
    assert done.returncode == 0, done.stderr.decode() + done.stdout.decode()
    found = json.loads(results.read_text())
    assert (found["kills_of_the_first"], found["kills_of_the_second"]) == (1, 1)
    assert max(found["relative"].values()) <= 1e-6
    assert found["measurements_of_the_loss"] == 3
    assert found["files_on_the_second_machine"] == []


@pytest.mark.parametrize(
    ("environment", "options", "said"),
    [
        ({}, FitOptions(num_nodes=2), "knows of no other"),
        (TORCHRUN, FitOptions(num_nodes=3), "torchrun started 2"),
        (TORCHRUN, FitOptions(devices=4), "torchrun started 1"),
        (TORCHRUN | {"WORLD_SIZE": "3"}, FitOptions(), "another number of processes on each machine"),
    ],
)
def test_processes_that_would_train_alone_are_refused(
    environment: dict[str, str], options: FitOptions, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in (*TORCHRUN, "SLURM_NTASKS", "MASTER_ADDR"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(RecipeError, match=said):
        launch(options)


class TwoProcesses:
    """What `BatchStatistics` asks of Fabric, with the other process' share known beforehand."""

    world_size = 2

    def __init__(self, rank: int) -> None:
        self.global_rank = rank
        self.shares: list[torch.Tensor] = []
        self.other: torch.Tensor | None = None

    def all_reduce(self, share: torch.Tensor, reduce_op: str) -> torch.Tensor:
        assert reduce_op == "sum"
        self.shares.append(share)
        return share if self.other is None else share + self.other


def test_statistics_of_two_processes_are_those_of_two_passes_in_turn() -> None:
    torch.manual_seed(1)
    passes = [torch.randn(8, 3, 5, 5) * scale + scale for scale in (1.0, 3.0)]
    alone = nn.BatchNorm2d(3)
    for one in passes:
        alone(one)
    fabrics = [TwoProcesses(rank) for rank in range(2)]
    for _ in range(2):  # once to learn what each gives, once with the other's share
        norms = [nn.BatchNorm2d(3) for _ in range(2)]
        for norm, fabric, one in zip(norms, fabrics, passes, strict=True):
            statistics = BatchStatistics(norm, fabric)  # type: ignore[arg-type]
            statistics.before_pass()
            norm(one)
            statistics.after_pass()
        for fabric, other in zip(fabrics, reversed(fabrics), strict=True):
            fabric.other = other.shares[0]
    for norm in norms:
        assert torch.allclose(norm.running_mean, alone.running_mean, rtol=1e-5)
        assert torch.allclose(norm.running_var, alone.running_var, rtol=1e-5)
        assert norm.num_batches_tracked == alone.num_batches_tracked == 2


class SecondProcess:
    """What `by_the_first` asks of Fabric, in a process that hears the first one."""

    is_global_zero = False

    def __init__(self, heard: object) -> None:
        self.heard = heard

    def broadcast(self, own: object) -> object:
        return self.heard


def test_the_others_hear_of_a_crash_of_the_first_process() -> None:
    said: list[object] = []

    class First(SecondProcess):
        is_global_zero = True

        def broadcast(self, own: object) -> object:
            said.append(own)
            return own

    def crash() -> None:
        raise MemoryError

    with pytest.raises(MemoryError):
        by_the_first(First(None), crash)  # type: ignore[arg-type]
    with pytest.raises(RecipeError, match="MemoryError"):
        by_the_first(SecondProcess(said[0]), crash)  # type: ignore[arg-type]


def test_a_fault_of_the_first_process_is_raised() -> None:
    def fault() -> None:
        raise RecipeError("recipe", "It is broken.", "Mend it.")

    def crash() -> None:
        raise OSError("the disk is full")

    with pytest.raises(RecipeError, match="broken"):
        by_the_first(launch(FitOptions()), fault)
    with pytest.raises(OSError, match="full"):
        by_the_first(launch(FitOptions()), crash)
    assert by_the_first(launch(FitOptions()), lambda: 3) == 3
