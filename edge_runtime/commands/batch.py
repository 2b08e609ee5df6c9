"""``edge-cataract batch FOLDER|MANIFEST -o OUT``: many exams, measured side by side; a stopped run is continued."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from edge_runtime.errors import OutputError, UsageError
from edge_runtime.locked_file import make_folder
from edge_runtime.program_signals import Interrupted, heard_out

from .arguments import (
    AnalyzerOptions,
    SpeechOptions,
    add_model_options,
    add_reading_options,
    path_argument,
)
from .audit_output import NO_AUDIT, AuditOptions, add_audit_options
from .console import print_data, say
from .exam_limit import add_exam_limit, exam_limit
from .kept_files import files_to_keep
from .outcome import EXIT_SOME_FAILED
from .progress_line import ProgressLine
from .whole_numbers import whole_number

if TYPE_CHECKING:
    import argparse

    from edge_runtime.batch.plan import Part
    from edge_runtime.batch.progress import Progress
    from edge_runtime.batch.run import Batch, BatchFiles
    from edge_runtime.exams.planned import PlannedExam

MOST_WORKERS = 256  # more is a typing error


@dataclass(frozen=True, slots=True)
class BatchOptions:
    """What the verb was asked for.

    Attributes
    ----------
    given
        A folder of scans, or a manifest.
    folder
        The folder of ``-o``.
    workers
        Processes that measure; None: one for each processor.
    part
        Which part of the batch.
    parquet
        Whether Parquet was asked for.
    retry, overwrite
        Whether failed exams are measured again; whether other work may be replaced.
    audit
        The record of every answer.
    exam_s
        Seconds that an exam may take; None: as usual.
    """

    given: str
    folder: str
    analyzer: AnalyzerOptions
    speech: SpeechOptions
    workers: int | None
    part: Part
    parquet: bool
    retry: bool
    overwrite: bool
    audit: AuditOptions = NO_AUDIT
    exam_s: float | None = None


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the verb."""
    parser.add_argument("given", type=path_argument, metavar="FOLDER|MANIFEST", help="folder of scans, or a .csv")
    parser.add_argument(
        "-o",
        "--output",
        type=path_argument,
        metavar="DIR",
        required=True,
        help="folder of results.csv, results.jsonl, summary.json and of the ledger by which a stopped run continues",
    )
    add_model_options(parser)
    add_reading_options(parser)
    parser.add_argument(
        "--workers",
        type=whole_number(),
        metavar="N",
        help="processes of one thread (or --threads) each (default: one for each processor)",
    )
    add_exam_limit(parser)
    parser.add_argument("--num-parts", type=whole_number(), metavar="N", help="cut the batch by exams into N parts")
    parser.add_argument("--part-id", type=whole_number(), metavar="K", help="measure part K, 0 to N - 1")
    parser.add_argument(
        "--parquet",
        action="store_true",
        help="insist on results.parquet, which is written anyway where the extra cluster is installed",
    )
    parser.add_argument("--retry", action="store_true", help="measure again what a fault of program or machine touched")
    parser.add_argument("--overwrite", action="store_true", help="replace the results of another batch in the folder")
    add_audit_options(parser)


def run(options: argparse.Namespace) -> int:
    """Run the verb; returns the exit code."""
    from edge_runtime.batch.plan import Part

    if (options.num_parts is None) != (options.part_id is None):
        raise UsageError("usage", "One of --num-parts and --part-id was given.", "Give both, or neither.")
    return measure_batch(
        BatchOptions(
            given=options.given,
            folder=options.output,
            analyzer=AnalyzerOptions.of(options),
            speech=SpeechOptions.of(options),
            workers=options.workers,
            part=Part() if options.num_parts is None else Part(options.part_id, options.num_parts),
            parquet=options.parquet,
            retry=options.retry,
            overwrite=options.overwrite,
            audit=AuditOptions.of(options),
            exam_s=exam_limit(options),
        )
    )


def measure_batch(options: BatchOptions) -> int:
    """Measure a batch, or what is left of it; returns the exit code."""
    from edge_runtime.batch.run import BatchFiles, run_batch
    from edge_runtime.report.document import to_json

    exams = _exams(options)
    options.analyzer.settings(usual_threads=1).check()
    files = BatchFiles(_made(options.folder), options.part)
    _check_outputs(files, options, exams)
    listener = _Console(options)
    try:
        summary = run_batch(_batch(options, exams, files), listener)
    except (KeyboardInterrupt, Interrupted):
        heard_out()
        listener.stopped()
        raise
    listener.line_done()
    eyes = summary["eyes"]
    if options.speech.json:
        print_data(to_json(summary))
    else:
        print_data(
            f"{summary['inputs']} files: {summary['graded']} graded, {summary['refused']} refused, "
            f"{summary['failed']} failed\n"
            f"{summary['exams']} exams; eyes: {eyes['graded']} graded, {eyes['refused']} refused, "
            f"{eyes['failed']} failed\n"
            f"{files.csv}"
        )
    bad = summary["refused"] + summary["failed"] + eyes["refused"] + eyes["failed"]
    return EXIT_SOME_FAILED if bad else 0


def _exams(options: BatchOptions) -> tuple[PlannedExam, ...]:
    from edge_runtime.exams.grouping import exams_by_name
    from edge_runtime.exams.manifest import is_manifest

    from .inputs import manifest_of, scans_in

    if is_manifest(options.given) and not os.path.isdir(options.given):
        return manifest_of(options.given, quiet=options.speech.quiet).exams
    scans = scans_in(options.given, deep=True, quiet=options.speech.quiet, without=options.folder)
    return exams_by_name(scans, options.given)


def _made(folder: str) -> str:
    try:
        make_folder(folder)
    except OSError as error:
        raise OutputError(
            "output-folder", "The output folder cannot be created.", "Name another with --output."
        ) from error
    return folder


def _check_outputs(files: BatchFiles, options: BatchOptions, exams: tuple[PlannedExam, ...]) -> None:
    """Before any work: inputs are not replaced, and results without a ledger are of something else."""
    from edge_runtime.report.targets import Target, check_targets

    continued = os.path.exists(files.ledger)
    targets = [Target(path, (), "batch") for path in [*files.results, files.ledger]]
    given = [options.given, *(scan.path for exam in exams for scan in exam.scans)]
    kept = files_to_keep(given, options.analyzer, options.audit, targets=targets)
    check_targets(targets, kept, overwrite=continued or options.overwrite)


def _batch(options: BatchOptions, exams: tuple[PlannedExam, ...], files: BatchFiles) -> Batch:
    from edge_runtime.batch.run import Batch
    from edge_runtime.batch.workers import EXAM_S
    from edge_runtime.machine.cgroup import available_threads

    audit = options.audit.open()
    workers = available_threads() if options.workers is None else options.workers
    if not 1 <= workers <= MOST_WORKERS:
        raise UsageError("usage", f"--workers {workers} was given.", f"Give 1 to {MOST_WORKERS}.")
    return Batch(
        exams,
        options.analyzer.settings(usual_threads=1),
        files,
        options.part,
        workers,
        parquet=options.parquet or None,
        retry=options.retry,
        replace=options.overwrite,
        audit=None if audit is None else audit.append,
        exam_s=EXAM_S if options.exam_s is None else options.exam_s,
    )


class _Console(ProgressLine):
    """Tells a person, or a log, how a batch goes on."""

    def __init__(self, options: BatchOptions) -> None:
        super().__init__(quiet=options.speech.quiet)
        self._most_memory_mb = options.analyzer.max_memory_mb
        self._progress: Progress | None = None

    def begins(self, progress: Progress, workers: int) -> None:
        """Say what there is to do, and how much memory it may take."""
        from edge_runtime.batch.workers import WATCH_PEAK_MB, WORKER_PEAK_MB

        self._progress = progress
        if self._quiet:
            return
        say(f"{progress.text(time.monotonic())} before this run.")
        if not workers:
            return
        each = self._most_memory_mb or WORKER_PEAK_MB
        say(
            f"{workers} worker{'s' if workers != 1 else ''}; peak memory about "
            f"{workers} x {each} + {WATCH_PEAK_MB} = {workers * each + WATCH_PEAK_MB} MB."
        )

    def stopped(self) -> None:
        """Say what an interrupted run leaves."""
        self.line_done()
        if self._progress is not None and not self._quiet:
            done = f"{self._progress.exams_done} of {self._progress.exams} exams are recorded"
            say(f"stopped: {done}; the same command continues.")
