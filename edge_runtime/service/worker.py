"""What the process does that decodes and measures. It may die, of a decoder's fault or for lack of memory, alone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

from edge_runtime.report.document import model_facts
from edge_runtime.slots.in_use import check_same
from edge_runtime.slots.proof import prove_device
from edge_runtime.workers.serving import Begun

from .studio import Studio

if TYPE_CHECKING:
    from edge_runtime.analyzer import CataractAnalyzer
    from edge_runtime.machine.resources import Limits


class Settings(Protocol):
    """What a worker builds its analyzer from."""

    @property
    def limits(self) -> Limits:
        """What the analyzer may use of the machine."""
        ...

    def load(self) -> CataractAnalyzer:
        """Load and verify the model."""
        ...


@contextmanager
def in_studio(settings: Settings, proven: str) -> Iterator[Begun]:
    """Load the model once, prove it, then do what is asked for; says of itself which model it has.

    Parameters
    ----------
    settings
        Which analyzer.
    proven
        The sha256 of the model that has passed the self-test in this service already, and no other is loaded; "" for
        one that has not.
    """
    analyzer = settings.load()
    if proven:
        check_same(analyzer, proven)
    else:
        prove_device(analyzer, settings.limits)  # which refuses a cap on memory that no scan would keep
    yield Begun(Studio(analyzer).do, model_facts(analyzer.network))
