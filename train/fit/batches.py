"""Training batches as a pure function of the step: the same step gives the same batch, before and after a restart."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from .augment import apply, draw

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Sequence

    from torch import Tensor

    from train.data.grid import GridFrames

    from .recipe import Recipe

# First words of the seeds, so that order, view and augmentation never share a stream.
_ORDER, _VIEW, _AUGMENT = 1, 2, 3


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

    def at(self, place: Place) -> tuple[Tensor, Tensor]:
        """Return the batch of a place.

        Returns
        -------
        grey : (n, 1, rows, columns) float32 in [0, 1]
        labels : (n, rows, columns) int64
        """
        recipe = self._recipe
        window, count = self.view(place.step)
        grey = np.empty((count, 1, *window), np.float32)
        labels = np.empty((count, *window), np.int64)
        # Every step takes the same share of the order, whatever its view: the position needs no history.
        passes = (place.step * recipe.accumulate * place.world) + place.micro * place.world + place.rank
        for slot in range(count):
            position = passes * recipe.batch + slot
            index = self._scan_at(position)
            generator = np.random.default_rng([_AUGMENT, recipe.seed, position])
            frame_grey, frame_labels = self._frames.frame(index)
            drawn = draw(recipe.augment, self._frames.scans[index], window, generator)
            grey[slot, 0], labels[slot] = apply(drawn, frame_grey, frame_labels, window)
        return torch.from_numpy(grey), torch.from_numpy(labels)

    def _scan_at(self, position: int) -> int:
        epoch, offset = divmod(position, len(self._indices))
        order = np.random.default_rng([_ORDER, self._recipe.seed, epoch]).permutation(len(self._indices))
        return int(self._indices[order[offset]])


def drawn_ahead(
    draw_batch: Callable[[Place], tuple[Tensor, Tensor]], places: Iterable[Place]
) -> Generator[tuple[Tensor, Tensor], None, None]:
    """Yield the batch of every place in turn; the next one is drawn while the network works on this one."""
    with ThreadPoolExecutor(1) as thread:
        started = (thread.submit(draw_batch, place) for place in places)
        coming = next(started, None)
        while coming is not None:
            batch = coming.result()
            coming = next(started, None)
            yield batch
