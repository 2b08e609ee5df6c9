"""Options that several verbs share, as typed values, and the analyzer that they ask for."""

from __future__ import annotations

import argparse
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from edge_runtime.errors import UsageError
from edge_runtime.model.precision import DEFAULT_PRECISION, PRECISIONS

from .whole_numbers import whole_number

if TYPE_CHECKING:
    from collections.abc import Sequence

    from edge_runtime.analyzer import CataractAnalyzer
    from edge_runtime.batch.work import AnalyzerSettings
    from edge_runtime.frame.profiles import PixelPitch


@dataclass(frozen=True, slots=True)
class SpeechOptions:
    """How a verb speaks: as JSON or as text, quietly, without colour, with tracebacks, in which language."""

    json: bool
    quiet: bool
    no_color: bool
    debug: bool
    language: str = "en"

    @classmethod
    def of(cls, options: argparse.Namespace) -> SpeechOptions:
        """The options that `add_speech_options`, and perhaps `add_report_options`, declared."""
        return cls(
            json=options.json,
            quiet=options.quiet,
            no_color=options.no_color,
            debug=options.debug,
            language=getattr(options, "lang", "en"),
        )


@dataclass(frozen=True, slots=True)
class AnalyzerOptions:
    """Which analyzer to load. None: as the environment says, else the default.

    Attributes
    ----------
    model
        Path of an exported model.
    precision
        Which bundled model.
    threads, max_memory_mb
        Limits on the machine.
    threshold
        Cataract Fraction that counts as cataract.
    profile
        Name or file of a device profile.
    pixel_um
        ``ROW,COLUMN``, the pixel pitch of an unknown frame.
    bits
        Bits per sample that the device records in 16-bit scans.
    """

    model: str | None
    precision: str | None
    threads: int | None
    max_memory_mb: int | None
    threshold: float | None = None
    profile: str | None = None
    pixel_um: str | None = None
    bits: int | None = None

    @classmethod
    def of(cls, options: argparse.Namespace) -> AnalyzerOptions:
        """The options that `add_model_options`, and perhaps `add_analysis_options`, declared."""
        return cls(
            model=options.model,
            precision=options.precision,
            threads=options.threads,
            max_memory_mb=options.max_memory,
            threshold=getattr(options, "threshold", None),
            profile=getattr(options, "profile", None),
            pixel_um=getattr(options, "pixel_um", None),
            bits=getattr(options, "bits", None),
        )

    def settings(self, slots: str | None = None, *, usual_threads: int | None = None) -> AnalyzerSettings:
        """What the processes of a verb build their analyzers from.

        Parameters
        ----------
        slots
            Folder of models that was given beside (`add_slots_option`); the caller takes the model in use from it.
        usual_threads
            Of one analyzer, where nobody asked for a number; None: as many as the machine has.

        Raises
        ------
        UsageError
            When an option has an invalid value, or a model is named beside `slots`.
        """
        from edge_runtime.batch.work import AnalyzerSettings
        from edge_runtime.machine.resources import Limits

        if slots is not None and (self.model or self.precision):
            raise UsageError("usage", "--slots and another model were given.", "Give one of them.")
        threads = wanted_threads(self.threads)
        return AnalyzerSettings(
            model=self.model_path,
            precision=self.precision or DEFAULT_PRECISION,
            threshold=self.threshold,
            profile=self.profile if self.pixel_um is None else pixel_pitch(self.pixel_um),
            limits=Limits(usual_threads if threads is None else threads, self.max_memory_mb),
            bits=self.bits,
        )

    @property
    def model_path(self) -> str | None:
        """The model file that was asked for; a flag, --precision too, goes before the environment."""
        if self.model or self.precision:
            return self.model or None
        return os.environ.get("EDGE_CATARACT_MODEL") or None

    @property
    def files(self) -> list[str]:
        """Files that are read for it, and must therefore never be written."""
        return [path for path in (self.model_path, self.profile) if path is not None]


def add_speech_options(parser: argparse.ArgumentParser) -> None:
    """Declare the options that every verb has."""
    parser.add_argument("-q", "--quiet", action="store_true", help="nothing on stderr but errors")
    parser.add_argument("-v", "--verbose", action="count", default=0, help="report the steps on stderr; twice for more")
    parser.add_argument("--no-color", action="store_true", help="no colour on the terminal (also NO_COLOR)")
    parser.add_argument("--debug", action="store_true", help="show a traceback with errors")
    parser.add_argument("--json", action="store_true", help="JSON on standard output")


def add_model_options(parser: argparse.ArgumentParser) -> None:
    """Declare the options that choose a model and its limits."""
    parser.add_argument("--model", type=path_argument, metavar="PATH", help="another exported model")
    parser.add_argument("--precision", choices=PRECISIONS, help=f"which bundled model (default: {DEFAULT_PRECISION})")
    parser.add_argument(
        "--threads", type=whole_number(), metavar="N", help="inference threads (default: what the machine allows)"
    )
    parser.add_argument(
        "--max-memory", type=whole_number(), metavar="MB", help="cap for the peak resident memory of the process"
    )


def add_analysis_options(parser: argparse.ArgumentParser) -> None:
    """Declare the options of verbs that analyse scans."""
    add_model_options(parser)
    parser.add_argument(
        "-o",
        "--output",
        type=path_argument,
        metavar="DIR",
        help="write <stem>.json and <stem>.overlay.png per input into this folder",
    )
    parser.add_argument(
        "--overwrite",
        action="store_true",
        help="replace results of other scans, too (without it: only an earlier result of the same scan)",
    )
    add_reading_options(parser)
    parser.add_argument(
        "--age",
        type=float,
        metavar="YEARS",
        help="age of the patient; it changes only the nuclear grade and its interval",
    )
    parser.add_argument("--zones", action="store_true", help="draw the zones of the lens into overlays, too")


def add_reading_options(parser: argparse.ArgumentParser) -> None:
    """Declare the options that say how scans are read and judged."""
    parser.add_argument(
        "--threshold",
        type=float,
        metavar="F",
        help="Cataract Fraction that counts as cataract (default: the model's); changes the decision, not the answer",
    )
    place = parser.add_mutually_exclusive_group()
    place.add_argument(
        "--profile",
        type=path_argument,
        metavar="NAME",
        help="device profile: a name or a TOML file (default: by the frame's shape)",
    )
    place.add_argument("--pixel-um", metavar="ROW,COLUMN", help="pixel pitch of a scan from an unknown frame")
    parser.add_argument(
        "--bits",
        type=whole_number(),
        metavar="N",
        help="bits that the device records in 16-bit scans (default: as the file says)",
    )


def path_argument(text: str) -> str:
    """A path of the command line; an empty one is a script's unset variable."""
    if not text:
        raise argparse.ArgumentTypeError("an empty path was given")
    return text


def check_standard_input(scans: Sequence[str]) -> None:
    """Refuse ``-`` that is named twice.

    Raises
    ------
    UsageError
        Standard input can be read once.
    """
    if scans.count("-") > 1:
        raise UsageError("usage", "Standard input was named twice.", "Name - once.")


def load_analyzer(options: AnalyzerOptions) -> CataractAnalyzer:
    """Load the analyzer that the options and the environment ask for.

    Raises
    ------
    UsageError
        For a value that makes no sense.
    EdgeCataractError
        When the model or the profile cannot be used.
    """
    from edge_runtime.analyzer import CataractAnalyzer, Limits

    analyzer = CataractAnalyzer(
        options.model_path,
        precision=options.precision or DEFAULT_PRECISION,
        threshold=options.threshold,
        profile=options.profile if options.pixel_um is None else pixel_pitch(options.pixel_um),
        limits=Limits(wanted_threads(options.threads), options.max_memory_mb),
        bits=options.bits,
    )
    own = analyzer.network.metadata.precision
    if options.model and options.precision not in (None, own):
        raise UsageError("usage", f"The model is {own}, not {options.precision}.", "Leave out --precision.")
    import cv2

    cv2.setNumThreads(analyzer.network.threads)  # or its own pool takes every core of the host
    return analyzer


def add_slots_option(parser: argparse.ArgumentParser, then: str) -> None:
    """Declare ``--slots``; `then` says when a switch takes effect."""
    parser.add_argument(
        "--slots",
        type=path_argument,
        metavar="DIR",
        help=f"measure with the model in use of this folder; a switch takes effect {then}",
    )


def wanted_threads(flag: int | None) -> int | None:
    """Inference threads by flag or environment; None: neither says.

    Raises
    ------
    UsageError
        When the environment says no number.
    """
    text = os.environ.get("EDGE_CATARACT_THREADS")
    if flag is not None or not text:
        return flag
    try:
        return int(text)
    except ValueError as error:
        raise UsageError("usage", f"EDGE_CATARACT_THREADS is {text!r}.", "Give a whole number.") from error


def pixel_pitch(text: str) -> PixelPitch:
    """The pitch that ``ROW,COLUMN`` says.

    Raises
    ------
    UsageError
        ``bad-pixel-pitch``.
    """
    from edge_runtime.frame.profiles import PixelPitch

    try:
        row_um, column_um = (float(part) for part in text.split(","))
    except ValueError as error:
        raise UsageError(
            "bad-pixel-pitch", f"--pixel-um {text!r} is not ROW,COLUMN.", "Give two numbers, such as 7.675,7.675."
        ) from error
    return PixelPitch(row_um, column_um)
