"""The recipe of a look: every setting of its training, read from TOML."""

from __future__ import annotations

from dataclasses import dataclass, field

from train.fit.schedule import cosine

from .network import LookConfig


@dataclass(frozen=True, slots=True)
class LookAugment:
    """Ranges by which a frame is changed before it is learnt.

    Attributes
    ----------
    rotation_deg, scale, shift
        Rotation at most, size by a factor of at most 1 + this, and shift by at most this share of the frame.
    gain, gamma
        SD of the natural logarithm of a factor, and of an exponent, on grey.
    offset, noise
        SD of a grey level added to the frame, and largest SD of pixel noise, fractions of white.
    turned
        Share of the frames of an eye that are turned upside down, and then count as altered.
    """

    rotation_deg: float = 5.0
    scale: float = 0.10
    shift: float = 0.12
    gain: float = 0.15
    gamma: float = 0.20
    offset: float = 0.02
    noise: float = 0.04
    turned: float = 0.03


@dataclass(frozen=True, slots=True)
class LookRecipe:
    """One way to train a look.

    Attributes
    ----------
    name, version
        Name and version of the model that comes out.
    network, augment
        Settings of the parts.
    steps, batch
        Optimiser steps, and frames of each.
    pictures
        Pictures that are no scan of an anterior segment, drawn for training.
    picture_share
        Share of them in a batch.
    learning_rate, warm_up_steps, weight_decay
        Of AdamW; the learning rate falls to 0 by a cosine.
    kind_weight, cornea_weight
        Weights of the losses of kind and cornea beside that of the tissues.
    held_out
        Share of the patients that training does not see.
    seed
        Seed of weights, split, order and augmentation.
    checkpoint_every
        Steps between two saved states.
    """

    name: str
    version: str
    steps: int
    batch: int
    pictures: int
    picture_share: float
    learning_rate: float
    network: LookConfig = field(default_factory=LookConfig)
    augment: LookAugment = field(default_factory=LookAugment)
    warm_up_steps: int = 100
    weight_decay: float = 0.01
    kind_weight: float = 1.0
    cornea_weight: float = 0.3
    held_out: float = 0.1
    seed: int = 1
    checkpoint_every: int = 500

    def __post_init__(self) -> None:
        if min(self.steps, self.batch, self.pictures, self.checkpoint_every) < 1:
            raise ValueError("steps, batch, pictures and checkpoint_every of at least 1 were expected")
        if not (0 < self.held_out < 1 and 0 <= self.picture_share < 1 and self.learning_rate > 0):
            raise ValueError("held_out and picture_share between 0 and 1, and a learning_rate above 0 were expected")

    def learning_rate_at(self, step: int) -> float:
        """Learning rate of step number `step`, counted from 0."""
        return self.learning_rate * cosine(step, self.warm_up_steps, self.steps)
