"""The command line: parse, call the analyzer, print, exit code. The only file that prints."""

from __future__ import annotations

import argparse
import errno
import os
import signal
import sys
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from edge_runtime.commands.arguments import PROGRAM, SHARED_FLAGS, VERBS, analyzer_of, build_parser, model_path

from .errors import (
    EdgeCataractError,
    InferenceError,
    OutputError,
    ResourceError,
    ScanError,
    ScanMissingError,
    UsageError,
    WriteError,
    out_of_memory,
)
from .version import __version__

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from edge_runtime.machine.task import Task

    from .analyzer import CataractAnalyzer
    from .results import EyeResult, ScanResult
    from .scan import Scan

EXIT_NOT_GRADED, EXIT_SOME_FAILED, EXIT_INTERNAL = 3, 4, 70
EXIT_INTERRUPTED, EXIT_TERMINATED = 130, 143
LOG_LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40}


class _Terminated(BaseException):
    """SIGTERM, as an exception, so that temporary files are cleaned up."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    debug = "--debug" in words
    try:
        if signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
            signal.signal(signal.SIGTERM, _raise_terminated)
        return _run(words)
    except EdgeCataractError as error:
        _complain(error, error.source, debug=debug)
        return error.exit_code
    except KeyboardInterrupt:
        _say("interrupted. Nothing half-written was left.")
        return EXIT_INTERRUPTED
    except _Terminated:
        _say("terminated. Nothing half-written was left.")
        return EXIT_TERMINATED
    except Exception as error:  # the last resort: no traceback meets a nurse; --debug shows it
        if (scarce := _scarce_resource(error)) is not None:
            _complain(scarce, None, debug=debug)
            return scarce.exit_code
        _say(f"error[internal]: {type(error).__name__}. Nothing was written. Run it with --debug and report that.")
        _trace(error, debug=debug)
        return EXIT_INTERNAL


def _scarce_resource(error: Exception) -> EdgeCataractError | None:
    """The error to report when the machine ran out of something, wherever that surfaced."""
    if isinstance(error, OSError) and error.errno in (errno.EMFILE, errno.ENFILE):
        return ResourceError("too-many-open-files", "No more files can be opened.", "Close files, or raise the limit.")
    # cv2.error carries the status of OpenCV; -4 is "insufficient memory".
    if (
        isinstance(error, MemoryError)
        or getattr(error, "errno", None) == errno.ENOMEM
        or getattr(error, "code", 0) == -4
    ):
        return out_of_memory()
    return None


def _raise_terminated(_signal: int, _frame: object) -> None:
    raise _Terminated


def _run(words: list[str]) -> int:
    parser = build_parser({"analyze": _analyze, "exam": _exam, "selftest": _selftest, "info": _info, "schema": _schema})
    first = next((place for place, word in enumerate(words) if word not in SHARED_FLAGS), len(words))
    if words[first : first + 1] and words[first] in VERBS:
        words = [words[first], *words[:first], *words[first + 1 :]]
    elif words and words[0] not in ("-h", "--help", "--version"):
        words = ["analyze", *words]
    options = parser.parse_args(words)
    if not hasattr(options, "run"):
        parser.error("no scan was named")
    _configure_logging(options)
    return int(options.run(options))


def _configure_logging(options: argparse.Namespace) -> None:
    name = os.environ.get("EDGE_CATARACT_LOG", "")
    level = {0: LOG_LEVELS.get(name.lower(), 0), 1: LOG_LEVELS["info"]}.get(
        getattr(options, "verbose", 0), LOG_LEVELS["debug"]
    )
    if name and name.lower() not in LOG_LEVELS:
        raise UsageError("usage", f"EDGE_CATARACT_LOG is {name!r}.", f"Use one of {', '.join(LOG_LEVELS)}.")
    if level and not getattr(options, "quiet", False):
        import logging

        logging.basicConfig(stream=sys.stderr, level=level, format=f"{PROGRAM}: %(levelname)s: %(message)s")


# --- the verbs ---------------------------------------------------------------------------------------------------


def _analyze(options: argparse.Namespace) -> int:
    from edge_runtime.report.files import check_targets

    several = len(options.scans) > 1
    named = [path for path in (options.overlay, options.labels, options.probability) if path is not None]
    if several and named:
        raise UsageError(
            "usage", "--overlay, --labels and --probability take a single scan.", "Use -o DIR for several."
        )
    if options.scans.count("-") > 1:
        raise UsageError("usage", "Standard input was named twice.", "Name - once.")
    stored = [path for scan in options.scans for path in _document_paths(options, _stem(scan))] + _overlay_paths(
        options
    )
    check_targets(named + stored, _inputs(options))
    # Under a cap of memory one thing at a time: loading the model and reading a scan both peak.
    first = None if options.max_memory else _read_ahead(options.scans[0])
    analyzer = analyzer_of(options)
    failed = ungraded = 0
    for position, path in enumerate(options.scans):
        try:
            graded = _analyze_one(options, analyzer, path, first if position == 0 else None)
        except (ScanError, ScanMissingError, InferenceError) as error:
            _complain(error, path, debug=options.debug)
            if not several:
                return error.exit_code
            failed += 1
        except EdgeCataractError as error:
            _complain(error, path, debug=options.debug)
            if position and not options.quiet:
                _say(f"stopped: {position} of {len(options.scans)} scans were done.")
            return error.exit_code
        else:
            ungraded += not graded
    if several and not options.quiet:
        _say(f"{len(options.scans) - failed - ungraded} graded, {ungraded} not graded, {failed} refused or failed.")
    if several:
        return EXIT_SOME_FAILED if failed or ungraded else 0
    return EXIT_NOT_GRADED if ungraded else 0


def _analyze_one(
    options: argparse.Namespace, analyzer: CataractAnalyzer, path: str, reading: Task[Scan] | None
) -> bool:
    """Analyse one scan and deliver it; whether it was graded. Nothing of it is held while the next one is analysed."""
    result = analyzer.analyze(path) if reading is None else analyzer.analyze_ahead(reading)
    _deliver(options, analyzer, analyzer.as_eye([result]), [path], _stem(path))
    if not result.gradable:
        _explain(result, options)
    return result.gradable


def _read_ahead(path: str) -> Task[Scan] | None:
    """Read the first scan while the model is loaded; not from standard input, which may never end."""
    from edge_runtime.machine.task import Task
    from edge_runtime.reading.raster import read_scan

    return None if path == "-" else Task(lambda: read_scan(path))


def _exam(options: argparse.Namespace) -> int:
    from edge_runtime.report.files import check_targets

    from .scan import Laterality

    check_targets(_document_paths(options, f"exam-{options.eye}") + _overlay_paths(options), _inputs(options))
    analyzer = analyzer_of(options)
    eye = analyzer.analyze_exam(options.scans, Laterality(options.eye))
    _deliver(options, analyzer, eye, options.scans, f"exam-{options.eye}")
    for scan in eye.scans:
        if not scan.gradable:
            _explain(scan, options)
    return 0 if eye.scans_used else EXIT_NOT_GRADED


def _inputs(options: argparse.Namespace) -> list[str]:
    """Every file that is read, and therefore never written."""
    return [*options.scans, *(path for path in (model_path(options), options.profile) if path is not None)]


def _stem(scan: str) -> str:
    return "stdin" if scan == "-" else os.path.splitext(os.path.basename(scan))[0]


def _document_paths(options: argparse.Namespace, name: str) -> list[str]:
    """Where -o DIR puts the document of this name; none without -o."""
    if options.output is None:
        return []
    if not os.path.isdir(options.output):
        raise OutputError("output-folder", "The output folder does not exist.", "Create it, or name another.")
    return [os.path.join(options.output, name + ".json")]


def _overlay_paths(options: argparse.Namespace) -> list[str]:
    """Where -o DIR puts the overlays, one per input; none without -o."""
    if options.output is None:
        return []
    return [os.path.join(options.output, _stem(scan) + ".overlay.png") for scan in options.scans]


def _deliver(
    options: argparse.Namespace, analyzer: CataractAnalyzer, eye: EyeResult, paths: Sequence[str], name: str
) -> None:
    """Write the files that were asked for, then print."""
    from edge_runtime.report.document import document, to_json
    from edge_runtime.report.files import write_all
    from edge_runtime.report.png import encode_png
    from edge_runtime.report.text import summary

    content = document(eye, analyzer.network, time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()))
    files: dict[str, bytes] = {}
    if options.output is not None:
        from edge_runtime.report.overlay import draw_overlay

        files = {path: to_json(content, indent=2).encode() + b"\n" for path in _document_paths(options, name)}
        for path, scan in zip(paths, eye.scans, strict=True):
            files[os.path.join(options.output, _stem(path) + ".overlay.png")] = encode_png(draw_overlay(scan))
    if hasattr(options, "overlay"):
        files.update(_pictures(options, eye.scans[0]))
    if files:
        write_all(files)
    _print(to_json(content) if options.json else _coloured(summary(eye, analyzer.network), eye, options))


def _pictures(options: argparse.Namespace, scan: ScanResult) -> dict[str, bytes]:
    """What --overlay, --labels and --probability ask for."""
    from edge_runtime.report.png import encode_png

    # The largest first: drawing brings in code that stays in memory.
    pictures: dict[str, bytes] = {}
    if options.probability is not None:
        pictures[options.probability] = encode_png(_probability_16_bit(scan))
    if options.labels is not None:
        pictures[options.labels] = encode_png(scan.labels)
    if options.overlay is not None:
        from edge_runtime.report.overlay import draw_overlay

        pictures[options.overlay] = encode_png(draw_overlay(scan))
    return pictures


def _probability_16_bit(scan: ScanResult) -> NDArray[np.uint16]:
    """P(cataract) of every pixel of the scan, 0 to 65535."""
    import numpy as np

    share = scan.cataract_probability  # a new array at each call: scaled in place, since whole frames of it are large
    np.rint(np.multiply(share, 65535, out=share), out=share)
    return share.astype(np.uint16)


def _selftest(options: argparse.Namespace) -> int:
    from edge_runtime.commands.selftest import run_selftest
    from edge_runtime.report.document import to_json

    checks = run_selftest(analyzer_of(options))
    passed = all(check.passed for check in checks)
    if options.json:
        _print(
            to_json(
                {
                    "passed": passed,
                    "checks": [{"source": c.source, "passed": c.passed, "finding": c.finding} for c in checks],
                }
            )
        )
    else:
        _print("\n".join(f"{'PASS' if check.passed else 'FAIL'} {check.source}: {check.finding}" for check in checks))
        _print("PASS: this device computes what the release computed." if passed else "FAIL")
    if not passed:
        raise InferenceError(
            "selftest-failed",
            "This device does not compute what the release computed.",
            "Do not use its numbers; install again.",
        )
    return 0


def _info(options: argparse.Namespace) -> int:
    from dataclasses import asdict

    from edge_runtime.frame.profiles import PROFILES
    from edge_runtime.report.document import DISCLAIMER, model_facts, runtime_facts, to_json
    from edge_runtime.scan import MAX_BYTES, MAX_PIXELS

    analyzer = analyzer_of(options)
    metadata = analyzer.network.metadata
    facts: dict[str, Any] = {
        "tool": {"name": PROGRAM, "version": __version__},
        "model": {**asdict(metadata), **model_facts(analyzer.network)},
        "runtime": {**runtime_facts(analyzer.network), "spinning": False, "memory_arena": False},
        "inputs": {
            "containers": ["png", "jpeg", "tiff", "bmp"],
            "bits": [8, 16],
            "max_pixels": MAX_PIXELS,
            "max_bytes": MAX_BYTES,
        },
        "profiles": {
            name: f"{p.columns} x {p.rows}, {p.width_mm} x {p.height_mm} mm, {p.depths} bit"
            for name, p in PROFILES.items()
        },
        "tiles": {
            name: "window in {}, whole frame in {}".format(*(len(tiles) for tiles in analyzer.tile_plans(p)))
            for name, p in PROFILES.items()
        },
        "disclaimer": DISCLAIMER,
    }
    if options.json:
        _print(to_json(facts))
        return 0
    for section, content in facts.items():
        _print(f"{section}: {content}" if isinstance(content, str) else f"{section}:")
        if isinstance(content, dict):
            for name, value in content.items():
                _print(f"  {name}: {value}")
    return 0


def _schema(options: argparse.Namespace) -> int:
    from edge_runtime.report.document import SCHEMA_FILE

    with open(SCHEMA_FILE, encoding="utf-8") as file:
        _print(file.read().rstrip("\n"))
    return 0


# --- speaking ----------------------------------------------------------------------------------------------------


def _print(text: str) -> None:
    """Data, to standard output, complete or an error."""
    try:
        encoding = sys.stdout.encoding or "utf-8"
        sys.stdout.write(text.encode(encoding, "backslashreplace").decode(encoding) + "\n")
        sys.stdout.flush()
    except (OSError, ValueError, AttributeError) as error:  # without standard output, sys.stdout is None
        # What could not be delivered would be tried again, and reported as a traceback, when the interpreter ends.
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115 - it lives as long as the process
        reason = os.strerror(error.errno) if isinstance(error, OSError) and error.errno else "standard output is closed"
        raise WriteError(
            "write-failed",
            f"Standard output failed: {reason}.",
            "Check where it goes.",
            lost="The result was not printed in full.",
        ) from error


def _say(text: str) -> None:
    """One line to standard error, which may be closed."""
    try:
        sys.stderr.write(f"{PROGRAM}: {_one_line(text)}\n")
        sys.stderr.flush()
    except (OSError, ValueError, AttributeError):
        pass


def _one_line(text: str) -> str:
    printable = "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape", "backslashreplace").decode()
        for letter in text
    )
    return printable.encode("utf-8", "backslashreplace").decode("utf-8")


def _complain(error: EdgeCataractError, path: str | None, *, debug: bool) -> None:
    place = f"{path}: " if path is not None else ""
    _say(f"{place}{error}")
    _trace(error, debug=debug)


def _trace(error: Exception, *, debug: bool) -> None:
    if debug:
        import traceback

        traceback.print_exception(error)


def _explain(result: ScanResult, options: argparse.Namespace) -> None:
    from .codes import REASONS

    if not options.quiet:
        reasons = " ".join(f"[{reason}] {REASONS[reason]}" for reason in result.reasons)
        _say(f"{result.scan.source}: not graded: {reasons} Check the scan, and repeat it.")


def _coloured(text: str, eye: EyeResult, options: argparse.Namespace) -> str:
    if options.no_color or os.environ.get("NO_COLOR") or sys.stdout is None or not sys.stdout.isatty():
        return text
    head, _, rest = text.partition("\n")
    colour = {"cataract": "33", "clear": "32"}.get(eye.decision.value, "35")
    return f"\x1b[1;{colour}m{head}\x1b[0m\n{rest}"
