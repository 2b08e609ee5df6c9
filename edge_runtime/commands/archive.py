"""``edge-cataract archive MANIFEST -o PREFIX``: millions of scans, shard by shard, on one machine or on a cluster."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

from edge_runtime.errors import UsageError
from edge_runtime.program_signals import Interrupted, heard_out

from .arguments import AnalyzerOptions, SpeechOptions, add_model_options, add_reading_options, path_argument
from .console import print_data, say
from .exam_limit import add_exam_limit, exam_limit
from .outcome import EXIT_SOME_FAILED
from .progress_line import ProgressLine
from .whole_numbers import whole_number

if TYPE_CHECKING:
    import argparse

    from edge_runtime.archive.progress import ArchiveProgress
    from edge_runtime.archive.run import ArchiveRun

ACTIONS = ("status", "verify", "merge")
MOST_PROCESSES = 256  # on one machine; more is a typing error
_DIGITS = 12  # of a hash, for a person


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the verb."""
    parser.add_argument(
        "given",
        nargs="+",
        type=path_argument,
        metavar="MANIFEST|ACTION",
        help="a table of keys, .parquet or .csv, on a disk or s3://bucket/...; or an action and the prefix of "
        "an archive: status (how much is there), verify (read and check all), merge (one table, -o FILE.parquet)",
    )
    parser.add_argument(
        "-o", "--output", type=path_argument, metavar="PREFIX", help="folder or s3://bucket/prefix of plan and shards"
    )
    add_model_options(parser)
    add_reading_options(parser)
    parser.add_argument("--shard-size", type=whole_number(), metavar="N", help="scans of a shard (default: 1000)")
    parser.add_argument(
        "--processes",
        type=whole_number(),
        metavar="N",
        help="workers (default: one for each processor of machine or cluster)",
    )
    parser.add_argument("--ray", metavar="ADDRESS", help="work on this cluster of Ray: auto, local, or HOST:PORT")
    add_exam_limit(parser)
    parser.add_argument("--price", type=float, metavar="P", help="of a machine for an hour, to show the cost so far")
    parser.add_argument("--patience", type=float, metavar="S", help="seconds that a store may refuse (default: 900)")
    parser.add_argument(
        "--missing-ok", action="store_true", help="write shards of which no file can be read, which else end the run"
    )
    parser.add_argument("--manifest", type=path_argument, metavar="MANIFEST", help="verify: check every key, too")
    parser.add_argument("--overwrite", action="store_true", help="merge: replace a table that is there")


def run(options: argparse.Namespace) -> int:
    """Run the verb; returns the exit code."""
    action = options.given[0] if len(options.given) > 1 or options.given[0] in ACTIONS else None
    if action is None:
        return _run_archive(options)
    if action not in ACTIONS or len(options.given) != 2:
        raise UsageError(
            "usage", "One manifest was expected, or status, verify or merge and one prefix.",
            "See 'edge-cataract archive --help'.",
        )  # fmt: skip
    if (options.output is None) == (action == "merge"):
        raise UsageError("usage", "-o FILE belongs to 'archive merge', and to it alone.", "Give it there.")
    return _review(action, options)


def _review(action: str, options: argparse.Namespace) -> int:
    from edge_runtime.archive import review

    prefix, patience = options.given[1], _patience(options)
    if action == "status":
        found = review.status(prefix, patience)
        text = (
            f"{found['shards_done']} of {found['shards']} shards, {found['scans_done']} of {found['scans']} scans, "
            f"{found['bytes']} bytes; model {found['model_sha256'][:_DIGITS]}"
        )
    elif action == "verify":
        found = review.verify(prefix, patience, options.manifest)
        counts = ", ".join(f"{number} {word}" for word, number in found["counts"].items())
        keys = "every key is the manifest's" if found["keys_checked"] else "keys were not checked (--manifest)"
        text = (
            f"intact: {found['shards']} shards, {found['scans']} scans: {counts}; {keys}; "
            f"model {found['model_sha256'][:_DIGITS]}; all shards {found['sha256'][:_DIGITS]}"
        )
    else:
        found = {"rows": review.merge(prefix, patience, options.output, overwrite=options.overwrite)}
        text = f"{found['rows']} scans\n{options.output}"
    print_data(json.dumps(found) if options.json else text)
    return 0


def _run_archive(options: argparse.Namespace) -> int:
    from edge_runtime.archive.run import run_archive

    listener = _Console(quiet=SpeechOptions.of(options).quiet)
    try:
        summary = run_archive(_asked(options), listener)
    except (KeyboardInterrupt, Interrupted):
        heard_out()
        listener.stopped()
        raise
    finally:
        listener.line_done()
    listener.ended()
    this = summary["this_run"]
    counts = ", ".join(f"{number} {word}" for word, number in this["counts"].items()) or "nothing was left to do"
    text = f"{summary['scans']} scans in {summary['shards']} shards; in this run: {counts}\n{options.output}"
    print_data(json.dumps(summary) if options.json else text)
    return EXIT_SOME_FAILED if this["counts"].get("refused") or this["counts"].get("failed") else 0


def _asked(options: argparse.Namespace) -> ArchiveRun:
    from edge_runtime.archive.plan import SHARD_SIZE
    from edge_runtime.archive.run import ArchiveRun

    if options.output is None:
        raise UsageError("usage", "No place for the results was given.", "Give -o PREFIX.")
    if options.processes is not None and not 1 <= options.processes <= MOST_PROCESSES and options.ray is None:
        raise UsageError("usage", f"--processes {options.processes} was given.", f"Give 1 to {MOST_PROCESSES}.")
    if options.processes is not None and options.processes < 1:
        raise UsageError("usage", f"--processes {options.processes} was given.", "Give 1 or more.")
    if options.price is not None and not 0 <= options.price < float("inf"):
        raise UsageError("usage", f"--price {options.price:g} was given.", "Give 0 or more.")
    return ArchiveRun(
        manifest=options.given[0],
        prefix=options.output,
        settings=AnalyzerOptions.of(options).settings(usual_threads=1),
        shard_size=SHARD_SIZE if options.shard_size is None else options.shard_size,
        processes=options.processes,
        ray=options.ray,
        scan_s=exam_limit(options),
        price=options.price,
        patience=_patience(options),
        missing_ok=options.missing_ok,
    )


def _patience(options: argparse.Namespace) -> Any:
    from edge_runtime.archive.patience import PATIENCE_S, RetryPolicy

    seconds = PATIENCE_S if options.patience is None else options.patience
    if not 0 <= seconds < float("inf"):
        raise UsageError("usage", f"--patience {seconds:g} was given.", "Give seconds, 0 or more.")
    return RetryPolicy(seconds)


class _Console(ProgressLine):
    """Tells a person, or a log, how an archive goes on."""

    def __init__(self, *, quiet: bool) -> None:
        super().__init__(quiet=quiet)
        self._progress: ArchiveProgress | None = None

    def begins(self, progress: ArchiveProgress, workers: int) -> None:
        """Say what there is to do, and by how many."""
        self._progress = progress
        if not self._quiet:
            say(f"{progress.text(time.monotonic())} before this run; {workers} worker{'s' if workers != 1 else ''}.")
            progress.is_time(time.monotonic())

    def ended(self) -> None:
        """Say what it took."""
        if self._progress is not None and self._progress.shards_done and not self._quiet:
            say(f"{self._progress.text(time.monotonic())}.")

    def stopped(self) -> None:
        """Say what an interrupted run leaves."""
        self.line_done()
        if self._progress is not None and not self._quiet:
            done = self._progress.shards_before + self._progress.shards_done
            say(f"stopped: {done} of {self._progress.shards} shards are written; the same command continues.")
