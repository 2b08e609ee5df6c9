"""One training run: what it learns from, how it runs, and where it writes."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tqdm import tqdm

from train.data.frames import prepare
from train.data.split import split_by_patient

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path
    from typing import Self

    from train.data.dataset import Dataset, ScanRecord
    from train.data.grid import GridFrames

    from .beginning import Beginning
    from .recipe import Recipe


@dataclass(frozen=True, slots=True)
class FitOptions:
    """How to run, apart from what to learn.

    Attributes
    ----------
    max_minutes
        Wall time to stay within, or None: the number of steps follows from a step's cost, measured before the first
        one.
    devices, num_nodes
        Processes of a machine, and machines; None: as torchrun started them, or one.
    accelerator, precision
        Passed to Lightning Fabric: "cpu", "cuda" ..., "32-true", "bf16-mixed" ...
    threads
        Threads of torch, or None for its default.
    steps
        Optimiser steps in place of the recipe's, or None.
    cache
        Folder for prepared frames, or None for the one beside the data.
    workers
        Processes that draw batches ahead; 1 is a thread.
    start
        Checkpoint whose weights the run begins with, or None for random ones; the first process reads it.
    """

    max_minutes: float | None = None
    devices: int | None = None
    num_nodes: int | None = None
    accelerator: str = "cpu"
    precision: str = "32-true"
    threads: int | None = None
    steps: int | None = None
    cache: Path | None = None
    workers: int = 1
    start: Path | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Run:
    """One training run, before its first step.

    Attributes
    ----------
    recipe, recipe_text
        What to do, and the text it was read from.
    dataset, frames
        What there is to learn from: the tables, and the prepared frames in the same order.
    training, held_out
        Positions of the scans to learn from, and of those of other patients.
    options
        How to run.
    out
        The run folder.
    beginning
        The checkpoint that it begins with, as the first process read it, or None.
    """

    recipe: Recipe
    recipe_text: str
    dataset: Dataset
    frames: GridFrames
    training: tuple[int, ...]
    held_out: tuple[int, ...]
    options: FitOptions
    out: Path
    beginning: Beginning | None = None

    @classmethod
    def on(
        cls,
        dataset: Dataset,
        recipe: Recipe,
        recipe_text: str,
        options: FitOptions,
        out: Path,
        beginning: Beginning | None = None,
    ) -> Self:
        """Prepare the frames of a dataset and split its patients.

        Raises
        ------
        DatasetError
            When an image or a mask cannot be used.
        """
        with tqdm(total=len(dataset.scans), unit="scan", desc="prepare", disable=not sys.stderr.isatty()) as bar:

            def report(done: int, total: int) -> None:
                bar.update(done - bar.n)

            frames = prepare(
                dataset,
                recipe.grid,
                recipe.target,
                recipe.brightness,
                evidence_grid=recipe.grid * recipe.network.stem if recipe.network.evidence else 0,
                cache=options.cache,
                report=report,
            )
        split = split_by_patient(dataset.scans, recipe.held_out, recipe.seed)
        position = {scan.scan_id: index for index, scan in enumerate(dataset.scans)}

        def positions(scans: Sequence[ScanRecord]) -> tuple[int, ...]:
            return tuple(position[scan.scan_id] for scan in scans)

        return cls(
            recipe=recipe,
            recipe_text=recipe_text,
            dataset=dataset,
            frames=frames,
            training=positions(split.training),
            held_out=positions(split.held_out),
            options=options,
            out=out,
            beginning=beginning,
        )

    @property
    def label(self) -> str:
        """Which label is really learnt, in words: scans without `truth_labels` are learnt by their mask."""
        scans = [self.dataset.scans[index] for index in self.training]
        truths = sum(scan.labels_path(self.recipe.target) != scan.mask for scan in scans)
        words = [f"truth_labels of {truths} scans"] * bool(truths)
        words += [f"the mask of {len(scans) - truths} scans"] * (truths < len(scans))
        return f"learns {' and '.join(words)}"

    @property
    def missing_groups(self) -> tuple[str, ...]:
        """Groups of which no eye is held out: without one of each there is no threshold."""
        there = {self.dataset.scans[index].group for index in self.held_out}
        return tuple(group for group in ("clear", "cataract") if group not in there)

    @property
    def checkpoint_path(self) -> Path:
        """File of the finished network; where it is, the run is finished."""
        return self.out / "checkpoint"

    @property
    def plan_path(self) -> Path:
        """File of what was decided before the first step."""
        return self.out / "plan.json"

    @property
    def state_path(self) -> Path:
        """File from which an unfinished run continues."""
        return self.out / "state.pt"


def spread(indices: Sequence[int], count: int) -> list[int]:
    """Choose at most `count` of the indices, evenly spread and always the same."""
    if len(indices) <= count:
        return list(indices)
    return [indices[position * len(indices) // count] for position in range(count)]
