"""Jobs of workers in tests: a worker imports this file."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from edge_runtime.errors import ModelMissingError
from edge_runtime.workers.bounds import unbounded
from edge_runtime.workers.serving import Begun


def do(job: Any, contents: Sequence[bytes], tell: Callable[[Any], None]) -> Any:
    """Carry out a job by its name."""
    match job:
        case "dies":
            os.kill(os.getpid(), signal.SIGKILL)
        case "crashes":
            os.kill(os.getpid(), signal.SIGSEGV)
        case "leaves":
            os._exit(7)
        case "hangs":
            threading.Event().wait()
        case "fails":
            raise ZeroDivisionError
        case "cannot be sent":
            return threading.Lock()
        case "says much":
            return bytes(10_000_000)
        case "bounds":
            return bounds()
        case "core limit":
            return core_limit()
        case ["counts", steps, seconds]:
            for step in range(steps):
                time.sleep(seconds)
                tell(step)
        case ["signal", number]:
            os.kill(os.getpid(), number)
    return job, [len(content) for content in contents]


def bounds() -> tuple[int, int, str]:
    """How much memory this process may ask for, how much without its bound, and whether it goes first."""
    import resource

    with unbounded():
        without, _ = resource.getrlimit(resource.RLIMIT_DATA)
    with open("/proc/self/oom_score_adj", encoding="ascii") as file:
        return resource.getrlimit(resource.RLIMIT_DATA)[0], without, file.read().strip()


def core_limit() -> tuple[int, int]:
    """The limit of a core dump of this process, and how far it could be raised, in bytes."""
    import resource

    return resource.getrlimit(resource.RLIMIT_CORE)


@contextmanager
def begins(greeting: str = "hello") -> Iterator[Begun]:
    """A worker that begins; a greeting that says so keeps it from that."""
    if greeting == "refuses":
        raise ModelMissingError("missing-model", "It is gone.", "Name another.")
    if greeting in ("leaves", "hangs"):
        do(greeting, (), lambda _: None)
    yield Begun(do, greeting)
