"""``edge-cataract exam SCAN ... --eye OD|OS``: the radial scans of one eye, judged together."""

from __future__ import annotations

import argparse
import re
from dataclasses import dataclass

from edge_runtime.checked import checked_age

from .arguments import (
    AnalyzerOptions,
    SpeechOptions,
    add_analysis_options,
    check_standard_input,
    load_analyzer,
    path_argument,
)
from .console import complain
from .dicom_results import DicomOptions, add_dicom_arguments, write_dicom
from .outcome import EXIT_NOT_GRADED, EXIT_SOME_FAILED, explain
from .outputs import Outputs, PicturePaths, deliver, without_own_pictures

# Names that Windows keeps for devices.
_RESERVED = {"CON", "PRN", "AUX", "NUL", *(f"{port}{number}" for port in ("COM", "LPT") for number in range(1, 10))}


@dataclass(frozen=True, slots=True)
class ExamOptions:
    """What the verb was asked for.

    Attributes
    ----------
    scans
        Paths of the radial scans of one eye.
    eye
        ``OD`` or ``OS``.
    folder
        The folder of ``-o``, or None.
    name
        Label of the exam in the names of its files, never a person's name; None: without.
    overwrite
        Whether results of other scans may be replaced.
    age_years
        Age of the patient; None: not given.
    zones
        Whether overlays show the zones of the lens.
    picture
        Where the picture of the whole eye goes; None: not asked for.
    dicom
        Which DICOM objects are asked for.
    """

    scans: tuple[str, ...]
    eye: str
    analyzer: AnalyzerOptions
    speech: SpeechOptions
    folder: str | None
    name: str | None
    overwrite: bool
    age_years: float | None
    zones: bool
    picture: str | None
    dicom: DicomOptions


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the verb."""
    parser.add_argument("scans", nargs="+", metavar="SCAN", help="scan files of one eye")
    parser.add_argument("--eye", required=True, choices=["OD", "OS"], help="the patient's right (OD) or left (OS) eye")
    add_analysis_options(parser)
    parser.add_argument(
        "--name",
        type=_label,
        metavar="LABEL",
        help="label of the exam in the names of its files, so that exams stay apart; never a person's name",
    )
    parser.add_argument(
        "--picture",
        type=path_argument,
        metavar="PATH",
        help="PNG: the whole eye in one picture, with the lens from the front and the nuclear grade",
    )
    add_dicom_arguments(parser)


def _label(text: str) -> str:
    """A part of a file name on any system."""
    if not re.fullmatch(r"[\w][\w .+-]{0,63}", text) or text[-1] in " ." or text.upper() in _RESERVED:
        raise argparse.ArgumentTypeError(f"{text!r} is no label: letters, digits, - . _ and spaces, 64 at most")
    return text


def run(options: argparse.Namespace) -> int:
    """Run the verb; returns the exit code."""
    return analyze_exam(
        ExamOptions(
            scans=without_own_pictures(options.scans, quiet=options.quiet),
            eye=options.eye,
            analyzer=AnalyzerOptions.of(options),
            speech=SpeechOptions.of(options),
            folder=options.output,
            name=options.name,
            overwrite=options.overwrite,
            age_years=checked_age(options.age),
            zones=options.zones,
            picture=options.picture,
            dicom=DicomOptions.of(options),
        )
    )


def analyze_exam(options: ExamOptions) -> int:
    """Analyse the scans of one eye and deliver one document; returns the exit code."""
    from edge_runtime.report.targets import check_targets
    from edge_runtime.scan import Laterality

    check_standard_input(options.scans)
    name = f"{options.name or 'exam'}-{options.eye}"
    label = name if options.name else ""
    outputs = Outputs(
        options.folder,
        name,
        options.scans,
        PicturePaths(eye=options.picture),
        label=label,
        overwrite=options.overwrite,
        zones=options.zones,
    )
    check_targets(outputs.targets(), [*options.scans, *options.analyzer.files], overwrite=options.overwrite)
    dicom = options.dicom.prepare(
        [(path, None) for path in options.scans],
        name,
        overwrite=options.overwrite,
        capped=options.analyzer.max_memory_mb is not None,
    )
    eye = load_analyzer(options.analyzer).analyze_exam(
        options.scans, Laterality(options.eye), age_years=options.age_years
    )
    for entry in eye.unreadable:
        entry.error.lost = "The exam was judged without it."
        complain(entry.error, entry.error.source, debug=options.speech.debug)
    write_dicom(dicom, eye)
    deliver(eye, outputs, options.speech)
    for scan in eye.scans:
        if not scan.gradable and not options.speech.quiet:
            explain(scan)
    if eye.unreadable:
        return EXIT_SOME_FAILED
    return 0 if eye.scans_used else EXIT_NOT_GRADED
