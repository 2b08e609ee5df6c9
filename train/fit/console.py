"""What a run writes to the terminal while it works."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Self

from tqdm import tqdm

if TYPE_CHECKING:
    from lightning_fabric import Fabric


def announce(fabric: Fabric, text: str) -> None:
    """Write a line to standard error, from the first process only."""
    if fabric.is_global_zero:
        sys.stderr.write(text + "\n")
        sys.stderr.flush()


EVERY_S = 60.0


class StepBar:
    """A progress bar over steps on a terminal; a line a minute where standard error is no terminal."""

    def __init__(self, fabric: Fabric, first_step: int, steps: int) -> None:
        self._fabric = fabric
        self._steps = steps
        hidden = not (fabric.is_global_zero and sys.stderr.isatty())
        self._bar = tqdm(total=steps, initial=first_step, unit="step", disable=hidden)
        self._first, self._step, self._saved = first_step, first_step, first_step
        self._began = self._said = time.monotonic()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._bar.close()
        if kind is KeyboardInterrupt:
            then = f"continues after step {self._saved} of {self._steps}" if self._saved else "starts anew"
            announce(self._fabric, f"stopped; the same command {then}.")

    def advance(self) -> None:
        """Count one step."""
        self._bar.update()
        self._step += 1
        now = time.monotonic()
        if self._bar.disable and now - self._said >= EVERY_S:
            self._said = now
            cost = (now - self._began) / (self._step - self._first)
            left = cost * (self._steps - self._step) / 60
            announce(self._fabric, f"step {self._step} of {self._steps}, {cost:.2f} s each, {left:.0f} min left")

    def saved(self) -> None:
        """Note that the state after this step is saved."""
        self._saved = self._step

    def standing(self, step: int, text: str) -> None:
        """Show how good the network is after a step."""
        self._bar.set_postfix_str(text)
        if self._bar.disable:
            announce(self._fabric, f"step {step} of {self._steps}: {text}")
