"""A worker as the process sees it that watches: started, given jobs, and ended when it says nothing in time."""

from __future__ import annotations

import math
import multiprocessing
import os
import threading
import time
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from edge_runtime.errors import EdgeCataractError, InternalError, ResourceError
from edge_runtime.machine.faults import known_error

from .bounds import WORKER_MB
from .serving import Failed, Ready, Result, Told, serve

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from multiprocessing.connection import Connection

    from .serving import Begin

READY_S = 300.0  # that a worker may take to begin: a second or two, on a board some
_END_S = 5.0  # from the end of a pipe, or from being ended, to the end of its process; from a first byte to the last


@dataclass(frozen=True, slots=True)
class Gone:
    """A worker is no more.

    Attributes
    ----------
    late
        Whether it was ended because it said nothing in time.
    how
        How its process has ended: by which signal, or with which code.
    fault
        Why it was ended, where a job could not be given to it, or its answer not be taken; None: for no such reason.
    """

    late: bool
    how: str
    fault: EdgeCataractError | None = None

    def error(self, remedy: str) -> EdgeCataractError:
        """The error of what it had to do: the fault, or ``worker-died`` with what to do about it."""
        if self.fault is not None:
            return self.fault
        how = "took too long, and was ended" if self.late else f"ended by {self.how}"
        return InternalError("worker-died", f"The process that decodes and measures {how}.", remedy)


class WorkerProcess:
    """One process. It is started at once, so that `kill` reaches it while it begins.

    It answers a job before it is given the next one. Where something prevents that an answer is taken as a whole, the
    process is ended: nobody hears the answer to the job of somebody else.

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

    Raises
    ------
    ResourceError
        ``no-process`` when the system lets none start.
    """

    def __init__(self, begin: Begin, worker_mb: int = WORKER_MB) -> None:
        context = multiprocessing.get_context("spawn")  # a session of onnxruntime does not survive a fork
        with ExitStack() as pipes:
            try:
                ours, theirs = context.Pipe()
                pipes.callback(ours.close)
                pipes.callback(theirs.close)
                self._process: Any = context.Process(target=serve, args=(theirs, begin, worker_mb), daemon=True)
                self._process.start()
            except (OSError, MemoryError) as error:
                raise _not_started("process", error) from error
            pipes.pop_all()
        theirs.close()
        self.pipe: Connection = ours
        self._late = False
        self._fault: EdgeCataractError | None = None
        self._owes = True  # an answer, which begins with that it is ready
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
            Why it could not begin, or what `Gone` says; then the process has ended.
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
            Whether the process was there to take it; where it was not, did not take it in time, or could not be given
            it as a whole, `hear` says how it has ended, and why.
        """
        self.allow(seconds)
        if self.pipe.closed:
            return False
        try:
            if self._owes:
                raise _unanswered()
            self._owes = True
            with self._in_time():
                self.pipe.send((job, len(contents)))
                for content in contents:
                    self.pipe.send_bytes(content)
        except ConnectionError:
            return False  # it has ended
        except Exception as error:  # noqa: BLE001 - whatever it is, half a job may lie in the pipe
            return self._end_for(error)
        return True

    def dismiss(self) -> None:
        """Have it end by itself, as there is nothing more to do."""
        with suppress(OSError):
            self.pipe.send(None)
        self._process.join(_END_S)
        self.end()

    def hear(self) -> Ready | Told | Result | Failed | Gone:
        """Wait for the next thing that it says.

        Where it ends, has said nothing in time, or what it says cannot be taken, it is ended and `Gone`.
        """
        try:
            if self._fault is None:
                with self._in_time():  # before it is taken: a thread that does not start leaves nothing half done
                    if self.pipe.poll(None if self.until == math.inf else self._left_s):
                        said: Ready | Told | Result | Failed = self.pipe.recv()
                        self._owes = isinstance(said, Told)
                        return said
                self._end_late()
        except (EOFError, OSError):
            self._process.join(_END_S)
        except Exception as error:  # noqa: BLE001 - whatever it is, half an answer may lie in the pipe
            self._end_for(error)
        self.end()
        code = self._process.exitcode
        return Gone(
            self._late,
            "a signal that it has not taken yet" if code is None else f"signal {-code}" if code < 0 else f"code {code}",
            self._fault,
        )

    @property
    def _left_s(self) -> float:
        return max(0.0, self.until - time.monotonic())

    @contextmanager
    def _in_time(self) -> Iterator[None]:
        """End the process where what follows takes longer than it may: a pipe waits for ever for one that stands."""
        if self.until == math.inf:
            yield
            return
        timer = threading.Timer(self._left_s + _END_S, self._end_late)
        timer.daemon = True
        try:
            timer.start()
        except RuntimeError as error:
            raise _not_started("thread", error) from error
        try:
            yield
        finally:
            timer.cancel()

    def _end_late(self) -> None:
        self._late = True
        self.kill()

    def _end_for(self, error: Exception) -> bool:
        """End the process for a fault on this side of the pipe; it has taken no job."""
        self._fault = known_error(error)
        self.kill()
        return False

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


def _not_started(what: str, error: Exception) -> ResourceError:
    """The error of a process, or a thread, that the system does not let start."""
    number = error.errno if isinstance(error, OSError) else None
    reason = os.strerror(number) if number else "there is no room for it"
    return ResourceError(
        "no-process",
        f"A {what} that is needed to decode and measure cannot be started: {reason}.",
        "Free memory, or raise the limits of processes and of open files.",
    )


def _unanswered() -> InternalError:
    return InternalError(
        "worker-died",
        "The process that decodes and measures was ended, as it had not answered what it was asked before.",
        "Try it again.",
    )
