"""The published recipe against the one for two cores, after equal training time: cost, memory, lens Dice and AUC.

    python -m benchmarks.evidence.recipes --data DIR --minutes 60

Frames are prepared beforehand and the same patients are held out from both, so that the minutes go into steps. A tenth
of them is kept by `fit` for measuring. Times on the way are steps times the seconds that a step costs: measuring is
left out, for it takes the larger network longer and teaches it nothing.
"""

from __future__ import annotations

import argparse
import csv
import json
import math
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.evidence.charts import save_chart
from benchmarks.provenance import place, save
from train.checkpoint import load_checkpoint
from train.data.dataset import Dataset, read_dataset
from train.data.frames import prepare
from train.data.split import split_by_patient
from train.fit.held_out import dice_of, eyes_of, measure
from train.fit.recipe import load_recipe
from train.metrics import area_under_curve

ROOT = Path(__file__).resolve().parents[2]
RECIPES = (ROOT / "train/recipes/paper.toml", ROOT / "train/recipes/edge.toml")
RESULTS = ROOT / "benchmarks/results/recipes.json"
FIGURE = ROOT / "docs/recipes.png"
HELD_OUT, SEED = 0.2, 1  # the paper's share; only where the dataset has no split of its own

# On Linux a process begins with the peak memory of the one that started it: a small one stands between.
LAUNCHER = """
import resource, subprocess, sys
code = subprocess.run(sys.argv[1:]).returncode
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
sys.exit(code)
"""


@dataclass(frozen=True, slots=True)
class Point:
    """One measurement on the way, over the recipe's number of evenly spread held-out scans."""

    step: int
    training_s: float
    lens_dice: float | None
    auc: float | None


@dataclass(frozen=True, slots=True)
class Child:
    """A finished training process.

    Attributes
    ----------
    wall_s
        From the first step to the end of the last measurement on the way.
    peak_memory_mb
        Resident memory of the process at its largest, mapped frames included.
    """

    wall_s: float
    peak_memory_mb: float


@dataclass(frozen=True, slots=True)
class Run:
    """What one recipe costs and what it reached.

    Attributes
    ----------
    steps, training_s
        Made here, and what they took: steps times seconds per step.
    seconds_per_step
        Measured by `fit` before its first step.
    full_steps, full_hours
        Of the recipe, and what they would take without measuring.
    child
        The process.
    curve
        Measurements on the way.
    lens_dice, auc
        At the end: mean over all held-out scans with a gradable lens; per eye over `eyes_with_lens`.
    eyes_with_lens
        Held-out eyes in which the network found a lens.
    """

    recipe: str
    steps: int
    training_s: float
    seconds_per_step: float
    full_steps: int
    full_hours: float
    child: Child
    curve: tuple[Point, ...]
    lens_dice: float | None
    auc: float | None
    eyes_with_lens: int


@dataclass(frozen=True, slots=True)
class Task:
    """What both recipes are given: checked scans that say who is held out, a folder to work in, minutes, threads."""

    dataset: Dataset
    folder: Path
    minutes: float
    threads: int

    @property
    def held_out(self) -> list[int]:
        """Return the places of the held-out scans in the table."""
        return [index for index, scan in enumerate(self.dataset.scans) if scan.split == "test"]


def main(words: Sequence[str] | None = None) -> int:
    """Train both, measure, print, save, draw."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="dataset folder")
    parser.add_argument("--minutes", type=float, required=True, help="of each recipe")
    parser.add_argument("--recipes", type=Path, nargs="+", default=list(RECIPES), help="default: paper and edge")
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1, help="of torch (default: all cores)")
    parser.add_argument("--out", type=Path, default=RESULTS)
    parser.add_argument("--figure", type=Path, default=FIGURE)
    arguments = parser.parse_args(words)
    with tempfile.TemporaryDirectory() as name:
        dataset = fix_split(read_dataset(arguments.data), Path(name) / "dataset")
        task = Task(dataset, Path(name), arguments.minutes, arguments.threads)
        runs = [run(path, task) for path in arguments.recipes]
        held_out = [dataset.scans[index] for index in task.held_out]
    for one in runs:
        print(
            f"{one.recipe}: {one.steps} steps of {one.seconds_per_step:.3f} s, {one.child.peak_memory_mb:.0f} MB; all "
            f"{one.full_steps} take {one.full_hours:.1f} h; lens Dice {one.lens_dice}, AUC per eye {one.auc}"
        )
    content = {
        **place(),
        "data": {"description": dataset.description, "tables_sha256": dataset.tables_sha256},
        "held_out": {
            "patients": len({scan.patient_id for scan in held_out}),
            "eyes": len({scan.eye_id for scan in held_out if scan.group}),
            "scans": len(held_out),
        },
        "minutes": arguments.minutes,
        "threads": arguments.threads,
        "recipes": [asdict(one) for one in runs],
    }
    save(arguments.out, content)
    draw(runs, arguments.figure)
    return 0


def fix_split(dataset: Dataset, folder: Path) -> Dataset:
    """Write tables of the same files with a column that says who is held out, so that every recipe obeys it."""
    held_out = {scan.scan_id for scan in split_by_patient(dataset.scans, HELD_OUT, SEED).held_out}
    folder.mkdir()
    shutil.copy(dataset.folder / "patients.csv", folder)
    (folder / "description.txt").write_text(dataset.description, encoding="utf-8")
    with (dataset.folder / "scans.csv").open(newline="", encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        row["split"] = "test" if row["scan_id"].strip() in held_out else "training"
        for name in ("image", "mask", "truth_labels"):
            if row.get(name):
                row[name] = str((dataset.folder / row[name]).resolve())
    with (folder / "scans.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, rows[0].keys())
        writer.writeheader()
        writer.writerows(rows)
    return read_dataset(folder)


def run(path: Path, task: Task) -> Run:
    """Train by one recipe in a process of its own, then measure on every held-out scan."""
    recipe, _ = load_recipe(path)
    cache, out = task.folder / "cache", task.folder / path.stem
    frames = prepare(task.dataset, recipe.grid, recipe.target, recipe.brightness, cache=cache)
    child = train(
        [
            sys.executable, "-m", "train", "fit", "--recipe", str(path.resolve()), "--data", str(task.dataset.folder),
            "--out", str(out), "--max-minutes", str(task.minutes), "--threads", str(task.threads),
            "--cache", str(cache),
        ]
    )  # fmt: skip
    plan = json.loads((out / "plan.json").read_text(encoding="utf-8"))
    seconds = plan["seconds_per_step"]
    network = load_checkpoint(out / "checkpoint").network()
    measures = list(measure(network, frames, task.dataset.scans, task.held_out, recipe.window))
    eyes = eyes_of(measures)
    return Run(
        recipe=path.stem,
        steps=plan["steps"],
        training_s=plan["steps"] * seconds,
        seconds_per_step=seconds,
        full_steps=recipe.steps,
        full_hours=recipe.steps * seconds / 3600,
        child=child,
        curve=curve_of(out / "log.csv", seconds),
        lens_dice=dice_of(measures)["lens"].mean,
        auc=area_under_curve([eye.cataract_fraction for eye in eyes], [eye.group == "cataract" for eye in eyes]),
        eyes_with_lens=len(eyes),
    )


def train(command: list[str]) -> Child:
    """Run one training; its words pass through, and say when the first step begins and the last measurement ends."""
    first = last = 0.0
    with subprocess.Popen(
        [sys.executable, "-c", LAUNCHER, *command], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        for line in process.stderr or ():
            sys.stderr.write(line)
            if "scans to learn from" in line:
                first = time.monotonic()
            elif re.match(r"step \d+ of \d+:", line):
                last = time.monotonic()
        peak = process.stdout.read() if process.stdout else ""
    if process.returncode:
        raise RuntimeError(f"training ended with {process.returncode}: {' '.join(command)}")
    unit = 1 if sys.platform == "darwin" else 1024
    return Child(round(last - first, 1), round(int(peak) * unit / 1e6, 1))


def curve_of(log: Path, seconds_per_step: float) -> tuple[Point, ...]:
    """Read the measurements on the way from the training log."""

    def number(text: str) -> float | None:
        return float(text) if text else None

    with log.open(newline="", encoding="utf-8") as file:
        return tuple(
            Point(
                int(row["step"]),
                int(row["step"]) * seconds_per_step,
                number(row["held_out_dice_lens"]),
                number(row["held_out_auc"]),
            )
            for row in csv.DictReader(file)
        )


def draw(runs: Sequence[Run], path: Path) -> None:
    """Draw lens Dice and AUC of held-out patients over training time; large marks: all held-out scans, at the end."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 4), layout="constrained")
    for axes, name, title in zip(
        figure.subplots(1, 2), ("lens_dice", "auc"), ("lens Dice, mean over scans", "AUC per eye"), strict=True
    ):
        for run, colour in zip(runs, ("tab:red", "tab:blue"), strict=False):
            points = [(point.training_s / 60, getattr(point, name)) for point in run.curve]
            points = [point for point in points if point[1] is not None]
            end = getattr(run, name)
            if points:
                axes.plot(*zip(*points, strict=True), ".-", color=colour)
            value = "undefined" if end is None else f"{end:.3f}"
            label = f"{run.recipe}: {run.steps} of {run.full_steps} steps, {value}"
            axes.plot([run.training_s / 60], [math.nan if end is None else end], "D", color=colour, label=label)
        axes.set(xlabel="training time, minutes", ylabel=f"held-out {title}", ylim=(0, 1.02), xlim=(0, None))
        axes.legend(fontsize="small", loc="lower left")
    path.parent.mkdir(parents=True, exist_ok=True)
    save_chart(figure, path, dpi=120)


if __name__ == "__main__":
    sys.exit(main())
