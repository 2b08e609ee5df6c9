"""Batches of frames, changed at random on the device that trains."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from edge_runtime.look.tissues import Picture

from .frames import IGNORED
from .network import PICTURES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .frames import LookFrames
    from .recipe import LookAugment, LookRecipe

_ORDER, _AUGMENT = 1, 2  # first words of the seeds


@dataclass(frozen=True, slots=True, eq=False)
class LookBatch:
    """Frames with their truth, on the device that trains.

    Attributes
    ----------
    grey
        (n, 1, rows, columns) float32 in [0, 1].
    tissues
        (n, rows / 2, columns / 2) int64 of `Tissue`, or `IGNORED`.
    kinds, cornea
        (n,) int64; -1 where nothing is learnt.
    """

    grey: Tensor
    tissues: Tensor
    kinds: Tensor
    cornea: Tensor


class LookBatches:
    """Batches that depend on seed and step only.

    Parameters
    ----------
    frames
        The frames with their truth; all of them are kept on the device.
    indices
        Which of them to learn from.
    recipe
        It gives batch size, share of pictures, augmentation and seed.
    device
        Where to keep and change them.
    """

    def __init__(self, frames: LookFrames, indices: Sequence[int], recipe: LookRecipe, device: torch.device) -> None:
        self._recipe, self._device = recipe, device
        of_eyes = frames.of_eyes
        self._eyes = np.array([index for index in indices if of_eyes[index]], np.int64)
        self._pictures = np.array([index for index in indices if not of_eyes[index]], np.int64)
        self._grey = torch.from_numpy(frames.grey).to(device)
        self._tissues = torch.from_numpy(frames.tissues).to(device)
        self._kinds = torch.from_numpy(frames.kinds).to(device)
        self._cornea = torch.from_numpy(frames.cornea).to(device)

    def plain(self, indices: Sequence[int]) -> LookBatch:
        """These frames as they are."""
        chosen = torch.as_tensor(np.asarray(indices, np.int64), device=self._device)
        return LookBatch(
            self._grey[chosen][:, None].float() / 255, self._tissues[chosen].long(), self._kinds[chosen],
            self._cornea[chosen],
        )  # fmt: skip

    def at(self, step: int) -> LookBatch:
        """The batch of a step, changed at random."""
        recipe = self._recipe
        rng = np.random.default_rng([_ORDER, recipe.seed, step])
        pictures = round(recipe.batch * recipe.picture_share) if len(self._pictures) else 0
        chosen = np.concatenate(
            [rng.choice(self._eyes, recipe.batch - pictures), rng.choice(self._pictures, pictures)]
            if pictures
            else [rng.choice(self._eyes, recipe.batch)]
        )
        generator = torch.Generator(self._device).manual_seed(hash((_AUGMENT, recipe.seed, step)) & (2**63 - 1))
        return changed(self.plain([int(index) for index in chosen]), recipe.augment, generator)


def changed(batch: LookBatch, config: LookAugment, generator: torch.Generator) -> LookBatch:
    """Mirror, move, turn and re-light every frame of a batch by its own draw."""
    count, device = len(batch.grey), batch.grey.device

    def uniform(*shape: int) -> Tensor:
        return 2 * torch.rand(*shape, device=device, generator=generator) - 1

    def normal(*shape: int) -> Tensor:
        return torch.randn(*shape, device=device, generator=generator)

    upside = (uniform(count) + 1) / 2 < config.turned
    angle = uniform(count) * math.radians(config.rotation_deg)
    size = (1 + config.scale) ** uniform(count)
    mirror, turn = torch.sign(uniform(count)), torch.where(upside, -1.0, 1.0)
    rows, columns = batch.grey.shape[2:]
    cosine, sine = torch.cos(angle) / size, torch.sin(angle) / size
    matrix = torch.stack(
        [
            torch.stack([mirror * cosine, -sine * rows / columns, uniform(count) * 2 * config.shift], 1),
            torch.stack([mirror * sine * columns / rows, turn * cosine, uniform(count) * 2 * config.shift], 1),
        ],
        1,
    )
    place = functional.affine_grid(matrix, [count, 1, rows, columns], align_corners=False)
    grey = functional.grid_sample(batch.grey, place, align_corners=False)
    half = functional.affine_grid(matrix, [count, 1, rows // 2, columns // 2], align_corners=False)
    # Zero lies outside of every frame, so codes are moved one up and back.
    moved = functional.grid_sample((batch.tissues + 1)[:, None].float(), half, mode="nearest", align_corners=False)
    tissues = moved[:, 0].round().long() - 1
    tissues = torch.where(tissues < 0, IGNORED, tissues)

    def each(values: Tensor) -> Tensor:
        return values[:, None, None, None]

    grey = each(torch.exp(config.gain * normal(count))) * grey.clamp(min=1e-6) ** each(
        torch.exp(config.gamma * normal(count))
    )
    grey = grey + each(config.offset * normal(count)) + each(config.noise * uniform(count).abs()) * normal(*grey.shape)
    altered = PICTURES.index(Picture.ALTERED)
    kinds = torch.where(upside & (batch.cornea >= 0), altered, batch.kinds)
    return LookBatch(grey.clamp(0, 1), tissues, kinds, batch.cornea)
