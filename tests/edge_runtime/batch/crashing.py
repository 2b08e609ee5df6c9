"""Analyzers that end their process, for tests of who watches it; a worker imports this file."""

from __future__ import annotations

import os
import signal
from dataclasses import dataclass
from typing import Any

from edge_runtime import CataractAnalyzer, Limits
from edge_runtime.errors import ModelMissingError


class Crashing(CataractAnalyzer):
    """Kills its process in the middle of an exam."""

    deadly = ""

    def analyze_exam(self, paths: Any = (), *arguments: Any, **options: Any) -> Any:
        if any(self.deadly in source.name for source in paths.sources):
            os.kill(os.getpid(), signal.SIGKILL)
        return super().analyze_exam(paths, *arguments, **options)


@dataclass(frozen=True)
class CrashingSettings:
    """Loads an analyzer that crashes on exams with a word in their names; or crashes while loading, or fails to."""

    model: str
    deadly: str = "nothing"
    while_loading: bool = False
    error: str = ""

    def load(self) -> CataractAnalyzer:
        if self.while_loading:
            os._exit(5)
        if self.error:
            raise ModelMissingError("missing-model", self.error, "Name another.")
        analyzer = Crashing(self.model, limits=Limits(threads=1))
        analyzer.deadly = self.deadly
        return analyzer
