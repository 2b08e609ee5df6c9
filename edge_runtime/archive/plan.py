"""What a run is to do: stored once under its prefix, so that no other run mixes its results with these."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from edge_runtime.batch.book import stamp
from edge_runtime.batch.plan import Part
from edge_runtime.errors import AuditError, OutputError, ScanMissingError, UsageError
from edge_runtime.ledger_lines import differing_entries

from .library import arrow

if TYPE_CHECKING:
    from edge_runtime.batch.work import AnalyzerSettings

    from .manifest import Manifest
    from .store import Store

NAME = "plan.json"
SCHEMA = "edge-cataract/archive/1"
SHARD_SIZE = 1000  # scans: the least time under failures (docs/archive.md)
MOST_PER_SHARD = 1_000_000


@dataclass(frozen=True, slots=True)
class ArchivePlan:
    """What all shards of a run have in common.

    Attributes
    ----------
    manifest
        Hash of the manifest.
    rows
        Its keys.
    shard_size
        Keys of a shard; the last one may have fewer.
    work
        Whatever decides numbers or bytes: model, options, versions.
    """

    manifest: str
    rows: int
    shard_size: int
    work: dict[str, Any]

    @property
    def shards(self) -> int:
        """Number of shards."""
        return -(-self.rows // self.shard_size)

    @property
    def model(self) -> str:
        """Hash of the model."""
        return str(self.work["model"])

    def rows_of(self, number: int) -> int:
        """Keys of one shard."""
        return min(self.shard_size, self.rows - number * self.shard_size)

    def to_bytes(self) -> bytes:
        """As it is stored."""
        return json.dumps({"schema": SCHEMA, **asdict(self)}, indent=1, sort_keys=True).encode("ascii") + b"\n"


def plan_of(manifest: Manifest, shard_size: int, settings: AnalyzerSettings) -> ArchivePlan:
    """Plan a run.

    Raises
    ------
    UsageError
        For a size of shards that makes no sense.
    EdgeCataractError
        When the model is missing, damaged or of another kind.
    """
    if not 1 <= shard_size <= MOST_PER_SHARD:
        raise UsageError("usage", f"--shard-size {shard_size} was given.", f"Give 1 to {MOST_PER_SHARD}.")
    return ArchivePlan(manifest.sha256, manifest.rows, shard_size, work_of(settings))


def work_of(settings: AnalyzerSettings) -> dict[str, Any]:
    """Whatever decides numbers or bytes, as this machine has it."""
    common = {name: value for name, value in stamp(settings, Part()).items() if name not in ("work", "part")}
    return {**common, "pyarrow": arrow().__version__}  # another version writes the same rows as other bytes


def settle(store: Store, plan: ArchivePlan) -> None:
    """Store the plan, or find that the same is stored.

    Raises
    ------
    OutputError
        ``archive-other-work`` when the prefix holds another run.
    """
    if store.put_once(NAME, plan.to_bytes()):
        return
    found = stored_plan(store)
    if found != plan:
        apart = differing_entries({**asdict(found), **found.work}, {**asdict(plan), **plan.work})
        raise OutputError(
            "archive-other-work",
            f"The prefix holds a run with another {', '.join(name for name in apart if name != 'work')}.",
            "Name another prefix, or repeat the run as it was.",
        )


def stored_plan(store: Store) -> ArchivePlan:
    """The plan under a prefix.

    Raises
    ------
    ScanMissingError
        ``missing-file`` where there is none.
    AuditError
        ``damaged-archive`` when it is not as this program writes it.
    """
    content = store.read(NAME)
    if content is None:
        raise ScanMissingError("missing-file", "There is no archive under this prefix.", "Check the prefix.")
    try:
        fields = json.loads(content)
        if fields.pop("schema") != SCHEMA:
            raise ValueError
        plan = ArchivePlan(**fields)
        if not (plan.rows > 0 and plan.shard_size > 0 and isinstance(plan.work, dict) and plan.to_bytes() == content):
            raise ValueError
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise AuditError(
            "damaged-archive", "The plan of the archive is not as it was written.", "Restore it."
        ) from error
    return plan
