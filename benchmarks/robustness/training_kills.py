"""Train on two machines while either is killed again and again: ``python -m benchmarks.robustness.training_kills``.

Two network namespaces stand for two machines; each has a copy of the data, and they share no folder. What they end
with is compared with one process that takes the same windows in accumulated passes.
"""

from __future__ import annotations

import argparse
import contextlib
import csv
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.provenance import place, save, versions
from train.checkpoint import load_checkpoint
from train.fit.recipe import load_recipe
from train.fit.state import steps_taken

from .two_machines import MACHINES, ROOT, again_inside, inside, kill

RESULTS = Path(__file__).parents[1] / "results" / "training_kills.json"
RECIPE = Path(__file__).with_suffix(".toml")
PATIENTS = 8
MODULE = "benchmarks.robustness.training_kills"
OF_BATCH_NORM = ("running_mean", "running_var", "num_batches_tracked")
MOST_RELATIVE = 1e-6
_LOOK_EVERY_S = 0.02
_WAIT_S = 5  # for a machine that is left alone; then it is stopped, too, as who starts both anew would do


def words(folder: Path, number: int, *more: str) -> list[str]:
    """The command of a machine, after `-m`."""
    return [
        "train", "fit", "--recipe", str(folder / "recipe.toml"), "--data", str(folder / f"data{number}"),
        "--out", str(folder / f"out{number}"), *more,
    ]  # fmt: skip


def simulated(folder: Path, seed: int) -> Path:
    """A few simulated patients."""
    words = ["--cohort", "training", "--patients", str(PATIENTS), "--seed", str(seed), "--out", str(folder)]
    subprocess.run([sys.executable, "-m", "train", "phantom", *words], cwd=ROOT, stdout=sys.stderr, check=True)
    return folder


def train_alone(folder: Path) -> None:
    """One process, with as many passes for a step as there are machines."""
    recipe = (folder / "recipe.toml").read_text(encoding="utf-8")
    lines = [line + "\naccumulate = 2" if line.startswith("batch = ") else line for line in recipe.splitlines()]
    (folder / "alone.toml").write_text("\n".join(lines), encoding="utf-8")
    command = [sys.executable, "-m", "train", "fit", "--recipe", str(folder / "alone.toml"), "--data",
               str(folder / "data0"), "--out", str(folder / "alone")]  # fmt: skip
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    with (folder / "alone.log").open("wb") as log:
        subprocess.run(command, cwd=ROOT, env=environment, stdout=log, stderr=log, check=True)


def round_of(folder: Path, victim: int | None, at_step: int) -> bool:
    """Start both machines; kill one of them from a step on, or none. Whether it was still running then."""
    both = [
        machine.torchrun(*words(folder, machine.number), log=folder / f"log{machine.number}") for machine in MACHINES
    ]
    state = folder / "out0" / "state.pt"
    killed = False
    try:
        while victim is not None and not killed and all(one.poll() is None for one in both):
            if steps_taken(state) >= at_step:
                kill(both[victim])
                killed = True
            time.sleep(_LOOK_EVERY_S)
        for one in both:
            with contextlib.suppress(subprocess.TimeoutExpired):
                one.wait(_WAIT_S if killed else None)
    finally:
        for one in both:
            if one.poll() is None:
                kill(one)
    if victim is None and any(one.returncode for one in both):
        raise RuntimeError((folder / "log0").read_text()[-2000:] + (folder / "log1").read_text()[-2000:])
    return killed


def differences(folder: Path) -> dict[str, Any]:
    """How far the two runs are apart: weights, statistics of batch norm, losses; largest relative differences."""
    alone, both = (load_checkpoint(folder / name / "checkpoint").weights for name in ("alone", "out0"))
    apart = {"weights": 0.0, "batch_norm_statistics": 0.0}
    for name, value in alone.items():
        if name.endswith("num_batches_tracked"):
            continue
        kind = "batch_norm_statistics" if name.endswith(OF_BATCH_NORM) else "weights"
        scale = float(value.abs().max()) or 1.0
        apart[kind] = max(apart[kind], float((value - both[name]).abs().max()) / scale)
    losses = [[float(row["loss"]) for row in _log(folder / name / "log.csv")] for name in ("alone", "out0")]
    loss = max(abs(a - b) / abs(a) for a, b in zip(*losses, strict=True))
    return {"relative": {**apart, "loss": loss}, "measurements_of_the_loss": len(losses[0])}


def _log(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def training_kills(folder: Path, steps: int, kills: int, seed: int) -> dict[str, Any]:
    """Train alone, then on two machines under kills; returns what was met."""
    train_alone(folder)
    rng = np.random.default_rng(seed)
    met = {0: 0, 1: 0}
    for number in range(kills):
        victim = number % 2
        at_step = int(steps * (number + rng.uniform(0, 0.9)) / (kills + 1))
        met[victim] += round_of(folder, victim, at_step)
        print(f"kill {number + 1}: machine {victim} after step {steps_taken(folder / 'out0' / 'state.pt')}", flush=True)
    round_of(folder, None, 0)
    found = differences(folder)
    relative = found["relative"]
    good = max(relative.values()) <= MOST_RELATIVE and sum(met.values()) == kills
    left = sorted(path.name for path in (folder / "out1").iterdir())
    return {
        "steps": steps, "kills_of_the_first": met[0], "kills_of_the_second": met[1], **found,
        "files_on_the_second_machine": left, "good": good and not left,
    }  # fmt: skip


def main() -> int:
    """Kill, print, save; 1 when the weights or losses differ, or a kill came too late."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--recipe", type=Path, default=RECIPE, help="a recipe without accumulated passes")
    parser.add_argument("--data", type=Path, help="dataset folder; each machine gets a copy (default: simulated)")
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=23)
    parser.add_argument("--out", type=Path, default=RESULTS)
    arguments = parser.parse_args()
    if not inside():
        return again_inside(MODULE, sys.argv[1:])
    with tempfile.TemporaryDirectory() as root:
        folder = Path(root)
        shutil.copy(arguments.recipe, folder / "recipe.toml")
        data = arguments.data or simulated(folder / "data", arguments.seed)
        for machine in MACHINES:
            shutil.copytree(data, folder / f"data{machine.number}")
        content = training_kills(folder, load_recipe(arguments.recipe)[0].steps, arguments.kills, arguments.seed)
    save(
        arguments.out, {**place(), "versions": versions("torch", "lightning-fabric"), "seed": arguments.seed, **content}
    )
    print(json.dumps(content, indent=1))
    return 0 if content["good"] else 1


if __name__ == "__main__":
    sys.exit(main())
