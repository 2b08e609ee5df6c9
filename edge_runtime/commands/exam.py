"""``edge-cataract exam SCAN ... --eye OD|OS``: the radial scans of one eye, judged together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .arguments import AnalyzerOptions, SpeechOptions, add_analysis_options, check_standard_input, load_analyzer
from .console import complain
from .outcome import EXIT_NOT_GRADED, EXIT_SOME_FAILED, explain
from .outputs import Outputs, deliver

if TYPE_CHECKING:
    import argparse


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
    """

    scans: tuple[str, ...]
    eye: str
    analyzer: AnalyzerOptions
    speech: SpeechOptions
    folder: str | None


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the verb."""
    parser.add_argument("scans", nargs="+", metavar="SCAN", help="scan files of one eye")
    parser.add_argument("--eye", required=True, choices=["OD", "OS"], help="the patient's right (OD) or left (OS) eye")
    add_analysis_options(parser)


def run(options: argparse.Namespace) -> int:
    """Run the verb; returns the exit code."""
    return analyze_exam(
        ExamOptions(
            scans=tuple(options.scans),
            eye=options.eye,
            analyzer=AnalyzerOptions.of(options),
            speech=SpeechOptions.of(options),
            folder=options.output,
        )
    )


def analyze_exam(options: ExamOptions) -> int:
    """Analyse the scans of one eye and deliver one document; returns the exit code."""
    from edge_runtime.report.files import check_targets
    from edge_runtime.scan import Laterality

    check_standard_input(options.scans)
    outputs = Outputs(options.folder, f"exam-{options.eye}", options.scans)
    check_targets(outputs.targets(), [*options.scans, *options.analyzer.files])
    eye = load_analyzer(options.analyzer).analyze_exam(options.scans, Laterality(options.eye))
    for entry in eye.unreadable:
        entry.error.lost = "The exam was judged without it."
        complain(entry.error, entry.error.source, debug=options.speech.debug)
    deliver(eye, outputs, options.speech)
    for scan in eye.scans:
        if not scan.gradable and not options.speech.quiet:
            explain(scan)
    if eye.unreadable:
        return EXIT_SOME_FAILED
    return 0 if eye.scans_used else EXIT_NOT_GRADED
