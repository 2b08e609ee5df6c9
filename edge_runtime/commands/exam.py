"""``edge-cataract exam FOLDER|SCAN ...``: the radial scans of an exam, judged together, eye by eye."""

from __future__ import annotations

import argparse
import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from edge_runtime.checked import checked_age
from edge_runtime.errors import FAULTS_OF_ONE_SCAN, InternalError, UsageError

from .arguments import AnalyzerOptions, SpeechOptions, add_analysis_options, load_analyzer, path_argument
from .console import complain, print_data
from .dicom_results import DicomOptions, add_dicom_arguments, write_dicom
from .outcome import EXIT_NOT_GRADED, EXIT_SOME_FAILED, explain
from .outputs import Outputs, PicturePaths, deliver, stem
from .reports import ReportOptions, add_report_options

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from edge_runtime.analyzer import CataractAnalyzer
    from edge_runtime.dicom_out.files import DicomFiles
    from edge_runtime.results import EyeResult
    from edge_runtime.scan import Exam

# Names that Windows keeps for devices.
_RESERVED = {"CON", "PRN", "AUX", "NUL", *(f"{port}{number}" for port in ("COM", "LPT") for number in range(1, 10))}


@dataclass(frozen=True, slots=True)
class ExamOptions:
    """What the verb was asked for.

    Attributes
    ----------
    given
        Paths of the radial scans, of folders with them, or of a manifest.
    eye
        ``OD`` or ``OS``; None: as the scans say it.
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
    reports
        The page and the table of the exam.
    """

    given: tuple[str, ...]
    eye: str | None
    analyzer: AnalyzerOptions
    speech: SpeechOptions
    folder: str | None
    name: str | None
    overwrite: bool
    age_years: float | None
    zones: bool
    picture: str | None
    dicom: DicomOptions
    reports: ReportOptions


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
    add_dicom_arguments(parser)
    add_report_options(parser)


def _label(text: str) -> str:
    """A part of a file name on any system."""
    if not re.fullmatch(r"[\w][\w .+-]{0,63}", text) or text[-1] in " ." or text.upper() in _RESERVED:
        raise argparse.ArgumentTypeError(f"{text!r} is no label: letters, digits, - . _ and spaces, 64 at most")
    return text


def run(options: argparse.Namespace) -> int:
    """Run the verb; returns the exit code."""
    return analyze_exam(
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
            dicom=DicomOptions.of(options),
            reports=ReportOptions.of(options),
        )
    )


def analyze_exam(options: ExamOptions) -> int:
    """Analyse the scans of an exam and deliver one document for each eye; returns the exit code."""
    from edge_runtime.exams.eyes import split_eyes
    from edge_runtime.exams.opening import open_scans
    from edge_runtime.report.targets import check_targets
    from edge_runtime.scan import Laterality

    from .inputs import scans_of_one_exam

    planned = scans_of_one_exam(options.given, options.eye, quiet=options.speech.quiet)
    loaded: list[CataractAnalyzer] = []  # by the time a scan is read; files are opened before, to know their eyes
    opened = open_scans(planned, lambda: loaded[0].room_for_reading() if loaded else None)
    eyes = split_eyes(opened, Laterality(options.eye) if options.eye else None)
    exams = sorted(eyes.exams, key=lambda exam: exam.laterality or "")
    files = {source.name: scan.planned.path for scan in opened for source in scan.sources}
    outputs = _outputs(exams, files, options)
    targets = [target for one in outputs for target in one.targets()]
    targets += options.reports.targets([scan.path for scan in planned])
    inputs = [*(scan.path for scan in planned), *options.analyzer.files]
    check_targets(targets, inputs, overwrite=options.overwrite)
    capped = options.analyzer.max_memory_mb is not None
    objects = [
        options.dicom.prepare(one.paths, exam.sources, one.name, overwrite=options.overwrite, capped=capped)
        for exam, one in zip(exams, outputs, strict=True)
    ]
    loaded.append(load_analyzer(options.analyzer))
    judged: list[EyeResult | None] = []
    for exam, one, dicom in zip(exams, outputs, objects, strict=True):
        if judged and not options.speech.json:
            print_data("")
        judged.append(_judge(loaded[0], exam, one, options, dicom=dicom, alone=len(exams) == 1))
    options.reports.deliver([eye for eye in judged if eye is not None])
    for stray in eyes.strays:
        if stray.error is not None:
            stray.error.lost = "Both eyes were judged without it."
            complain(stray.error, stray.planned.path, debug=options.speech.debug)
    codes = {_exit_code(eye) for eye in judged}
    return codes.pop() if len(codes) == 1 and not eyes.strays else EXIT_SOME_FAILED


def _outputs(exams: Sequence[Exam], files: Mapping[str, str], options: ExamOptions) -> list[Outputs]:
    """Where the results of each eye go; overlays say the eye where names of scans are the same in both.

    Parameters
    ----------
    exams
        The eyes.
    files
        The path of the file of each scan, by the scan's name.
    options
        What was asked for.
    """
    stems = [[_stem(files[source.name], source.frame) for source in exam.sources] for exam in exams]
    shared = len(exams) > 1 and bool(set(stems[0]).intersection(*stems[1:]))
    outputs = []
    for exam, names in zip(exams, stems, strict=True):
        name = f"{options.name or 'exam'}-{exam.laterality}"
        picture = options.picture
        if picture and len(exams) > 1:
            head, ending = os.path.splitext(picture)
            picture = f"{head}-{exam.laterality}{ending}"
        outputs.append(
            Outputs(
                options.folder,
                name,
                [files[source.name] for source in exam.sources],
                PicturePaths(eye=picture),
                label=name if options.name else (exam.laterality or "" if shared else ""),
                overwrite=options.overwrite,
                zones=options.zones,
                stems=names,
            )
        )
    return outputs


def _stem(path: str, frame: int | None) -> str:
    return stem(path) + ("" if frame is None else f".{frame:03d}")


def _judge(
    analyzer: CataractAnalyzer,
    exam: Exam,
    outputs: Outputs,
    options: ExamOptions,
    *,
    dicom: DicomFiles | None,
    alone: bool,
) -> EyeResult | None:
    """Analyse one eye and deliver its document; None when it was refused, and the other eye is judged all the same."""
    try:
        eye = analyzer.analyze_exam(exam, age_years=options.age_years)
    except (UsageError, *FAULTS_OF_ONE_SCAN, InternalError) as error:
        if alone:
            raise
        error.lost = f"{exam.laterality} was not judged."
        complain(error, error.source, debug=options.speech.debug)
        return None
    for entry in eye.unreadable:
        entry.error.lost = "The exam was judged without it."
        complain(entry.error, entry.error.source, debug=options.speech.debug)
    write_dicom(dicom, eye, options.reports.language, options.name)
    deliver(eye, outputs, options.speech)
    for scan in eye.scans:
        if not scan.gradable and not options.speech.quiet:
            explain(scan)
    return eye


def _exit_code(eye: EyeResult | None) -> int:
    if eye is None or eye.unreadable:
        return EXIT_SOME_FAILED
    return 0 if eye.scans_used else EXIT_NOT_GRADED
