"""The weights that a run begins with: drawn by its seed, or those of a finished checkpoint."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from train.checkpoint import load_checkpoint
from train.unet import UNet

from .recipe import RecipeError

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Self

    from train.checkpoint import Checkpoint

    from .recipe import Recipe


@dataclass(frozen=True, slots=True, eq=False)
class Beginning:
    """A finished checkpoint whose weights a run begins with.

    Attributes
    ----------
    checkpoint
        The checkpoint.
    sha256
        Digest of its file.
    """

    checkpoint: Checkpoint
    sha256: str

    @classmethod
    def read(cls, path: Path, recipe: Recipe) -> Self:
        """Read a checkpoint whose network, grid and meaning of grey are those of the recipe.

        Raises
        ------
        CheckpointError
            When the file is no checkpoint.
        RecipeError
            When it belongs to another network than the recipe's.
        """
        checkpoint = load_checkpoint(path)
        metadata = checkpoint.metadata
        for what, there, here in (
            ("network", metadata.network, recipe.network),
            ("grid", metadata.grid, recipe.grid),
            ("profile", metadata.profile, recipe.profile),
            ("brightness", metadata.brightness, recipe.brightness),
        ):
            if there != here:
                raise RecipeError(
                    "recipe",
                    f"{path} has another {what} than the recipe: {there} in place of {here}.",
                    "Write its value into the recipe, or start without it.",
                )
        return cls(checkpoint, hashlib.sha256(path.read_bytes()).hexdigest())

    @property
    def remark(self) -> str:
        """Which weights these are, in words."""
        metadata = self.checkpoint.metadata
        learnt = metadata.training_data.rstrip(".")
        return (
            f"Begun with the weights of {metadata.name} {metadata.version} ({self.sha256[:12]}), learnt from: {learnt}."
        )


def first_weights(recipe: Recipe, beginning: Beginning | None) -> UNet:
    """The network of a recipe before its first step."""
    torch.manual_seed(recipe.seed)
    unet = UNet(recipe.network)
    if beginning is not None:
        unet.load_state_dict(beginning.checkpoint.network().state_dict())
    unet.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # torch's stub forgets it for modules
    return unet
