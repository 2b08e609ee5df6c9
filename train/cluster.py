"""Work on scans on a cluster of Ray: a pure function of many jobs, whose results come in the order of the jobs.

A job whose machine is lost is done again on another one, so a loss costs the jobs that were in hand and nothing else.
"""

from __future__ import annotations

import hashlib
from collections import deque
from functools import cache
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeVar

from edge_runtime.archive import library
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


def over_cluster(
    function: Callable[[Shared, Job], Result], shared: Shared, jobs: Iterable[Job], address: str
) -> Iterator[Result]:
    """Apply a function to jobs on all processors of a cluster, and give what it returns in their order.

    Every machine needs a checkout of this code, of the same state, where Python finds it: at the same path, or with
    PYTHONPATH set to it where Ray was started.

    Parameters
    ----------
    function
        Found by its name on every machine; it keeps no state and writes nothing that lasts.
    shared
        First argument of the function; sent once to each machine.
    jobs
        Second arguments; only a few are taken ahead of what is worked on.
    address
        As Ray takes it: ``auto``, ``local``, ``HOST:PORT``.

    Raises
    ------
    MissingExtraError
        Without Ray.
    OutputError
        ``cluster-unreachable``, or when no machine of it has a processor for Ray; ``other-code`` when a machine
        computes with other code or versions.
    InternalError
        ``worker-died`` when the same job was lost with many machines, or the cluster itself is lost.
    EdgeCataractError
        As the function raises it. What else it raises comes through, with the traceback of the other machine.
    """
    left = iter(jobs)
    waiting: deque[Any] = deque()
    with joined_cluster(address) as ray:
        try:
            task = ray.put((function, shared))
            run = ray.remote(num_cpus=1, max_retries=_MOST_LOSSES)(_run)
            wanted = _AHEAD * _processors(ray)
            while True:
                for job in islice(left, max(wanted - len(waiting), 0)):
                    # In a list they are not opened before the other machine asks for them.
                    waiting.append(run.remote(code_of_this_machine(), [task, ray.put(job)]))
                if not waiting:
                    return
                result = ray.get(waiting.popleft())
                if isinstance(result, EdgeCataractError):
                    raise result
                yield result
                # Machines that are lost may come back, and others may join.
                wanted = max(_AHEAD * _processors_now(ray), 1)
        except ray.exceptions.RayTaskError:
            raise
        except ray.exceptions.RayError as error:
            raise InternalError(
                "worker-died",
                f"The cluster lost a job, or was lost itself ({type(error).__name__}).",
                "Look at the logs of Ray, and run again: what was done is kept.",
            ) from error


def _processors(ray: Any) -> int:
    """Processors of the cluster, at least 1."""
    found = _processors_now(ray)
    if not found:
        raise OutputError(
            "cluster-unreachable", "No machine of the cluster has a processor for Ray.", "Look at it with: ray status."
        )
    return found


def _processors_now(ray: Any) -> int:
    return int(ray.cluster_resources().get("CPU", 0))


def _run(code: dict[str, str], sealed: list[Any]) -> object:
    """Do one job on a machine of the cluster, whose contents are not opened before the code is known to be the same."""
    import cv2

    here = code_of_this_machine()
    if apart := sorted(name for name in here | code if here.get(name) != code.get(name)):
        return OutputError(
            "other-code",
            f"A machine of the cluster computes with other {', '.join(apart)}.",
            "Have the same checkout and the same versions on every machine.",
        )
    cv2.setNumThreads(1)  # jobs are already spread over the processors
    (function, shared), job = library.ray().get(sealed)
    try:
        return function(shared, job)
    except EdgeCataractError as error:
        return error.with_traceback(None)


@cache
def code_of_this_machine() -> dict[str, str]:
    """Digest of runtime and training, models included, and versions of what they compute with, by name."""
    digest = hashlib.sha256()
    # Named by what they are: byte code is being written while others read, and editors leave files behind.
    kinds = ("*.py", "*.onnx", "*.json", "*.toml", "*.png")
    for path in sorted(
        path for room in ("edge_runtime", "train") for kind in kinds for path in (ROOT / room).rglob(kind)
    ):
        digest.update(f"{path.relative_to(ROOT).as_posix()}\0".encode() + path.read_bytes() + b"\0")
    return {"code": digest.hexdigest(), **versions(*_PACKAGES)}
