"""A process that judges exams, and may die without the receiver: the model is loaded in it, and files are decoded."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

from edge_runtime.workers.process import Gone, WorkerProcess
from edge_runtime.workers.serving import Begun, Failed, Result

from .judging import Judged, judge
from .library import hushed, require_network

if TYPE_CHECKING:
    from edge_runtime.batch.work import AnalyzerSettings

    from .settings import Wishes

_REMEDY = "Look for a lack of memory."


class Worker:
    """One process; when it ends, another takes its place with the next exam.

    Parameters
    ----------
    settings
        What its analyzer is built from.
    wishes
        What is made of an exam.
    exam_s
        Seconds that an exam may take.
    """

    def __init__(self, settings: AnalyzerSettings, wishes: Wishes, exam_s: float) -> None:
        self._begin, self._exam_s = partial(_judging, settings, wishes), exam_s
        self._process: WorkerProcess | None = None

    def start(self) -> WorkerProcess:
        """Start the process, and wait until it is ready.

        Raises
        ------
        EdgeCataractError
            When it cannot load the model, or ends before it has; ``no-process`` when there is no process to be had.
        """
        self.end()
        process = self._process = WorkerProcess(self._begin)
        process.wait_until_ready(_REMEDY)
        return process

    def judge(self, paths: list[str]) -> Judged:
        """Judge an exam; what ended the process is the fault of it.

        Raises
        ------
        EdgeCataractError
            As `start`, when it had to be started.
        """
        process = self._process if self._process is not None and self._process.alive else self.start()
        process.give(paths, seconds=self._exam_s)
        said = process.hear()
        if isinstance(said, Gone):
            return Judged(fault=said.error(_REMEDY))
        if isinstance(said, Failed):
            return Judged(fault=said.error)
        return said.value if isinstance(said, Result) else Judged()

    def end(self) -> None:
        """End the process, whatever it is doing."""
        if self._process is not None:
            self._process.end()
        self._process = None


@contextmanager
def _judging(settings: AnalyzerSettings, wishes: Wishes) -> Iterator[Begun]:
    with hushed():
        require_network()
        analyzer = settings.load()
        yield Begun(lambda paths, contents, tell: judge(analyzer, paths, wishes))
