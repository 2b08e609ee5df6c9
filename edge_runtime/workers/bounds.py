"""How much memory a worker may ask for, and which process goes when there is none left."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from edge_runtime.machine.memory import MEGABYTE

WORKER_MB = 4000  # what is asked for, not what is used, so it is wide: the largest scan that is read takes 600
_FIRST_TO_DIE = "1000"


def memory_bound_mb(max_memory_mb: int | None) -> int:
    """Megabytes that a worker may ask for, where its analyzer has this cap on resident memory; None: it has none."""
    return max(WORKER_MB, max_memory_mb or 0)


def bound_memory(worker_mb: int) -> None:
    """Let a picture that asks for too much memory fail in this process, as an error of that scan alone.

    Where the memory of the machine runs out all the same, the system ends this process and not the one that watches.

    Parameters
    ----------
    worker_mb
        Megabytes (10^6 bytes) that the process may ask for. Linux alone keeps to it.
    """
    with suppress(ImportError, ValueError, OSError):
        import resource

        before, most = resource.getrlimit(resource.RLIMIT_DATA)
        limits = [one for one in (before, most, worker_mb * MEGABYTE) if one != resource.RLIM_INFINITY]
        resource.setrlimit(resource.RLIMIT_DATA, (min(limits), most))
    with suppress(OSError), open("/proc/self/oom_score_adj", "w", encoding="ascii") as file:
        file.write(_FIRST_TO_DIE)


@contextmanager
def unbounded() -> Iterator[None]:
    """Lift the bound of this process while it runs a program that would inherit it: a browser reserves far more."""
    try:
        import resource
    except ImportError:  # Windows, where there is none
        yield
        return
    before, most = resource.getrlimit(resource.RLIMIT_DATA)
    resource.setrlimit(resource.RLIMIT_DATA, (most, most))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, (before, most))
