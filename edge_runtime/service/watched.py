"""The worker as the service sees it: started, given work, and ended when a step of it takes too long."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from edge_runtime.errors import ResourceError
from edge_runtime.workers.process import Gone, WorkerProcess
from edge_runtime.workers.serving import Failed, Result, Told

from .tasks import Done, Progress, Step, Unknown
from .worker import in_studio

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from .limits import ServiceLimits
    from .tasks import Task
    from .worker import Settings

_REMEDY = "Export the scan again; if that does not help, look for a lack of memory."


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

    Raises
    ------
    ResourceError
        ``no-process`` when the system lets none start.
    """

    def __init__(self, settings: Settings, limits: ServiceLimits, proven: str = "") -> None:
        self._scan_s = limits.scan_s
        self._process = WorkerProcess(partial(in_studio, settings, proven), limits.worker_mb)
        self.model: Mapping[str, str] = {}

    def prepare(self) -> None:
        """Wait until the model is loaded and has proven itself.

        Raises
        ------
        EdgeCataractError
            When it cannot be loaded, or does not prove itself; then the process has ended.
        """
        self.model = self._process.wait_until_ready(_REMEDY)

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
            As `Studio.do`; ``scan-too-slow``, and what `Gone` says, when the process has ended, and another is needed.
        """
        # Files are opened together, before the first scan is read.
        self._process.give(task, contents, seconds=self._scan_s * max(1, len(contents)))
        while True:
            match self._process.hear():
                case Told(Step(scans)):
                    self._process.allow(self._scan_s * scans)
                case Told(Progress() as progress):
                    self._process.allow(self._scan_s)
                    self._pass_on(tell, progress)
                case Result(Done() | Unknown() as found):
                    return found
                case Failed(error):
                    raise error
                case Gone(late=True):
                    raise _too_slow()
                case Gone() as gone:
                    raise gone.error(_REMEDY)

    def _pass_on(self, tell: Callable[[Progress], None], progress: Progress) -> None:
        try:
            tell(progress)
        except BaseException:  # nobody waits for the answer any more, and the next task is not to hear it
            self.end()
            raise

    @property
    def alive(self) -> bool:
        """Whether it can be given work."""
        return self._process.alive

    def kill(self) -> None:
        """End the process while another thread waits for it; that thread cleans up."""
        self._process.kill()

    def end(self) -> None:
        """End the process, whatever it is doing; called again, it does nothing."""
        self._process.end()


def _too_slow() -> ResourceError:
    return ResourceError("scan-too-slow", "The work took longer than is allowed.", "Export the scan again.")
