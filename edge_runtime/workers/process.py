"""A worker as the process sees it that watches: started, given jobs, and ended when it says nothing in time."""

from __future__ import annotations

import math
import multiprocessing
import threading
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from edge_runtime.errors import InternalError

from .bounds import WORKER_MB
from .serving import Failed, Ready, Result, Told, serve

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from multiprocessing.connection import Connection

    from .serving import Begin

READY_S = 300.0  # that a worker may take to begin: a second or two, on a board some
_END_S = 5.0  # from the end of a pipe, or from being ended, to the end of its process


@dataclass(frozen=True, slots=True)
class Gone:
    """A worker is no more.

    Attributes
    ----------
    late
        Whether it was ended because it said nothing in time.
    how
        How its process has ended: by which signal, or with which code.
    """

    late: bool
    how: str

    def error(self, remedy: str) -> InternalError:
        """The error of what it had to do, ``worker-died``, with what to do about it."""
        how = "took too long, and was ended" if self.late else f"ended by {self.how}"
        return InternalError("worker-died", f"The process that decodes and measures {how}.", remedy)


class WorkerProcess:
    """One process. It is started at once, so that `kill` reaches it while it begins.

    Parameters
    ----------
    begin
        Loads what its jobs need, in the process itself.
    worker_mb
        Megabytes of memory that it may ask for.

    Attributes
    ----------
    pipe
        Its end here, for whoever waits for several.
    until
        When it has to have said something, by the monotonic clock; infinite while it has nothing to do.
    """

    def __init__(self, begin: Begin, worker_mb: int = WORKER_MB) -> None:
        context = multiprocessing.get_context("spawn")  # a session of onnxruntime does not survive a fork
        ours, theirs = context.Pipe()
        self.pipe: Connection = ours
        self._process: Any = context.Process(target=serve, args=(theirs, begin, worker_mb), daemon=True)
        self._process.start()
        self._late = False
        theirs.close()
        self.allow(READY_S)

    @property
    def process_id(self) -> int:
        """Of the process, as the system counts."""
        return int(self._process.pid)

    @property
    def alive(self) -> bool:
        """Whether it can be given jobs."""
        return not self.pipe.closed and bool(self._process.is_alive())

    def allow(self, seconds: float) -> None:
        """Let it say nothing for so long, from now on."""
        self.until = time.monotonic() + seconds

    def wait_until_ready(self, remedy: str) -> Any:
        """Wait until it has begun; returns its greeting.

        Parameters
        ----------
        remedy
            What to do when it ends before that.

        Raises
        ------
        EdgeCataractError
            Why it could not begin, or ``worker-died``; then the process has ended.
        """
        said = self.hear()
        if isinstance(said, Ready):
            return said.greeting
        self.end()
        raise said.error(remedy) if isinstance(said, Gone) else cast("Failed", said).error

    def give(self, job: Any, contents: Sequence[bytes] = (), *, seconds: float) -> bool:
        """Give it a job, for which it may say nothing for so long.

        Parameters
        ----------
        job
            Anything that can be pickled.
        contents
            Bytes that go beside it, and are not copied for that.
        seconds
            Infinite: as long as it likes.

        Returns
        -------
        bool
            Whether the process was there to take it; where it was not, or did not take it in time, `hear` says how it
            has ended.
        """
        self.allow(seconds)
        try:
            with self._in_time():
                self.pipe.send((job, len(contents)))
                for content in contents:
                    self.pipe.send_bytes(content)
        except OSError:
            return False
        return True

    def dismiss(self) -> None:
        """Have it end by itself, as there is nothing more to do."""
        with suppress(OSError):
            self.pipe.send(None)
        self._process.join(_END_S)
        self.end()

    def hear(self) -> Ready | Told | Result | Failed | Gone:
        """Wait for the next thing that it says; where it ends, or has said nothing in time, it is ended and `Gone`."""
        try:
            if self.pipe.poll(None if self.until == math.inf else max(0.0, self.until - time.monotonic())):
                with self._in_time():
                    said: Ready | Told | Result | Failed = self.pipe.recv()
                return said
            self._end_late()
        except (EOFError, OSError):
            self._process.join(_END_S)
        self.end()
        code = self._process.exitcode
        return Gone(
            self._late,
            "a signal that it has not taken yet" if code is None else f"signal {-code}" if code < 0 else f"code {code}",
        )

    @contextmanager
    def _in_time(self) -> Iterator[None]:
        """End the process where what follows takes longer than it may: a pipe waits for ever for one that stands."""
        if self.until == math.inf:
            yield
            return
        timer = threading.Timer(max(_END_S, self.until - time.monotonic()), self._end_late)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()

    def _end_late(self) -> None:
        self._late = True
        self.kill()

    def kill(self) -> None:
        """End the process while another thread waits for it; that thread cleans up."""
        with suppress(OSError, ValueError):
            self._process.kill()

    def end(self) -> None:
        """End the process, whatever it is doing; called again, it does nothing.

        One that the system holds in a read of a dead disk ends when that does, and nobody waits for it.
        """
        self.kill()
        self._process.join(_END_S)
        self.pipe.close()
