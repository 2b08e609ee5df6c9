"""Work on scans on a cluster of Ray: a pure function of many jobs, whose results come in the order of the jobs.

A job whose machine is lost is done again on another one, so a loss costs the jobs that were in hand and nothing else.
"""

from __future__ import annotations

import hashlib
from collections import deque
from dataclasses import dataclass
from functools import cache
from itertools import islice
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from edge_runtime.archive.joined import joined_cluster
from edge_runtime.errors import EdgeCataractError, InternalError, OutputError

from .provenance import ROOT, versions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

Shared = TypeVar("Shared")
Job = TypeVar("Job")
Result = TypeVar("Result")

_AHEAD = 2  # jobs of each processor: one that it has in hand, and one that waits
_MOST_LOSSES = 20  # of machines that had the same job
_PACKAGES = ("numpy", "opencv-python-headless", "scipy", "onnxruntime", "torch")  # on which results depend


@dataclass(frozen=True, slots=True)
class _Task(Generic[Shared, Job, Result]):
    """What every job of a run has in common.

    Attributes
    ----------
    function
        Takes what is shared, and a job.
    shared
        Sent once to each machine.
    code
        What the machine that asks computes with.
    """

    function: Callable[[Shared, Job], Result]
    shared: Shared
    code: dict[str, str]


def over_cluster(
    function: Callable[[Shared, Job], Result], shared: Shared, jobs: Iterable[Job], address: str
) -> Iterator[Result]:
    """Apply a function to jobs on all processors of a cluster, and give what it returns in their order.

    Every machine needs a checkout of this code, of the same state, from which Ray was started there.

    Parameters
    ----------
    function
        Found by its name on every machine; it keeps no state and writes nothing that lasts.
    shared
        First argument of the function.
    jobs
        Second arguments; only a few are taken ahead of what is worked on.
    address
        As Ray takes it: ``auto``, ``local``, ``HOST:PORT``.

    Raises
    ------
    MissingExtraError
        Without Ray.
    OutputError
        ``cluster-unreachable``; ``other-code`` when a machine computes with other code or versions.
    InternalError
        ``worker-died`` when the cluster is lost, or the function fails.
    EdgeCataractError
        As the function raises it.
    """
    left = iter(jobs)
    waiting: deque[Any] = deque()
    with joined_cluster(address) as ray:
        task = ray.put(_Task(function, shared, code_of_this_machine()))
        run = ray.remote(num_cpus=1, max_retries=_MOST_LOSSES)(_run)
        while True:
            wanted = _AHEAD * max(int(ray.cluster_resources().get("CPU", 0)), 1)
            waiting.extend(run.remote(task, job) for job in islice(left, wanted - len(waiting)))
            if not waiting:
                return
            try:
                result = ray.get(waiting.popleft())
            except ray.exceptions.RayError as error:
                raise InternalError(
                    "worker-died",
                    f"A job on the cluster failed ({type(error).__name__}).",
                    "Look at the logs of Ray, and run again: what was done is kept.",
                ) from error
            if isinstance(result, EdgeCataractError):
                raise result
            yield result


def _run(task: _Task[Shared, Job, Result], job: Job) -> Result | EdgeCataractError:
    """Do one job on a machine of the cluster."""
    import cv2

    apart = sorted(name for name, here in code_of_this_machine().items() if here != task.code.get(name))
    if apart:
        return OutputError(
            "other-code",
            f"A machine of the cluster computes with other {', '.join(apart)}.",
            "Have the same checkout and the same versions on every machine.",
        )
    cv2.setNumThreads(1)  # jobs are already spread over the processors
    try:
        return task.function(task.shared, job)
    except EdgeCataractError as error:
        return error.with_traceback(None)


@cache
def code_of_this_machine() -> dict[str, str]:
    """Digest of the code of runtime and training, and versions of what it computes with, by name."""
    digest = hashlib.sha256()
    for path in sorted(path for room in ("edge_runtime", "train") for path in (ROOT / room).rglob("*.py")):
        digest.update(f"{path.relative_to(ROOT).as_posix()}\0".encode() + path.read_bytes() + b"\0")
    return {"code": digest.hexdigest(), **versions(*_PACKAGES)}
