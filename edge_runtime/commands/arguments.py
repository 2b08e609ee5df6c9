"""The grammar of the command line, and the analyzer that its options ask for."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NoReturn

from edge_runtime.errors import UsageError
from edge_runtime.model.metadata import DEFAULT_PRECISION, PRECISIONS
from edge_runtime.version import __version__

if TYPE_CHECKING:
    from edge_runtime.analyzer import CataractAnalyzer

PROGRAM = "edge-cataract"
VERBS = ("analyze", "exam", "selftest", "info", "schema")
SHARED_FLAGS = {"-q", "--quiet", "-v", "-vv", "--verbose", "--no-color", "--debug", "--json"}
Run = Callable[[argparse.Namespace], int]

EPILOG = """\
exit codes: 0 analysed, whatever the finding; 2 usage; 3 not graded; 4 some of several inputs not graded or refused;
  65 input bad; 66 input missing; 70 internal; 71 resources; 73 output cannot be created; 74 write failed;
  80 model missing; 81 damaged; 82 incompatible; 83 inference failed; 130 interrupted; 143 terminated
environment: EDGE_CATARACT_MODEL, EDGE_CATARACT_THREADS, EDGE_CATARACT_LOG (debug, info, warning, error), NO_COLOR
Research use only. Not a medical device. The bundled model learnt from simulated scans."""


class OneLineParser(argparse.ArgumentParser):
    """Reports a mistake as one of our errors, in one line."""

    def error(self, message: str) -> NoReturn:
        """Raise `UsageError`."""
        raise UsageError("usage", f"{message}.", f"See '{self.prog} --help'.")


def build_parser(runs: Mapping[str, Run]) -> argparse.ArgumentParser:
    """The parser of the command line.

    Parameters
    ----------
    runs
        What each verb of `VERBS` does; the chosen one is stored as ``run``.
    """
    plain = argparse.RawDescriptionHelpFormatter
    parser = OneLineParser(
        prog=PROGRAM,
        description="See cataract, pixel by pixel, on anterior-segment OCT. 'edge-cataract SCAN' analyses a scan.",
        epilog=EPILOG,
        formatter_class=plain,
    )
    parser.add_argument("--version", action="version", version=f"{PROGRAM} {__version__}")
    verbs = parser.add_subparsers(title="verbs", metavar="{" + ",".join(VERBS) + "}")

    def verb(name: str, text: str) -> argparse.ArgumentParser:
        added = verbs.add_parser(name, help=text, description=text, epilog=EPILOG, formatter_class=plain)
        added.set_defaults(run=runs[name])
        added.add_argument("-q", "--quiet", action="store_true", help="nothing on stderr but errors")
        added.add_argument(
            "-v", "--verbose", action="count", default=0, help="tell the steps on stderr; twice for more"
        )
        added.add_argument("--no-color", action="store_true", help="no colour on the terminal (also NO_COLOR)")
        added.add_argument("--debug", action="store_true", help="show a traceback with errors")
        added.add_argument("--json", action="store_true", help="JSON on standard output")
        return added

    analyze = verb("analyze", "analyse each scan by itself (the default verb)")
    analyze.add_argument("scans", nargs="+", metavar="SCAN", help="scan file, or - for standard input")
    _add_analysis_options(analyze)
    pictures = analyze.add_argument_group("outputs of a single scan")
    pictures.add_argument(
        "--overlay", type=_path, metavar="PATH", help="PNG: cataract probability in colour over the original scan"
    )
    pictures.add_argument(
        "--labels",
        type=_path,
        metavar="PATH",
        help="8-bit PNG of the scan's size: 0 background, 1 clear lens, 2 cataract",
    )
    pictures.add_argument(
        "--probability", type=_path, metavar="PATH", help="16-bit PNG of the scan's size: P(cataract) x 65535"
    )

    exam = verb("exam", "the radial scans of ONE eye: one eye-level result")
    exam.add_argument("scans", nargs="+", metavar="SCAN", help="scan files of one eye")
    exam.add_argument("--eye", required=True, choices=["OD", "OS"], help="the patient's right (OD) or left (OS) eye")
    _add_analysis_options(exam)

    selftest = verb("selftest", "prove that this device computes what the release computed")
    info = verb("info", "model, versions, session options, supported inputs")
    for lesser in (selftest, info):
        _add_model_options(lesser)
    verb("schema", "the JSON Schema of the result document")
    return parser


def _path(text: str) -> str:
    """A path of the command line; an empty one is a script's unset variable."""
    if not text:
        raise argparse.ArgumentTypeError("an empty path was given")
    return text


def _add_model_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--model", type=_path, metavar="PATH", help="another exported model")
    parser.add_argument("--precision", choices=PRECISIONS, help=f"which bundled model (default: {DEFAULT_PRECISION})")
    parser.add_argument("--threads", type=int, metavar="N", help="inference threads (default: what the machine allows)")
    parser.add_argument("--max-memory", type=int, metavar="MB", help="cap for the peak resident memory of the process")


def _add_analysis_options(parser: argparse.ArgumentParser) -> None:
    _add_model_options(parser)
    parser.add_argument(
        "-o",
        "--output",
        type=_path,
        metavar="DIR",
        help="write <stem>.json and <stem>.overlay.png per input into this folder",
    )
    parser.add_argument(
        "--threshold", type=float, metavar="F", help="Cataract Fraction that counts as cataract (default: the model's)"
    )
    place = parser.add_mutually_exclusive_group()
    place.add_argument(
        "--profile",
        type=_path,
        metavar="NAME",
        help="device profile: a name or a TOML file (default: by the frame's shape)",
    )
    place.add_argument("--pixel-um", metavar="ROW,COLUMN", help="pixel pitch of a scan from an unknown frame")


def analyzer_of(options: argparse.Namespace) -> CataractAnalyzer:
    """Load the analyzer that the options and the environment ask for.

    Raises
    ------
    UsageError
        For a value that makes no sense.
    EdgeCataractError
        When the model or the profile cannot be used.
    """
    from edge_runtime.analyzer import CataractAnalyzer, Limits

    threads = options.threads
    if threads is None and (text := os.environ.get("EDGE_CATARACT_THREADS")):
        try:
            threads = int(text)
        except ValueError as error:
            raise UsageError("usage", f"EDGE_CATARACT_THREADS is {text!r}.", "Give a whole number.") from error
    analyzer = CataractAnalyzer(
        model_path(options),
        precision=options.precision or DEFAULT_PRECISION,
        threshold=getattr(options, "threshold", None),
        profile=_profile(options),
        limits=Limits(threads, options.max_memory),
    )
    import cv2

    cv2.setNumThreads(analyzer.network.threads)  # or its own pool takes every core of the host
    return analyzer


def model_path(options: argparse.Namespace) -> str | None:
    """The model file that was asked for; a flag, --precision too, goes before the environment."""
    if options.model or options.precision:
        return str(options.model) if options.model else None
    return os.environ.get("EDGE_CATARACT_MODEL") or None


def _profile(options: argparse.Namespace) -> Any:
    text = getattr(options, "pixel_um", None)
    if text is None:
        return getattr(options, "profile", None)
    from edge_runtime.frame.profiles import PixelPitch

    try:
        row_um, column_um = (float(part) for part in text.split(","))
    except ValueError as error:
        raise UsageError(
            "bad-pixel-pitch", f"--pixel-um {text!r} is not ROW,COLUMN.", "Give two numbers, such as 7.675,7.675."
        ) from error
    return PixelPitch(row_um, column_um)
