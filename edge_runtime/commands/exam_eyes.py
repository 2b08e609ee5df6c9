"""The eyes of an exam: judged one after the other, and delivered, each by itself and both together."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from edge_runtime.errors import FAULTS_OF_ONE_SCAN, InternalError, UsageError

from .arguments import AnalyzerOptions, SpeechOptions, load_analyzer
from .audit_output import NO_AUDIT, AuditOptions, record
from .console import complain, print_data
from .corrections import maps_in, maps_to_keep
from .dicom_results import DicomOptions, write_dicom
from .fhir_output import FhirOutput
from .outcome import EXIT_NOT_GRADED, EXIT_SOME_FAILED, explain
from .outputs import Outputs, PicturePaths, deliver, stem
from .reports import ReportOptions

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from edge_runtime.analyzer import CataractAnalyzer
    from edge_runtime.audit import AuditTrail
    from edge_runtime.dicom_out.files import DicomFiles
    from edge_runtime.label_map import LabelMap
    from edge_runtime.results import EyeResult, UnreadableScan
    from edge_runtime.scan import Exam

    from .fhir_output import Place


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
    corrected
        Folder of label maps that a person corrected; None: not given.
    labels
        Folder in which label maps are written; None: not asked for.
    fhir, reports, dicom
        The bundle, the page and table, and the DICOM objects that are asked for, if any.
    audit
        The record of every answer.
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
    corrected: str | None
    labels: str | None
    fhir: FhirOutput
    reports: ReportOptions
    dicom: DicomOptions
    audit: AuditOptions = NO_AUDIT


@dataclass(frozen=True, slots=True)
class _EyeOfExam:
    """One eye: its scans, where its results go, and what a person labelled in them, by the names of the scans."""

    exam: Exam
    outputs: Outputs
    dicom: DicomFiles | None
    corrected: dict[str, LabelMap]


def judge_exam(options: ExamOptions) -> int:
    """Analyse the scans of an exam and deliver one document for each eye; returns the exit code."""
    from edge_runtime.exams.eyes import split_eyes
    from edge_runtime.exams.manifest import is_manifest
    from edge_runtime.exams.opening import open_scans
    from edge_runtime.report.targets import check_targets
    from edge_runtime.scan import Laterality

    from .inputs import scans_of_one_exam

    planned = scans_of_one_exam(options.given, options.eye, quiet=options.speech.quiet)
    loaded: list[CataractAnalyzer] = []  # by the time a scan is read; files are opened before, to know their eyes
    opened = open_scans(planned, lambda: loaded[0].room_for_reading() if loaded else None)
    found = split_eyes(opened, Laterality(options.eye) if options.eye else None)
    exams = sorted(found.exams, key=lambda exam: exam.laterality or "")
    files = {source.name: scan.planned.path for scan in opened for source in scan.sources}
    outputs = _outputs(exams, files, options)
    paths = [scan.path for scan in planned]
    stems = [name for one in outputs for name in one.map_stems]
    manifests = [path for path in options.given if is_manifest(path)]
    check_targets(
        [target for one in outputs for target in one.targets()]
        + options.fhir.targets(paths)
        + options.reports.targets(paths),
        [*paths, *manifests, *options.analyzer.files, *maps_to_keep(options.corrected, stems)],
        overwrite=options.overwrite,
    )
    corrected = _corrected(exams, stems, options)
    eyes = [
        _EyeOfExam(exam, one, _dicom(exam, one, options), _of_eye(corrected, exam))
        for exam, one in zip(exams, outputs, strict=True)
    ]
    audit = options.audit.open()
    loaded.append(load_analyzer(options.analyzer))
    created = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())  # one time for all that is written
    judged: list[EyeResult | None] = []
    for eye in eyes:
        if judged and not options.speech.json:
            print_data("")
        judged.append(_judge(loaded[0], eye, options, created, audit, alone=len(eyes) == 1))
    together = [eye for eye in judged if eye is not None]
    options.fhir.deliver(together, overwrite=options.overwrite, created=created, places=_places(eyes, judged))
    options.reports.deliver(together, created)
    for stray in found.strays:
        if stray.error is not None:
            stray.error.lost = "Both eyes were judged without it."
            complain(stray.error, stray.planned.path, debug=options.speech.debug)
    codes = {_exit_code(eye) for eye in judged}
    return codes.pop() if len(codes) == 1 and not found.strays else EXIT_SOME_FAILED


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
                labels=options.labels,
                eye=exam.laterality or "" if shared else "",
            )
        )
    return outputs


def _stem(path: str, frame: int | None) -> str:
    return stem(path) + ("" if frame is None else f".{frame:03d}")


def _corrected(exams: Sequence[Exam], stems: Sequence[str], options: ExamOptions) -> dict[str, LabelMap]:
    """What a person labelled in the scans of all eyes, by the names of the scans."""
    if options.corrected is None:
        return {}
    sources = [source for exam in exams for source in exam.sources]
    return maps_in(
        options.corrected,
        [source.name for source in sources],
        stems,
        quiet=options.speech.quiet,
        frames=[source.frame for source in sources],
    )


def _of_eye(corrected: Mapping[str, LabelMap], exam: Exam) -> dict[str, LabelMap]:
    return {source.name: corrected[source.name] for source in exam.sources if source.name in corrected}


def _dicom(exam: Exam, outputs: Outputs, options: ExamOptions) -> DicomFiles | None:
    """The DICOM objects of an eye, checked before any work; None when they were not asked for."""
    return options.dicom.prepare(
        outputs.paths,
        exam.sources,
        outputs.name,
        overwrite=options.overwrite,
        capped=options.analyzer.max_memory_mb is not None,
    )


def _places(eyes: Sequence[_EyeOfExam], judged: Sequence[EyeResult | None]) -> list[Place]:
    """The hash of each scan that was read, and its file."""
    from edge_runtime.results import ScanResult

    return [
        (entry.scan.sha256, path)
        for one, eye in zip(eyes, judged, strict=True)
        if eye is not None
        for entry, path in zip(eye.entries, one.outputs.paths, strict=True)
        if isinstance(entry, ScanResult)
    ]


def _judge(
    analyzer: CataractAnalyzer,
    one: _EyeOfExam,
    options: ExamOptions,
    created: str,
    audit: AuditTrail | None,
    *,
    alone: bool,
) -> EyeResult | None:
    """Analyse one eye and deliver its document; None when it was refused, and the other eye is judged all the same."""
    try:
        eye = analyzer.analyze_exam(one.exam, age_years=options.age_years, corrected=one.corrected or None)
    except (UsageError, *FAULTS_OF_ONE_SCAN, InternalError) as error:
        if alone:
            raise
        entries = _unreadable(one.exam)
        if len(entries) < len(one.exam.sources):
            error.lost = f"{one.exam.laterality} was not judged."
            complain(error, error.source, debug=options.speech.debug)
            return None
        from edge_runtime.analyzer import SCANS_PER_EXAM

        eye = analyzer.as_eye(entries, laterality=one.exam.laterality, scans_expected=SCANS_PER_EXAM)
    for entry in eye.unreadable:
        entry.error.lost = "The exam was judged without it."
        complain(entry.error, entry.error.source, debug=options.speech.debug)
    record(audit, eye, created)
    write_dicom(one.dicom, eye, options.reports.language, options.name, created=created)
    deliver(eye, one.outputs, options.speech, created)
    for scan in eye.scans:
        if not scan.gradable and not options.speech.quiet:
            explain(scan, eye)
    return eye


def _unreadable(exam: Exam) -> list[UnreadableScan]:
    """The scans of an eye that cannot be read: where that is all of them, its document says so, scan by scan."""
    from edge_runtime.exam_scale import of_one_scan
    from edge_runtime.results import UnreadableScan

    read = (of_one_scan(source.name, source.read) for source in exam.sources)
    return [entry for entry in read if isinstance(entry, UnreadableScan)]


def _exit_code(eye: EyeResult | None) -> int:
    if eye is None or eye.unreadable:
        return EXIT_SOME_FAILED
    return 0 if eye.scans_used else EXIT_NOT_GRADED
