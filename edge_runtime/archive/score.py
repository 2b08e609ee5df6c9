"""Score one shard: its part of the manifest and the model decide the bytes of its file, and nothing else does."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from edge_runtime.batch.record import Status
from edge_runtime.batch.workers import analyzer_pool
from edge_runtime.errors import AnalysisCancelledError, EdgeCataractError, InternalError, OutputError
from edge_runtime.machine.memory import MEGABYTE, resident_bytes
from edge_runtime.workers.pool import TICK_S

from .fetching import Fetcher
from .measuring import FetchedFile, MeasuredFile, measure_file, row_of_error
from .patience import PATIENCE_S, RetryPolicy
from .plan import ArchivePlan, work_of
from .sent_settings import SentSettings
from .store import store_at
from .table import shard_bytes

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from edge_runtime.batch.work import AnalyzerSettings

    from .manifest import Shard

_TRIES = 2  # of a file that ended its process, or found no memory: another process may have been to blame
_NOT_READ = ("missing-file", "unreadable-file")
_AT_HAND = 2  # files given to the process that measures: one is measured, one waits beside it


@dataclass(frozen=True, slots=True)
class ArchiveWork:
    """What every worker needs besides its shards.

    Attributes
    ----------
    plan
        Of the run.
    prefix
        Where shards are written.
    root
        Where keys lie that are not absolute.
    settings
        What a worker builds its analyzer from.
    scan_s
        Seconds that one file may take.
    missing_ok
        Whether a shard may be written none of whose files can be read.
    patience_s
        Seconds that one request to the store may be refused.
    """

    plan: ArchivePlan
    prefix: str
    root: str
    settings: AnalyzerSettings
    scan_s: float
    missing_ok: bool = False
    patience_s: float = PATIENCE_S


@dataclass(frozen=True, slots=True)
class ShardReport:
    """What a worker says of a shard that is on the store.

    Attributes
    ----------
    number
        Of the shard.
    rows
        Its keys.
    written
        Whether this worker wrote it; otherwise another had.
    counts
        Files by `Status`.
    bytes_read, bytes_written
        Of files, and of the shard.
    requests, repeated
        To the store, and those that repeated one.
    seconds
        That it took.
    measuring_mb, fetching_mb
        Most memory of the process that measures, and of the one that fetches and writes.
    """

    number: int
    rows: int
    written: bool
    counts: dict[str, int] = field(default_factory=dict)
    bytes_read: int = 0
    bytes_written: int = 0
    requests: int = 0
    repeated: int = 0
    seconds: float = 0.0
    measuring_mb: float = 0.0
    fetching_mb: float = 0.0


class ShardWorker:
    """Fetches, has a process of its own measure, and writes: one shard after another.

    The model is loaded once, in the process that measures. A file that ends that process, or takes too long, is a row.

    Parameters
    ----------
    work
        What there is to know.
    patience
        Repeats requests, and ends the work when it is stopped.
    """

    def __init__(self, work: ArchiveWork, patience: RetryPolicy) -> None:
        self._work, self._patience = work, patience
        self._store = store_at(work.prefix, patience)
        self._fetcher = Fetcher(work.root, patience)
        self._pool = analyzer_pool(work.settings, measure_file, keep=True, exam_s=work.scan_s)
        self._pool.start()
        self._peak_mb = 0.0

    def close(self) -> None:
        """End its process."""
        self._fetcher.close()
        self._pool.end()

    def score(self, shard: Shard) -> ShardReport:
        """Have one shard on the store.

        Raises
        ------
        EdgeCataractError
            When the store cannot be reached, the model cannot be loaded, or the run is stopped.
        """
        began, requests, repeated = time.monotonic(), self._patience.requests, self._patience.repeated
        rows = score_shard(shard, self._measured(shard))
        if not self._work.missing_ok:
            _check_any_was_read(rows)
        content = shard_bytes(self._work.plan, shard.number, rows)
        written = self._store.put_once(shard.name, content)
        return ShardReport(
            number=shard.number,
            rows=len(rows),
            written=written,
            counts={status.value: sum(row["status"] == status.value for row in rows) for status in Status},
            bytes_read=sum(row["bytes"] or 0 for row in rows),
            bytes_written=len(content) if written else 0,
            requests=self._patience.requests - requests,
            repeated=self._patience.repeated - repeated,
            seconds=time.monotonic() - began,
            measuring_mb=self._peak_mb,
            fetching_mb=resident_bytes(peak=True) / MEGABYTE,
        )

    def _measured(self, shard: Shard) -> Iterator[tuple[int, dict[str, Any]]]:
        """The row of each key by its place, as they come."""
        fetched = enumerate(self._fetcher.fetched(shard.keys))
        more = True
        while more or self._pool.unfinished:
            while more and self._pool.unfinished < _AT_HAND:
                place, content = next(fetched, (-1, b""))
                more = place >= 0
                if isinstance(content, EdgeCataractError):
                    yield place, row_of_error(shard.keys[place], None, content)
                elif more:
                    self._pool.add(FetchedFile(place, shard.keys[place], content))
            if self._patience.stopped.is_set():
                raise AnalysisCancelledError("cancelled", "The run ends.", "The same command continues.")
            for file, said in self._pool.results(TICK_S) or () if self._pool.unfinished else ():
                if (row := self._row(file, said)) is not None:
                    yield file.place, row

    def _row(self, file: FetchedFile, said: MeasuredFile | EdgeCataractError) -> dict[str, Any] | None:
        """The row of a file; None when it is tried again."""
        if isinstance(said, MeasuredFile):
            self._peak_mb = max(self._peak_mb, said.peak_mb)
            row = said.row
        else:
            row = row_of_error(file.key, file.content, said)
        if row["status"] == Status.FAILED and file.attempt < _TRIES:
            self._pool.add(replace(file, attempt=file.attempt + 1))
            return None
        return row


def score_shard(shard: Shard, measured: Iterator[tuple[int, dict[str, Any]]]) -> list[dict[str, Any]]:
    """The rows of a shard in the order of its keys, whatever the order in which they were measured.

    Raises
    ------
    InternalError
        When a key has no row.
    """
    rows = dict(measured)
    if rows.keys() != set(range(len(shard.keys))):
        raise InternalError("internal", "A file of a shard has no row.", "Report this.")
    return [rows[place] for place in range(len(shard.keys))]


def _check_any_was_read(rows: Sequence[dict[str, Any]]) -> None:
    """Refuse rows that say of a wrong place, or of a key without rights, what they seem to say of files."""
    if all(row["word"] in _NOT_READ for row in rows):
        raise OutputError(
            "store-refused",
            "Not one file of a shard was found and could be read, so it was not written.",
            "Check where keys lie, and the rights of the machine; if it is true, give --missing-ok.",
        )


def check_worker(work: ArchiveWork) -> None:
    """Check that this machine has the model and the versions of the plan.

    Raises
    ------
    OutputError
        ``archive-other-work`` when it has others.
    EdgeCataractError
        When the model is missing or damaged.
    """
    if isinstance(work.settings, SentSettings):
        with work.settings.on_disk() as settings:
            here = work_of(settings)
    else:
        here = work_of(work.settings)
    apart = sorted(name for name in here if here[name] != work.plan.work.get(name))
    if apart:
        raise OutputError(
            "archive-other-work",
            f"A machine of the cluster has other than the plan says: {', '.join(apart)}.",
            "Install the same versions and models on every machine.",
        )
