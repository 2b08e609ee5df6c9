"""Shards on a cluster of Ray: an actor for each worker, whose loss costs the shard that it had in hand."""

from __future__ import annotations

import sys
import time
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, replace
from types import ModuleType
from typing import TYPE_CHECKING, Any

from edge_runtime.errors import EdgeCataractError, InternalError
from edge_runtime.machine.core_dumps import leave_no_core
from edge_runtime.workers.pool import TICK_S

from .joined import joined_cluster
from .patience import RetryPolicy
from .score import ShardWorker, check_worker
from .sent_settings import SentSettings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .manifest import Shard
    from .processes import Reports
    from .progress import ArchiveProgress
    from .score import ArchiveWork, ShardReport

_MOST_LOSSES = 20  # of workers one after another, without a shard between them
_LOOK_AT_NODES_S, _CLOSES_S = 5.0, 5.0


@dataclass(frozen=True, slots=True)
class Cluster:
    """A cluster, and how much of it is wanted.

    Attributes
    ----------
    address
        As Ray takes it: ``auto``, ``local``, ``HOST:PORT``.
    workers
        Wanted; None: one for each processor.
    most
        That have something to do.
    """

    address: str
    workers: int | None
    most: int


def by_ray(
    shards: Iterator[Shard],
    work: ArchiveWork,
    cluster: Cluster,
    progress: ArchiveProgress,
    begins: Callable[[ArchiveProgress, int], None],
) -> Reports:
    """Score shards; each report comes as soon as its shard is on the store, None every half second.

    Close the iterator to leave the cluster.

    Parameters
    ----------
    shards
        Those that are left.
    work
        What every worker needs.
    cluster
        Where.
    progress
        Called with the number of machines.
    begins
        Called with the number of workers, before the first shard.

    Raises
    ------
    MissingExtraError
        Without Ray.
    OutputError
        ``cluster-unreachable``; or when the store cannot be reached.
    InternalError
        ``worker-died`` when workers are lost again and again.
    """
    with joined_cluster(cluster.address) as ray:
        threads = work.settings.limits.threads or 1
        there = max(int(ray.cluster_resources().get("CPU", 0)) // threads, 1)
        workers = min(cluster.workers or there, cluster.most)
        begins(progress, workers)
        if workers:
            yield from _Driver(ray, shards, work, workers, progress).reports()


class _Driver:
    """Gives shards to actors, one at a time each, and what a lost actor had to another."""

    def __init__(
        self, ray: Any, shards: Iterator[Shard], work: ArchiveWork, workers: int, progress: ArchiveProgress
    ) -> None:
        self._ray, self._shards, self._progress = ray, shards, progress
        self._again: deque[Shard] = deque()
        self._more = True
        self._closing: list[Any] = []
        self._losses = 0
        self._looked_s = time.monotonic()
        self._work = ray.put(replace(work, settings=SentSettings.of(work.settings)))
        self._actor = ray.remote(num_cpus=work.settings.limits.threads or 1, max_restarts=0)(ShardActor)
        self._waiting: dict[Any, tuple[Any, Shard | None]] = {}  # what is asked of whom; no shard: whether it is ready
        for _ in range(workers):
            self._start()

    def reports(self) -> Reports:
        """What the actors say."""
        # Not until nobody is waited for: a lost machine may stay away, and its workers with it.
        while self._more or self._again or any(shard is not None for _, shard in self._waiting.values()):
            done, _ = self._ray.wait(list(self._waiting), timeout=TICK_S)
            self._look_at_nodes()
            for answered in done:
                report = self._heard(answered)
                if report is not None:
                    yield report
            if not done:
                yield None
        if self._closing:
            self._ray.wait(self._closing, num_returns=len(self._closing), timeout=_CLOSES_S)

    def _start(self) -> None:
        actor = self._actor.remote(self._work)
        self._waiting[actor.ready.remote()] = (actor, None)

    def _heard(self, answered: Any) -> ShardReport | None:
        actor, shard = self._waiting.pop(answered)
        try:
            said = self._ray.get(answered)
        except self._ray.exceptions.RayError as error:
            self._lost(actor, shard, error)
            return None
        if isinstance(said, EdgeCataractError):
            raise said
        self._losses = 0
        following = self._again.popleft() if self._again else next(self._shards, None)
        if following is not None:
            self._waiting[actor.score.remote(following)] = (actor, following)
        else:
            self._more = False
            self._closing.append(actor.close.remote())
        report: ShardReport | None = said
        return report

    def _lost(self, actor: Any, shard: Shard | None, error: Exception) -> None:
        """An actor, or its machine, is gone: its shard goes to the next that is free."""
        self._losses += 1
        if self._losses >= _MOST_LOSSES:
            raise InternalError(
                "worker-died",
                f"Workers of the cluster were lost {self._losses} times in a row ({type(error).__name__}).",
                "Look at the logs of Ray: memory, and the same version everywhere.",
            ) from error
        if shard is not None:
            self._again.append(shard)
        with suppress(self._ray.exceptions.RayError, ValueError):
            self._ray.kill(actor)
        self._start()  # it waits until there is a machine for it

    def _look_at_nodes(self) -> None:
        now_s = time.monotonic()
        if now_s - self._looked_s >= _LOOK_AT_NODES_S:
            self._looked_s = now_s
            self._progress.machines = max(sum(bool(node["Alive"]) for node in self._ray.nodes()), 1)


class ShardActor:
    """A worker on a cluster.

    Parameters
    ----------
    work
        What there is to know; its settings bring their files along.
    """

    def __init__(self, work: ArchiveWork) -> None:
        # Every process that is started here would import the main module of Ray again.
        sys.modules["__main__"] = ModuleType("__main__")
        leave_no_core()
        self._worker: ShardWorker | None = None
        self._error: EdgeCataractError | None = None
        try:
            check_worker(work)
            self._worker = ShardWorker(work, RetryPolicy(work.patience_s))
        except EdgeCataractError as error:
            self._error = error.with_traceback(None)

    def close(self) -> None:
        """End its process."""
        if self._worker is not None:
            self._worker.close()

    def ready(self) -> EdgeCataractError | None:
        """Why it cannot work; None when it can."""
        return self._error

    def score(self, shard: Shard) -> ShardReport | EdgeCataractError | None:
        """Have a shard on the store, or say why not."""
        try:
            return self._error if self._worker is None else self._worker.score(shard)
        except EdgeCataractError as error:
            return error.with_traceback(None)
