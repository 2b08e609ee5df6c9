"""Recipes: every setting of a training run, read from TOML into frozen objects; an unknown key is an error."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, TypeVar

from edge_runtime.errors import EdgeCataractError
from edge_runtime.frame.brightness import Brightness
from edge_runtime.frame.profiles import PROFILES
from train.parsing import build
from train.unet import CLASSES, UNetConfig

from .augment import AugmentConfig
from .schedule import cosine, warmed_up

if TYPE_CHECKING:
    from pathlib import Path

AnyRecipe = TypeVar("AnyRecipe")
TARGETS = ("mask", "truth_labels")
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")  # files are named by it


class RecipeError(EdgeCataractError):
    """The recipe has an unknown key, a missing one, or a value out of range."""

    exit_code = 2


class OptimiserKind(StrEnum):
    """The rule by which the weights move."""

    SGD = "sgd"
    ADAMW = "adamw"


class Schedule(StrEnum):
    """How the learning rate runs over the steps, after the warm-up."""

    FIXED = "fixed"
    COSINE = "cosine"  # down to 0 at the last step


@dataclass(frozen=True, slots=True)
class OptimiserConfig:
    """The optimiser and its learning rate.

    Attributes
    ----------
    kind
        "sgd" or "adamw".
    learning_rate
        Peak learning rate.
    schedule
        "fixed" or "cosine".
    warm_up_steps
        Steps over which the learning rate rises linearly to its peak.
    momentum
        Momentum of SGD.
    weight_decay
        Decay of convolution weights; batch norms and biases never decay.
    """

    kind: OptimiserKind
    learning_rate: float
    schedule: Schedule = Schedule.FIXED
    warm_up_steps: int = 0
    momentum: float = 0.0
    weight_decay: float = 0.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "kind", OptimiserKind(self.kind))
        object.__setattr__(self, "schedule", Schedule(self.schedule))
        if not self.learning_rate > 0:
            raise ValueError(f"a learning_rate above 0 was expected, got {self.learning_rate}")
        if min(self.warm_up_steps, self.momentum, self.weight_decay) < 0:
            raise ValueError("warm_up_steps, momentum and weight_decay of at least 0 were expected")


@dataclass(frozen=True, slots=True)
class LossConfig:
    """The training loss: cross-entropy, plus `dice` times (1 - soft Dice of clear lens and cataract).

    Attributes
    ----------
    dice
        Weight of the Dice part; 0 leaves it out, as published.
    class_weights
        Weights of background, clear lens and cataract in the cross-entropy.
    evidence
        Weight of the second head's losses.
    consistency
        Weight of the squared difference between the probabilities of a window and of the same one moved aside; 0 does
        without the second look at each window, which doubles the cost of a step.
    """

    dice: float = 0.0
    evidence: float = 0.5
    consistency: float = 0.0
    class_weights: tuple[float, ...] = (1.0,) * CLASSES

    def __post_init__(self) -> None:
        object.__setattr__(self, "class_weights", tuple(float(weight) for weight in self.class_weights))
        if min(self.dice, self.evidence, self.consistency) < 0:
            raise ValueError("dice, evidence and consistency of at least 0 were expected")
        if len(self.class_weights) != CLASSES or min(self.class_weights) <= 0:
            raise ValueError("three class_weights above 0 were expected")


@dataclass(frozen=True, slots=True)
class Recipe:
    """One way to train.

    Attributes
    ----------
    name, version
        Name and version of the model that comes out.
    network, optimiser, loss, augment
        Settings of the parts.
    grid
        Native pixels per network pixel, g.
    window
        (rows, columns) of a training window, network pixels; multiples of the network's stride.
    target
        Column of scans.csv to learn: "mask" is the paper's label, "truth_labels" the true opacity of simulated scans.
    profile
        Device profile whose native pitch the network learns.
    brightness
        "as-shown", the grey levels of the display, or "referenced" to the eye's own tissues.
    held_out
        Share of the patients that training does not see.
    seed
        Seed of weights, split, order and augmentation.
    steps
        Number of optimiser steps.
    batch, accumulate
        Windows per forward pass, and passes per step, of one process.
    validate_every, checkpoint_every
        Steps between two measurements, and between two saved states.
    validation_scans
        Scans per side in a measurement on the way (the last one takes them all).
    """

    name: str
    version: str
    network: UNetConfig
    optimiser: OptimiserConfig
    grid: int
    window: tuple[int, int]
    steps: int
    batch: int
    loss: LossConfig = field(default_factory=LossConfig)
    augment: AugmentConfig = field(default_factory=AugmentConfig)
    accumulate: int = 1
    target: str = "mask"
    profile: str = "anterion"
    brightness: Brightness = Brightness.AS_SHOWN
    held_out: float = 0.2
    seed: int = 0
    validate_every: int = 500
    checkpoint_every: int = 200
    validation_scans: int = 64

    def __post_init__(self) -> None:
        object.__setattr__(self, "window", tuple(self.window))
        object.__setattr__(self, "brightness", Brightness(self.brightness))
        if not NAME.fullmatch(self.name):
            raise ValueError(
                'name: a name of its own was expected for the model, of letters, digits, ".", "_" and "-", as in '
                f'name = "my-lens"; got {self.name!r}'
            )
        stride = self.network.stride
        if len(self.window) != 2 or any(side < stride or side % stride for side in self.window):
            raise ValueError(f"a window of two multiples of the stride {stride} was expected, got {list(self.window)}")
        if self.target not in TARGETS:
            raise ValueError(f"a target of {' or '.join(TARGETS)} was expected, got {self.target!r}")
        if self.profile not in PROFILES:
            raise ValueError(f"a profile of {', '.join(PROFILES)} was expected, got {self.profile!r}")
        if not 0 < self.held_out < 1:
            raise ValueError(f"held_out in (0, 1) was expected, got {self.held_out}")
        for name in (
            "grid",
            "steps",
            "batch",
            "accumulate",
            "validate_every",
            "checkpoint_every",
            "validation_scans",
        ):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} of at least 1 was expected, got {getattr(self, name)}")

    def learning_rate(self, step: int, steps: int) -> float:
        """Learning rate of step number `step` of `steps`, counted from 0."""
        optimiser = self.optimiser
        fixed = optimiser.schedule is Schedule.FIXED
        share = warmed_up(step, optimiser.warm_up_steps) if fixed else cosine(step, optimiser.warm_up_steps, steps)
        return optimiser.learning_rate * share


def parse_recipe(text: str, source: str) -> Recipe:
    """Read a recipe from TOML text.

    Raises
    ------
    RecipeError
        Naming the key and what was expected; `source` says where.
    """
    return _parsed(Recipe, text, source)


def load_recipe(path: Path) -> tuple[Recipe, str]:
    """Read a recipe file; return the recipe and its text.

    Raises
    ------
    RecipeError
        When the file cannot be read or is no recipe.
    """
    return read_recipe(path, Recipe)


def read_recipe(path: Path, kind: type[AnyRecipe]) -> tuple[AnyRecipe, str]:
    """Read a recipe of one kind of network from a file; return the recipe and its text.

    Raises
    ------
    RecipeError
        When the file cannot be read or is no recipe of this kind.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise RecipeError("recipe", f"{path} cannot be read.", "Check the path.") from error
    return _parsed(kind, text, str(path)), text


def _parsed(kind: type[AnyRecipe], text: str, source: str) -> AnyRecipe:
    try:
        return build(kind, tomllib.loads(text))
    except ValueError as error:  # of which a fault of TOML is one
        raise RecipeError("recipe", f"{source}: {error}.", "See train/recipes for examples.") from error
