"""The worker as the service sees it: started, given work, and ended when a step of it takes too long."""

from __future__ import annotations

import multiprocessing
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from edge_runtime.errors import EdgeCataractError, InternalError, ResourceError

from .tasks import Done, Progress, Ready, Step, Unknown
from .worker import serve

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from multiprocessing.connection import Connection

    from .limits import ServiceLimits
    from .tasks import Task
    from .worker import Settings

START_S = 120.0  # for loading a model and its self-test, on the slowest of devices


class WatchedWorker:
    """A process that loads a model. Its calls wait, so they are made from a thread.

    It is started at once, so that `kill` reaches it while it loads; `prepare` waits until it is ready.

    Parameters
    ----------
    settings
        Which analyzer.
    limits
        How long a scan may take, and how much memory.
    proven
        The sha256 of the model that has passed its self-test here already, and no other is loaded; "" for one that
        has not.

    Attributes
    ----------
    model
        Which model it has loaded; empty before.
    """

    def __init__(self, settings: Settings, limits: ServiceLimits, proven: str = "") -> None:
        context = multiprocessing.get_context("spawn")  # a session of onnxruntime does not survive a fork
        self._limits = limits
        ours, theirs = context.Pipe()
        self._pipe: Connection = ours
        arguments = (theirs, settings, proven, limits.worker_mb)
        self._process: Any = context.Process(target=serve, args=arguments, daemon=True)
        self._process.start()
        theirs.close()
        self.model: Mapping[str, str] = {}

    def prepare(self) -> None:
        """Wait until the model is loaded and has proven itself.

        Raises
        ------
        EdgeCataractError
            When it cannot be loaded, or does not prove itself; then the process has ended.
        """
        said = self._hear(START_S)
        if not isinstance(said, Ready):
            self.end()
            raise said if isinstance(said, EdgeCataractError) else self._died()
        self.model = said.model

    def do(self, task: Task, contents: Sequence[bytes], tell: Callable[[Progress], None]) -> Done | Unknown:
        """Have a task done.

        Parameters
        ----------
        task
            What is asked for.
        contents
            The bytes of its scans.
        tell
            Hears how far an exam is.

        Raises
        ------
        EdgeCataractError
            As `Studio.do`; ``worker-died`` and ``scan-too-slow`` when the process has ended, and another is needed.
        """
        try:
            self._pipe.send(task)
            for content in contents:
                self._pipe.send_bytes(content)
        except OSError as error:
            self.end()
            raise self._died() from error
        scan_s = self._limits.scan_s
        patience_s = scan_s * max(1, len(contents))  # files are opened together, before the first scan is read
        while True:
            said = self._hear(patience_s)
            if isinstance(said, Step):
                patience_s = scan_s * said.scans
            elif isinstance(said, Progress):
                patience_s = scan_s
                tell(said)
            elif isinstance(said, EdgeCataractError):
                raise said
            elif isinstance(said, Done | Unknown):
                return said
            else:
                slow = said is _SILENT
                self.end()
                raise _too_slow() if slow else self._died()

    @property
    def alive(self) -> bool:
        """Whether it can be given work."""
        return not self._pipe.closed and bool(self._process.is_alive())

    def kill(self) -> None:
        """End the process while another thread waits for it; that thread cleans up."""
        with suppress(OSError, ValueError):
            self._process.kill()

    def end(self) -> None:
        """End the process, whatever it is doing; called again, it does nothing."""
        self.kill()
        self._process.join()
        self._pipe.close()

    def _hear(self, seconds: float) -> object:
        """The next thing that it says; `_SILENT` when it says nothing in time, None when it has ended."""
        try:
            return self._pipe.recv() if self._pipe.poll(max(0.0, seconds)) else _SILENT
        except (EOFError, OSError):
            return None

    def _died(self) -> InternalError:
        code = self._process.exitcode
        how = f"signal {-code}" if code is not None and code < 0 else f"code {code}"
        return InternalError(
            "worker-died",
            f"The process that decodes and measures ended by {how}; another takes its place.",
            "Export the scan again; if that does not help, look for a lack of memory.",
        )


_SILENT = object()


def _too_slow() -> ResourceError:
    return ResourceError("scan-too-slow", "The work took longer than is allowed.", "Export the scan again.")
