"""``edge-cataract watch FOLDER -o OUT``: judge the scans of a folder as they come, exam by exam."""

from __future__ import annotations

import os
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from edge_runtime.errors import NOTHING_WRITTEN, EdgeCataractError, OutputError, UsageError
from edge_runtime.locked_file import make_folder
from edge_runtime.program_signals import Interrupted, heard_out

from .arguments import (
    AnalyzerOptions,
    SpeechOptions,
    add_model_options,
    add_reading_options,
    add_slots_option,
    path_argument,
)
from .audit_output import AuditOptions, add_audit_options
from .console import complain, print_data, say
from .exam_limit import add_exam_limit, exam_limit
from .kept_files import files_to_keep
from .outcome import EXIT_SOME_FAILED
from .whole_numbers import whole_number

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator, Mapping

    from edge_runtime.batch.work import AnalyzerSettings
    from edge_runtime.watch.run import Watch

_KEY_DIGITS = 12  # of an exam, in messages: the end of the name of its result
MOST_WORKERS = 256  # more is a typing error


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the verb."""
    parser.add_argument("folder", type=path_argument, metavar="FOLDER", help="where scans come, in folders in it too")
    parser.add_argument(
        "-o",
        "--output",
        type=path_argument,
        metavar="DIR",
        required=True,
        help="folder of results: one in it for each exam, and a record of what was judged, which makes a watch go on",
    )
    _add_times(parser)
    parser.add_argument(
        "--once", action="store_true", help="judge what is there, then end; what may be incomplete is left for later"
    )
    parser.add_argument(
        "--poll-only",
        action="store_true",
        help="look by the clock alone (without it, events of the system make looks come earlier: extra watch)",
    )
    parser.add_argument(
        "--move-done", type=path_argument, metavar="DIR", help="move the files of judged exams into this folder"
    )
    parser.add_argument("--documents-only", action="store_true", help="write no overlays")
    parser.add_argument(
        "--workers", type=whole_number(), default=1, metavar="N", help="processes that judge (default: 1)"
    )
    add_model_options(parser)
    add_reading_options(parser)
    add_slots_option(parser, "at the next start")
    add_audit_options(parser)


def _add_times(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--settle", type=float, default=5.0, metavar="S", help="seconds that a file must stay as it is (default: 5)"
    )
    parser.add_argument(
        "--timeout",
        type=float,
        default=60.0,
        metavar="S",
        help="seconds without anything new after which an incomplete exam is judged as it is (default: 60)",
    )
    parser.add_argument(
        "--poll", type=float, default=2.0, metavar="S", help="seconds between two looks at the folder (default: 2)"
    )
    parser.add_argument(
        "--scans",
        type=whole_number(),
        default=12,
        metavar="N",
        help="scans with which an exam is complete and judged at once (default: 12, six of each eye)",
    )
    add_exam_limit(parser)


def run(options: argparse.Namespace) -> int:
    """Run the verb; returns the exit code."""
    from edge_runtime.watch.run import watch

    what, speech = _watch(options), SpeechOptions.of(options)
    console = _Console(speech, once=what.once)
    try:
        watch(what, console)
    except EdgeCataractError as error:
        if error.lost == NOTHING_WRITTEN:  # the record of what was judged was begun
            error.lost = f"No {'further ' if console.delivered_any else ''}exam was judged."
        raise
    except (KeyboardInterrupt, Interrupted):
        heard_out()
        console.stopped()
        raise
    return EXIT_SOME_FAILED if console.some_failed else 0


def _watch(options: argparse.Namespace) -> Watch:
    from edge_runtime.watch.events import require_watchdog
    from edge_runtime.watch.rules import Rules
    from edge_runtime.watch.run import Watch, check_folder

    rules = Rules(options.settle, options.timeout, options.poll, options.scans)
    if not 1 <= options.workers <= MOST_WORKERS:
        raise UsageError("usage", f"--workers {options.workers} was given.", f"Give 1 to {MOST_WORKERS}.")
    limit_s = exam_limit(options)
    events = not options.poll_only and not options.once
    if events:
        require_watchdog()
    folders = {"--output": options.output, "--move-done": options.move_done}
    named = {name: folder for name, folder in folders.items() if folder is not None}
    for name, folder in named.items():
        _check_apart(folder, options.folder, name)
    check_folder(options.folder)
    settings = _settings(options)
    settings.check()
    with _made(named):
        audit = _checked_audit(options).open()
    return Watch(
        options.folder,
        options.output,
        rules,
        settings,
        options.workers,
        events=events,
        once=options.once,
        overlays=not options.documents_only,
        move_to=options.move_done,
        audit=None if audit is None else audit.append,
        exam_s=limit_s,
    )


def _checked_audit(options: argparse.Namespace) -> AuditOptions:
    """The audit, which is neither the record of what was judged nor anything else that a watch keeps."""
    from edge_runtime.report.targets import Target, check_targets
    from edge_runtime.watch.memory import LEDGER

    audit, analyzer = AuditOptions.of(options), AnalyzerOptions.of(options)
    targets = [Target(os.path.join(options.output, LEDGER), ())]
    kept = files_to_keep([], analyzer, audit, targets=targets, slots=options.slots)
    check_targets(targets, kept, overwrite=True)
    return audit


def _settings(options: argparse.Namespace) -> AnalyzerSettings:
    usual_threads = None if options.workers == 1 else 1
    settings = AnalyzerOptions.of(options).settings(options.slots, usual_threads=usual_threads)
    if options.slots is None:
        return settings
    from edge_runtime.slots.in_use import ModelInUse

    return ModelInUse.now(options.slots, settings)


def _check_apart(folder: str, watched: str, option: str) -> None:
    """Refuse to write among the scans themselves; a folder of its own among them is left out of the watch."""
    if os.path.realpath(folder) == os.path.realpath(watched):
        raise UsageError("usage", f"{option} is the watched folder itself.", "Name another, or a folder in it.")


@contextmanager
def _made(folders: Mapping[str, str]) -> Iterator[None]:
    """The folders of these options, made; those that are new go again where what comes next fails."""
    new: list[str] = []
    try:
        for option, folder in folders.items():
            new += _missing(folder)
            try:
                make_folder(folder)
            except OSError as error:
                found = f"The folder of {option} cannot be created."
                raise OutputError("output-folder", found, "Name another.") from error
        yield
    except BaseException:
        for folder in sorted(new, key=len, reverse=True):
            with suppress(OSError):
                os.rmdir(folder)
        raise


def _missing(folder: str) -> list[str]:
    """The folder and those above it, as far as they are not there."""
    found, place = [], os.path.abspath(folder)
    while not os.path.lexists(place):
        found.append(place)
        place = os.path.dirname(place)
    return found


class _Console:
    """Tells a person, or the journal of the system, how a watch goes on: by the keys of exams, never by their names."""

    def __init__(self, speech: SpeechOptions, *, once: bool) -> None:
        self._speech, self._once = speech, once
        self._delivered = 0
        self.some_failed = False

    @property
    def delivered_any(self) -> bool:
        """Whether this run has written a result."""
        return self._delivered > 0

    def begins(self, exams: int) -> None:
        """Say what earlier runs did."""
        self._say(f"watching; {exams} exam{'' if exams == 1 else 's'} judged before.")

    def without_events(self) -> None:
        """Say that looks come by the clock."""
        self._say("the system reports no events there: the folder is looked at by the clock alone.")

    def delivered(self, summary: dict[str, Any]) -> None:
        """Say what was found in an exam; with ``--json``, its summary."""
        self._delivered += 1
        self.some_failed |= any(eye["status"] != "graded" for eye in summary["eyes"])
        self.some_failed |= bool(summary["refused"] or summary["failed"])
        if self._speech.json:
            from edge_runtime.report.document import to_json

            print_data(to_json(summary))
        eyes = ", ".join(
            f"{eye['laterality'] or 'eye'} {eye['status']}" + (f" [{eye['word']}]" if eye["word"] else "")
            for eye in summary["eyes"]
        )
        again = "; there is an earlier result" if summary["previous"] else ""
        if left_out := len(summary.get("left_out", ())):  # a result that an earlier version wrote has none
            again += f", of which {left_out} file{' is' if left_out == 1 else 's are'} left out"
        self._say(f"exam {summary['key'][:_KEY_DIGITS]}: {eyes}; {len(summary['files'])} files{again}.")

    def trouble(self, about: str, error: EdgeCataractError | None) -> None:
        """Say that something does not work, and when it works again."""
        if error is None:
            self._say(f"{about}: works again.")
            return
        if not self._once:
            error.lost = "It is tried again."
        complain(error, None, debug=self._speech.debug)

    def stopped(self) -> None:
        """Say what an interrupted watch leaves."""
        exams = f"{self._delivered} exam{'' if self._delivered == 1 else 's'}"
        self._say(f"stopped: {exams} judged in this run; the same command goes on.")

    def _say(self, text: str) -> None:
        if not self._speech.quiet:
            say(text)
