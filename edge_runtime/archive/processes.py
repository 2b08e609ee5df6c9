"""Shards on one machine: workers side by side, each with a process of its own that measures."""

from __future__ import annotations

from collections.abc import Generator, Iterable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from queue import SimpleQueue
from typing import TYPE_CHECKING

from edge_runtime.workers.pool import TICK_S

from .patience import RetryPolicy
from .score import ShardWorker

if TYPE_CHECKING:
    from .manifest import Shard
    from .score import ArchiveWork, ShardReport

Reports = Generator["ShardReport | None", None, None]


def by_processes(shards: Iterable[Shard], work: ArchiveWork, processes: int, patience: RetryPolicy) -> Reports:
    """Score shards; each report comes as soon as its shard is on the store, None every half second.

    Close the iterator to end the processes.

    Parameters
    ----------
    shards
        Those that are left.
    work
        What every worker needs.
    processes
        Workers.
    patience
        How long a request may be refused; stopped when the iterator is closed.

    Raises
    ------
    EdgeCataractError
        When the store cannot be reached, or the model cannot be loaded.
    """
    left = iter(shards)
    idle: SimpleQueue[ShardWorker] = SimpleQueue()
    workers: list[ShardWorker] = []
    running: set[Future[ShardReport]] = set()

    def score(shard: Shard) -> ShardReport:
        worker = idle.get()
        try:
            return worker.score(shard)
        finally:
            idle.put(worker)

    pool = ThreadPoolExecutor(processes, thread_name_prefix="shard")
    try:
        while True:
            while len(running) < processes and (shard := next(left, None)) is not None:
                if len(workers) == len(running):
                    workers.append(ShardWorker(work, RetryPolicy(patience.limit_s, patience.stopped)))
                    idle.put(workers[-1])
                running.add(pool.submit(score, shard))
            if not running:
                return
            done, running = wait(running, TICK_S, return_when=FIRST_COMPLETED)
            for one in done:
                yield one.result()
            if not done:
                yield None
    finally:
        patience.stopped.set()
        pool.shutdown(cancel_futures=True)
        for worker in workers:
            worker.close()
