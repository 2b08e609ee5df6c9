"""The process that decodes and measures. It may die, of a decoder's fault or for lack of memory, alone."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING, Protocol

from edge_runtime.machine.faults import forget_pixels, known_error
from edge_runtime.machine.memory import give_back_freed
from edge_runtime.report.document import model_facts
from edge_runtime.slots.in_use import check_same
from edge_runtime.slots.proof import prove_device

from .limits import MEGABYTE
from .studio import Studio
from .tasks import Ready

if TYPE_CHECKING:
    from edge_runtime.analyzer import CataractAnalyzer

EXIT_ORPHAN = 70
_FIRST_TO_DIE = "1000"  # when memory runs out, this process goes and not the service


class Settings(Protocol):
    """What a worker builds its analyzer from."""

    def load(self) -> CataractAnalyzer:
        """Load and verify the model."""
        ...


def serve(pipe: Connection, settings: Settings, proven: str, worker_mb: int) -> None:
    """Be a worker: load the model once, prove it, then do what comes until nothing does.

    Parameters
    ----------
    pipe
        Tasks come in, each followed by the bytes of its scans; progress and what came out go back.
    settings
        Which analyzer.
    proven
        The sha256 of the model that has passed the self-test in this service already, and no other is loaded; "" for
        one that has not.
    worker_mb
        Megabytes that the process may ask for.
    """
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        if hasattr(signal, name):  # the service hears them too, and ends this one
            signal.signal(getattr(signal, name), signal.SIG_IGN)
    threading.Thread(target=_end_with_service, daemon=True).start()
    _bound_memory(worker_mb)
    with suppress(EOFError, OSError):
        try:
            analyzer = settings.load()
            if proven:
                check_same(analyzer, proven)
            else:
                prove_device(analyzer)
        except Exception as error:  # noqa: BLE001 - whatever it is, the service tells it
            pipe.send(known_error(error))
            return
        pipe.send(Ready(model_facts(analyzer.network)))
        studio = Studio(analyzer)
        while (task := pipe.recv()) is not None:
            contents = [pipe.recv_bytes() for _ in task.numbers]
            try:
                pipe.send(studio.do(task, contents, pipe.send))
            except Exception as error:  # noqa: BLE001 - one scan, whatever is wrong with it, ends no service
                known = known_error(error)
                forget_pixels(known)
                pipe.send(known)
            del contents
            give_back_freed()  # or what one scan left in pieces grows with the next


def _bound_memory(worker_mb: int) -> None:
    """Let a picture that asks for too much memory fail here, where it is an error of that scan alone."""
    with suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_DATA, (worker_mb * MEGABYTE, worker_mb * MEGABYTE))
    with suppress(OSError), open("/proc/self/oom_score_adj", "w", encoding="ascii") as file:
        file.write(_FIRST_TO_DIE)


def _end_with_service() -> None:
    """End at once when the service was killed: nobody would take the result."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(EXIT_ORPHAN)
