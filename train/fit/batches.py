"""Training batches as a pure function of the step: the same step gives the same batch, before and after a restart."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from train.data.evidence import LAYERS, UNKNOWN

from .augment import apply, apply_codes, draw

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence

    from train.data.grid import GridFrames

    from .recipe import Recipe

# First words of the seeds, so that order, view and augmentation never share a stream.
_ORDER, _VIEW, _AUGMENT, _SHIFT = 1, 2, 3, 4


@dataclass(frozen=True, slots=True)
class Place:
    """Position of a batch in the run.

    Attributes
    ----------
    step
        Number of the optimiser step, from 0.
    micro
        Number of the forward pass within the step, from 0.
    rank, world
        Number of the process, from 0, and how many there are. Two processes see exactly what one process with twice
        the passes sees.
    """

    step: int
    micro: int = 0
    rank: int = 0
    world: int = 1


class Batch(NamedTuple):
    """What one pass learns from.

    Attributes
    ----------
    grey
        (n, 1, rows, columns) float32 in [0, 1].
    labels
        (n, rows, columns) uint8 of `TissueLabel`.
    evidence
        (n, 3, rows / 2, columns / 2) uint8 of `train.data.evidence`; None where it is not learnt.
    shift
        Rows and columns by which the windows are moved for their second look.
    """

    grey: Tensor
    labels: Tensor
    evidence: Tensor | None
    shift: tuple[int, int] = (0, 0)


class Batches:
    """Augmented windows, or whole frames, in an order that depends on seed and step only.

    Parameters
    ----------
    frames
        The prepared frames of a dataset.
    indices
        Positions of the frames to learn from.
    recipe
        It gives window, batch size, augmentation and seed.
    """

    def __init__(self, frames: GridFrames, indices: Sequence[int], recipe: Recipe) -> None:
        if not indices:
            raise ValueError("at least one scan to learn from was expected")
        self._frames = frames
        self._indices = np.asarray(indices, np.int64)
        self._recipe = recipe
        stride = recipe.network.stride
        rows, columns = frames.grey.shape[1:]
        self._whole = (-(-rows // stride) * stride, -(-columns // stride) * stride)

    def view(self, step: int) -> tuple[tuple[int, int], int]:
        """Return (rows, columns) of the step's windows, and how many a pass holds: fewer of the larger whole frames."""
        recipe = self._recipe
        if np.random.default_rng([_VIEW, recipe.seed, step]).random() >= recipe.augment.whole_frame:
            return recipe.window, recipe.batch
        pixels, whole = recipe.window[0] * recipe.window[1], self._whole[0] * self._whole[1]
        return self._whole, max(1, recipe.batch * pixels // whole)

    def at(self, place: Place) -> Batch:
        """Return the batch of a place."""
        recipe = self._recipe
        window, count = self.view(place.step)
        grey = np.empty((count, 1, *window), np.float32)
        labels = np.empty((count, *window), np.uint8)
        known = self._frames.evidence is not None
        evidence = np.empty((count, LAYERS, window[0] // 2, window[1] // 2), np.uint8) if known else None
        # Every step takes the same share of the order, whatever its view: the position needs no history.
        passes = (place.step * recipe.accumulate * place.world) + place.micro * place.world + place.rank
        for slot in range(count):
            position = passes * recipe.batch + slot
            index = self._scan_at(position)
            generator = np.random.default_rng([_AUGMENT, recipe.seed, position])
            frame_grey, frame_labels = self._frames.frame(index)
            drawn = draw(recipe.augment, self._frames.scans[index], window, generator)
            grey[slot, 0], labels[slot] = apply(drawn, frame_grey, frame_labels, window)
            codes = self._frames.evidence_of(index)
            if evidence is not None and codes is not None:
                evidence[slot] = apply_codes(drawn, codes, window, UNKNOWN)
        shift = np.random.default_rng([_SHIFT, recipe.seed, place.step]).integers(1, recipe.network.stride, 2)
        return Batch(
            grey=torch.from_numpy(grey),
            labels=torch.from_numpy(labels),
            evidence=None if evidence is None else torch.from_numpy(evidence),
            shift=(int(shift[0]), int(shift[1])),
        )

    def _scan_at(self, position: int) -> int:
        epoch, offset = divmod(position, len(self._indices))
        order = np.random.default_rng([_ORDER, self._recipe.seed, epoch]).permutation(len(self._indices))
        return int(self._indices[order[offset]])


def drawn_ahead(
    draw_batch: Callable[[Place], Batch], places: Sequence[Place], workers: int = 1
) -> Generator[Batch, None, None]:
    """Yield the batch of every place in turn, drawn ahead: by a thread, or by so many processes."""
    if workers > 1:
        yield from _drawn_by_processes(DataLoader(
            _Drawn(draw_batch, places), batch_size=None, collate_fn=_as_it_is, num_workers=workers,
            multiprocessing_context="fork",
        ))  # fmt: skip
        return
    with ThreadPoolExecutor(1) as thread:
        started = (thread.submit(draw_batch, place) for place in places)
        coming = next(started, None)
        while coming is not None:
            batch = coming.result()
            coming = next(started, None)
            yield batch


class _Drawn(Dataset[Batch]):
    """The batches of places, by their order."""

    def __init__(self, draw_batch: Callable[[Place], Batch], places: Sequence[Place]) -> None:
        self._draw_batch, self._places = draw_batch, places

    def __len__(self) -> int:
        return len(self._places)

    def __getitem__(self, index: int) -> Batch:
        return self._draw_batch(self._places[index])


def _drawn_by_processes(loader: DataLoader[Batch]) -> Generator[Batch, None, None]:
    """Processes that are forked: the frames are mapped into memory, and would be copied to one that is started anew."""
    import cv2

    # A forked process would wait for ever for OpenCV's threads, which stay behind.
    threads = cv2.getNumThreads()
    cv2.setNumThreads(0)
    try:
        batches = iter(loader)
    finally:
        cv2.setNumThreads(threads)
    yield from batches


def _as_it_is(batch: Any) -> Any:
    return batch
