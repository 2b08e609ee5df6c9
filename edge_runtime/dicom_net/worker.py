"""A process that judges exams, and may die without the receiver: the model is loaded in it, and files are decoded."""

from __future__ import annotations

import multiprocessing
import signal
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from edge_runtime.errors import EdgeCataractError, InternalError
from edge_runtime.machine.faults import known_error
from edge_runtime.machine.memory import give_back_freed
from edge_runtime.workers.orphans import end_with_parent

from .judging import Judged, judge
from .library import hushed, require_network

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

    from edge_runtime.batch.work import AnalyzerSettings

    from .settings import Wishes

_READY_S = 300.0  # a model is loaded in a second or two, on a board in some


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
        self._settings, self._wishes, self._exam_s = settings, wishes, exam_s
        self._context = multiprocessing.get_context("spawn")  # a session of onnxruntime does not survive a fork
        self._process: Any = None
        self._pipe: Connection | None = None

    def start(self) -> None:
        """Start the process, and wait until it is ready.

        Raises
        ------
        EdgeCataractError
            When it cannot load the model, or ends before it has.
        """
        self.end()
        self._pipe, theirs = self._context.Pipe()
        self._process = self._context.Process(target=_serve, args=(theirs, self._settings, self._wishes), daemon=True)
        self._process.start()
        theirs.close()
        said = self._heard(_READY_S)
        if isinstance(said, EdgeCataractError):
            raise said

    def judge(self, paths: list[str]) -> Judged:
        """Judge an exam; what ended the process is the fault of it.

        Raises
        ------
        EdgeCataractError
            As `start`, when it had to be started.
        """
        if self._process is None or self._pipe is None:
            self.start()
        with suppress(OSError):
            if self._pipe is not None:
                self._pipe.send(paths)
        said = self._heard(self._exam_s)
        if isinstance(said, EdgeCataractError):
            self.end()
            return Judged(fault=said)
        return said if isinstance(said, Judged) else Judged()

    def _heard(self, seconds: float) -> Judged | EdgeCataractError | None:
        """What the process says; an error where it ended, or took too long."""
        try:
            if self._pipe is not None and self._pipe.poll(seconds):
                said: Judged | EdgeCataractError | None = self._pipe.recv()
                return said
            how = "took too long, and was ended"
        except (EOFError, OSError):
            self._process.join(5)
            code = self._process.exitcode
            how = f"ended by signal {-code}" if code and code < 0 else f"ended by code {code}"
        return InternalError("worker-died", f"The process that judges {how}.", "Look for a lack of memory.")

    def end(self) -> None:
        """End the process, whatever it is doing."""
        if self._process is not None:
            self._process.kill()
            self._process.join()
        if self._pipe is not None:
            self._pipe.close()
        self._process = self._pipe = None


def _serve(pipe: Connection, settings: AnalyzerSettings, wishes: Wishes) -> None:
    """Be a worker: load the model once, then judge what comes until the receiver ends."""
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        if hasattr(signal, name):  # the receiver hears them too, and ends this process
            signal.signal(getattr(signal, name), signal.SIG_IGN)
    end_with_parent()
    with suppress(EOFError, OSError), hushed():
        try:
            require_network()
            analyzer = settings.load()
        except Exception as error:  # noqa: BLE001  # whatever it is, the receiver tells it
            pipe.send(known_error(error))
            return
        pipe.send(None)
        while True:
            pipe.send(judge(analyzer, pipe.recv(), wishes))
            give_back_freed()
