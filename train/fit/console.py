"""What a run writes to the terminal while it works."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Self

from tqdm import tqdm

if TYPE_CHECKING:
    from lightning_fabric import Fabric


def announce(fabric: Fabric, text: str) -> None:
    """Write a line to standard error, from the first process only."""
    if fabric.is_global_zero:
        sys.stderr.write(text + "\n")
        sys.stderr.flush()


class StepBar:
    """A progress bar over steps on a terminal, and lines where standard error is no terminal."""

    def __init__(self, fabric: Fabric, first_step: int, steps: int) -> None:
        self._fabric = fabric
        self._steps = steps
        hidden = not (fabric.is_global_zero and sys.stderr.isatty())
        self._bar = tqdm(total=steps, initial=first_step, unit="step", disable=hidden)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.close()

    def advance(self) -> None:
        """Count one step."""
        self._bar.update()

    def standing(self, step: int, text: str) -> None:
        """Show how good the network is after a step."""
        self._bar.set_postfix_str(text)
        if self._bar.disable:
            announce(self._fabric, f"step {step} of {self._steps}: {text}")
