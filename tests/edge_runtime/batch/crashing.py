"""Analyzers that end their process, for tests of who watches it; a worker imports this file."""

from __future__ import annotations

import os
import signal
import threading
from dataclasses import dataclass
from typing import Any

import numpy as np

from edge_runtime import CataractAnalyzer, Limits
from edge_runtime.errors import ModelMissingError


class Crashing(CataractAnalyzer):
    """Kills its process in the middle of an exam."""

    deadly = hanging = ""
    greedy = "greedy"  # in the name of an exam that asks for more memory than any worker may

    def analyze_exam(self, paths: Any = (), *arguments: Any, **options: Any) -> Any:
        if self.hanging and any(self.hanging in source.name for source in paths.sources):
            signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
            threading.Event().wait()
        if any(self.deadly in source.name for source in paths.sources):
            os.kill(os.getpid(), signal.SIGKILL)
        if any(self.greedy in source.name for source in paths.sources):
            np.empty(6_000_000_000, np.uint8)  # which no page of memory is taken for
        return super().analyze_exam(paths, *arguments, **options)


@dataclass(frozen=True)
class CrashingSettings:
    """Loads an analyzer that crashes or hangs on exams with a word in their names, or while loading, or fails to."""

    model: str
    deadly: str = "nothing"
    while_loading: bool = False
    error: str = ""
    hanging: str = ""
    limits: Limits = Limits(threads=1)  # noqa: RUF009 - it never changes

    def load(self) -> CataractAnalyzer:
        if self.while_loading:
            os._exit(5)
        if self.hanging == "while loading":
            threading.Event().wait()
        if self.error:
            raise ModelMissingError("missing-model", self.error, "Name another.")
        analyzer = Crashing(self.model, limits=self.limits)
        analyzer.deadly, analyzer.hanging = self.deadly, self.hanging
        return analyzer
