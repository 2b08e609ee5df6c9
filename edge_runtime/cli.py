"""The command line: choose the verb, run it, turn whatever happens into an exit code."""

from __future__ import annotations

import argparse
import errno
import os
import signal
import sys
from collections.abc import Collection, Sequence
from importlib import import_module

from .commands.arguments import add_speech_options
from .commands.console import PROGRAM, complain, say, trace
from .commands.parser import OneLineParser
from .errors import EdgeCataractError, UsageError, out_of_memory, too_many_open_files
from .machine.libraries import broken_library
from .program_signals import INTERRUPTED, Interrupted, heard_out, listen_to_the_system
from .version import __version__

EXIT_INTERNAL = 70
_ENDED = dict(zip(INTERRUPTED, ("interrupted", "terminated", "hung up"), strict=False))
LOG_LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40}
SHARED_FLAGS = {"-q", "--quiet", "-v", "-vv", "--verbose", "--no-color", "--debug", "--json"}
VERBS = {  # each lives in edge_runtime/commands/<verb>.py, which is imported only when it runs
    "analyze": "analyse each scan by itself (the default verb)",
    "exam": "the radial scans of an exam: one result for each eye",
    "batch": "many exams of a folder or a manifest, in parallel; a stopped run is continued",
    "archive": "millions of scans by a table of keys, shard by shard, on one machine or on a cluster",
    "receive": "scans from a device by DICOM: judged, and their results sent to an archive",
    "watch": "a folder: exams are judged as their scans come",
    "serve": "a service on this machine, with a page for a touch screen",
    "compare": "two exams of one eye, by their documents: did it change?",
    "audit": "the record of what was computed: verify it, show it",
    "model": "the models that a device holds: install, verify, switch, roll back",
    "selftest": "prove that this device computes what the release computed",
    "info": "model, versions, session options, supported inputs",
    "schema": "the JSON Schema of the result document",
}
EPILOG = """\
exit codes: 0 analysed, whatever the finding; 2 usage; 3 not graded; 4 some of several inputs not graded or refused;
  65 input bad; 66 input missing; 69 optional part missing; 70 internal; 71 resources; 73 output cannot be created;
  74 write failed; 80 model missing; 81 damaged; 82 incompatible; 83 inference failed;
  129 hung up; 130 interrupted; 143 terminated
environment: EDGE_CATARACT_MODEL, EDGE_CATARACT_THREADS, EDGE_CATARACT_LOG (debug, info, warning, error), NO_COLOR
Research use only. Not a medical device. The bundled model was trained on simulated scans."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    debug = "--debug" in words
    _keep_standard_error_open()
    try:
        listen_to_the_system()
        return _run(words)
    except EdgeCataractError as error:
        complain(error, error.source, debug=debug)
        return error.exit_code
    except (KeyboardInterrupt, Interrupted) as ended:
        heard_out()
        number = ended.number if isinstance(ended, Interrupted) else signal.SIGINT
        say(f"{_ENDED[number]}. Nothing half-written was left.")
        return INTERRUPTED[number]
    except Exception as error:  # the last resort: no traceback meets a nurse; --debug shows it
        if (known := _scarce_resource(error) or broken_library(error)) is not None:
            complain(known, None, debug=debug)
            return known.exit_code
        say(f"error[internal]: {type(error).__name__}. Nothing was written. Run it with --debug and report that.")
        trace(error, debug=debug)
        return EXIT_INTERNAL


def _keep_standard_error_open() -> None:
    """Give a closed descriptor 2 to the null device, before any thread runs.

    Otherwise the next file that is opened gets it, a module that is being imported perhaps, and loses it to
    `captured_messages` while the first scan is read.
    """
    try:
        os.fstat(2)
    except OSError:
        null = os.open(os.devnull, os.O_WRONLY)
        if null != 2:  # an earlier descriptor was closed, too
            os.dup2(null, 2)
            os.close(null)


def build_parser(spelled_out: Collection[str]) -> argparse.ArgumentParser:
    """The parser of the command line, with the options of some verbs: of the one that runs, or of all for a manual."""
    plain = argparse.RawDescriptionHelpFormatter
    parser = OneLineParser(
        prog=PROGRAM,
        description="See cataract, pixel by pixel, on anterior-segment OCT. 'edge-cataract SCAN' analyses a scan.",
        epilog=EPILOG,
        formatter_class=plain,
    )
    parser.add_argument("--version", action="version", version=f"{PROGRAM} {__version__}")
    verbs = parser.add_subparsers(title="verbs", metavar="{" + ",".join(VERBS) + "}")
    for name, text in VERBS.items():
        added = verbs.add_parser(name, help=text, description=text, epilog=EPILOG, formatter_class=plain)
        if name in spelled_out:
            module = import_module(f"edge_runtime.commands.{name}")
            add_speech_options(added)
            module.add_arguments(added)
            added.set_defaults(run=module.run)
    return parser


def _run(words: list[str]) -> int:
    first = next((place for place, word in enumerate(words) if word not in SHARED_FLAGS), len(words))
    if words[first : first + 1] and words[first] in VERBS:
        words = [words[first], *words[:first], *words[first + 1 :]]
    elif words and words[0] not in ("-h", "--help", "--version"):
        words = ["analyze", *words]
    parser = build_parser(words[:1])
    options = parser.parse_args(words)
    if not hasattr(options, "run"):
        parser.error("no scan was named")
    _configure_logging(options.verbose, quiet=options.quiet)
    return int(options.run(options))


def _configure_logging(verbose: int, *, quiet: bool) -> None:
    name = os.environ.get("EDGE_CATARACT_LOG", "")
    level = {0: LOG_LEVELS.get(name.lower(), 0), 1: LOG_LEVELS["info"]}.get(verbose, LOG_LEVELS["debug"])
    if name and name.lower() not in LOG_LEVELS:
        raise UsageError("usage", f"EDGE_CATARACT_LOG is {name!r}.", f"Use one of {', '.join(LOG_LEVELS)}.")
    if level and not quiet:
        import logging

        logging.basicConfig(stream=sys.stderr, level=level, format=f"{PROGRAM}: %(levelname)s: %(message)s")


def _scarce_resource(error: Exception) -> EdgeCataractError | None:
    """The error to report when the machine ran out of something, wherever that surfaced."""
    if isinstance(error, OSError) and error.errno in (errno.EMFILE, errno.ENFILE):
        return too_many_open_files()
    # cv2.error carries the status of OpenCV; -4 is "insufficient memory".
    if (
        isinstance(error, MemoryError)
        or getattr(error, "errno", None) == errno.ENOMEM
        or getattr(error, "code", 0) == -4
    ):
        return out_of_memory()
    return None
