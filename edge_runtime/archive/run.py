"""An archive from its manifest to its shards. This file knows the order of the steps."""

from __future__ import annotations

import time
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from .library import arrow
from .manifest import opened_manifest, shard_name
from .patience import RetryPolicy
from .plan import ArchivePlan, plan_of, settle
from .processes import by_processes
from .progress import ArchiveProgress
from .score import ArchiveWork
from .store import absolute, store_at

if TYPE_CHECKING:
    from collections.abc import Iterator

    from edge_runtime.batch.work import AnalyzerSettings

    from .manifest import Manifest, Shard
    from .processes import Reports
    from .store import Store

RUN_SCHEMA = "edge-cataract/archive-run/1"


@dataclass(frozen=True, slots=True)
class ArchiveRun:
    """What is to be measured, and how.

    Attributes
    ----------
    manifest
        Its path, or its address in S3.
    prefix
        Where plan and shards go: a folder, or a prefix in S3.
    settings
        What every worker builds its analyzer from.
    shard_size
        Keys of a shard.
    processes
        Workers; None: as many as this machine, or the cluster, has processors.
    ray
        Address of a cluster; None: this machine alone.
    scan_s
        Seconds that one file may take.
    price
        Of a machine for an hour; None: not given.
    patience
        Repeats requests to the store.
    missing_ok
        Whether a shard may be written none of whose files can be read.
    """

    manifest: str
    prefix: str
    settings: AnalyzerSettings
    shard_size: int
    processes: int | None
    ray: str | None
    scan_s: float
    price: float | None
    patience: RetryPolicy
    missing_ok: bool = False


class Listener(Protocol):
    """Who hears how an archive goes on."""

    def begins(self, progress: ArchiveProgress, workers: int) -> None:
        """Before anything is measured."""

    def goes_on(self, progress: ArchiveProgress) -> None:
        """A shard is on the store, or half a second has passed."""


def run_archive(run: ArchiveRun, listener: Listener) -> dict[str, Any]:
    """Score the shards that are not on the store yet; returns the counts of this run.

    Raises
    ------
    EdgeCataractError
        When the manifest cannot be read, the prefix holds another run, the model cannot be loaded, or the store cannot
        be reached.
    """
    arrow()
    prefix = absolute(run.prefix)
    store = store_at(prefix, run.patience)
    with opened_manifest(run.manifest, run.patience) as manifest:
        plan = plan_of(manifest, run.shard_size, run.settings)
        settle(store, plan)
        done = shards_in(store, plan)
        work = ArchiveWork(plan, prefix, manifest.root, run.settings, run.scan_s, run.missing_ok, run.patience.limit_s)
        progress = ArchiveProgress.of(plan, done, time.monotonic(), run.price)
        with closing(_reports(run, work, _left(manifest, plan, done), progress, listener)) as reports:
            for report in reports:
                if report is not None:
                    progress.add(report, time.monotonic())
                progress.passed(time.monotonic())
                listener.goes_on(progress)
    return {
        "schema": RUN_SCHEMA,
        "shards": plan.shards,
        "scans": plan.rows,
        "shards_before": len(done),
        "this_run": progress.to_dict(time.monotonic()),
    }


def shards_in(store: Store, plan: ArchivePlan) -> set[int]:
    """Numbers of the shards on the store."""
    there = store.sizes("shards")
    return {number for number in range(plan.shards) if shard_name(number).rpartition("/")[2] in there}


def _left(manifest: Manifest, plan: ArchivePlan, done: set[int]) -> Iterator[Shard]:
    return (shard for shard in manifest.shards(plan.shard_size) if shard.number not in done)


def _reports(
    run: ArchiveRun, work: ArchiveWork, left: Iterator[Shard], progress: ArchiveProgress, listener: Listener
) -> Reports:
    most = progress.shards - progress.shards_before  # a worker without a shard would load a model for nothing
    if run.ray is not None:
        from .cluster import Cluster, by_ray

        yield from by_ray(left, work, Cluster(run.ray, run.processes, most), progress, listener.begins)
        return
    from edge_runtime.machine.cgroup import available_threads

    workers = min(run.processes or available_threads(), most)
    listener.begins(progress, workers)
    yield from by_processes(left, work, workers, run.patience) if workers else ()
