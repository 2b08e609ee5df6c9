"""``edge-cataract exam FOLDER|SCAN ...``: the radial scans of an exam, judged together, eye by eye."""

from __future__ import annotations

import argparse
import re

from edge_runtime.checked import checked_age

from .arguments import AnalyzerOptions, SpeechOptions, add_analysis_options, path_argument
from .audit_output import AuditOptions, add_audit_options
from .dicom_results import DicomOptions, add_dicom_arguments
from .exam_eyes import ExamOptions, judge_exam
from .fhir_output import FhirOutput, add_fhir_options
from .reports import ReportOptions, add_report_options

# Names that Windows keeps for devices.
_RESERVED = {"CON", "PRN", "AUX", "NUL", *(f"{port}{number}" for port in ("COM", "LPT") for number in range(1, 10))}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the verb."""
    parser.add_argument("scans", nargs="+", metavar="SCAN", help="scan files, a folder with them, or a manifest (.csv)")
    parser.add_argument(
        "--eye",
        choices=["OD", "OS"],
        help="the patient's right (OD) or left (OS) eye (default: as files, names or the manifest say it)",
    )
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
        help="PNG: the whole eye in one picture, with the lens from the front and the nuclear grade; of two eyes, "
        "PATH gets -OD and -OS before its ending",
    )
    parser.add_argument(
        "--labels", type=path_argument, metavar="DIR", help="write <stem>.labels.png per scan into this folder"
    )
    parser.add_argument(
        "--corrected",
        type=path_argument,
        metavar="DIR",
        help="measure by the label maps of this folder that a person corrected: <stem>.labels.png or .labels.dcm",
    )
    add_report_options(parser)
    add_dicom_arguments(parser)
    add_fhir_options(parser)
    add_audit_options(parser)


def _label(text: str) -> str:
    """A part of a file name on any system."""
    if not re.fullmatch(r"[\w][\w .+-]{0,63}", text) or text[-1] in " ." or text.upper() in _RESERVED:
        raise argparse.ArgumentTypeError(f"{text!r} is no label: letters, digits, - . _ and spaces, 64 at most")
    return text


def run(options: argparse.Namespace) -> int:
    """Run the verb; returns the exit code."""
    return judge_exam(
        ExamOptions(
            given=tuple(options.scans),
            eye=options.eye,
            analyzer=AnalyzerOptions.of(options),
            speech=SpeechOptions.of(options),
            folder=options.output,
            name=options.name,
            overwrite=options.overwrite,
            age_years=checked_age(options.age),
            zones=options.zones,
            picture=options.picture,
            corrected=options.corrected,
            labels=options.labels,
            fhir=FhirOutput.of(options),
            reports=ReportOptions.of(options),
            dicom=DicomOptions.of(options),
            audit=AuditOptions.of(options),
        )
    )
