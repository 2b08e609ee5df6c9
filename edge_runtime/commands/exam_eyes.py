"""The eyes of an exam: judged one after the other, and delivered, each by itself and both together."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from edge_runtime.errors import FAULTS_OF_ONE_SCAN, InternalError, UsageError

from .arguments import AnalyzerOptions, SpeechOptions, load_analyzer
from .audit_output import NO_AUDIT, AuditOptions
from .console import complain
from .corrections import maps_in, maps_to_keep
from .delivery import Delivery, check_standard_output
from .dicom_results import DicomOptions, dicom_contents
from .exam_outputs import outputs_of
from .fhir_output import FhirOutput
from .kept_files import files_to_keep
from .outcome import EXIT_NOT_GRADED, EXIT_SOME_FAILED, explain
from .outputs import add_result, printed_result
from .reports import ReportOptions

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from edge_runtime.analyzer import CataractAnalyzer
    from edge_runtime.dicom_out.files import DicomFiles
    from edge_runtime.label_map import LabelMap
    from edge_runtime.results import EyeResult, UnreadableScan
    from edge_runtime.scan import Exam

    from .fhir_output import Place
    from .outputs import Outputs


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
    from edge_runtime.exams.opening import open_scans
    from edge_runtime.scan import Laterality

    from .inputs import scans_of_one_exam

    planned = scans_of_one_exam(options.given, options.eye, quiet=options.speech.quiet)
    loaded: list[CataractAnalyzer] = []  # by the time a scan is read; files are opened before, to know their eyes
    opened = open_scans(planned, lambda: loaded[0].room_for_reading() if loaded else None)
    found = split_eyes(opened, Laterality(options.eye) if options.eye else None)
    exams = sorted(found.exams, key=lambda exam: exam.laterality or "")
    files = {source.name: scan.planned.path for scan in opened for source in scan.sources}
    eyes = _checked_eyes(exams, files, [scan.path for scan in planned], options)
    audit = options.audit.open()
    loaded.append(load_analyzer(options.analyzer))
    with Delivery(overwrite=options.overwrite, audit=audit) as delivery:
        judged = _judge_all(loaded[0], eyes, options, delivery)
        delivery.finish()
    if not options.speech.quiet:
        for eye in (eye for eye in judged if eye is not None):
            for scan in (scan for scan in eye.scans if not scan.gradable):
                explain(scan, eye)
    for stray in found.strays:
        if stray.error is not None:
            stray.error.lost = "Both eyes were judged without it."
            complain(stray.error, stray.planned.path, debug=options.speech.debug)
    codes = {_exit_code(eye) for eye in judged}
    return codes.pop() if len(codes) == 1 and not found.strays else EXIT_SOME_FAILED


def _checked_eyes(
    exams: Sequence[Exam], files: Mapping[str, str], paths: Sequence[str], options: ExamOptions
) -> list[_EyeOfExam]:
    """Before any work: where the results of each eye go, all of which can be written, and what was corrected in it.

    Parameters
    ----------
    exams
        The eyes.
    files
        The path of the file of each scan, by the scan's name.
    paths
        Those of all files that were given, of eyes that are not known, too.
    options
        What was asked for.
    """
    from edge_runtime.exams.manifest import is_manifest
    from edge_runtime.report.targets import check_targets

    outputs = outputs_of(exams, files, options)
    targets = [target for one in outputs for target in one.targets()]
    targets += [*options.fhir.targets(paths), *options.reports.targets(paths)]
    check_standard_output(targets, json=options.speech.json)
    stems = [name for one in outputs for name in one.map_stems]
    given = [*paths, *(path for path in options.given if is_manifest(path)), *maps_to_keep(options.corrected, stems)]
    kept = files_to_keep(given, options.analyzer, options.audit, targets=targets)
    check_targets(targets, kept, overwrite=options.overwrite)
    corrected = _corrected(exams, stems, options)
    kept += [target.path for target in targets]
    return [
        _EyeOfExam(exam, one, _dicom(exam, one, options, kept), _of_eye(corrected, exam))
        for exam, one in zip(exams, outputs, strict=True)
    ]


def _judge_all(
    analyzer: CataractAnalyzer, eyes: Sequence[_EyeOfExam], options: ExamOptions, delivery: Delivery
) -> list[EyeResult | None]:
    """Analyse the eyes, one after the other, and add to a delivery what each gives, and both give together."""
    from edge_runtime.report.document import document

    created = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())  # one time for all that is written
    judged: list[EyeResult | None] = []
    for one in eyes:
        eye = _judge(analyzer, one, options, alone=len(eyes) == 1)
        if eye is not None:
            content = document(eye, created=created)
            _add(delivery, one, eye, options, content)
            if any(judged) and not options.speech.json:
                delivery.say("")
            delivery.say(printed_result(eye, content, options.speech))
        judged.append(eye)
    together = [eye for eye in judged if eye is not None]
    delivery.add(options.fhir.encode(together, created, _places(eyes, judged)), together)
    delivery.add(options.reports.encode(together, created), together)
    return judged


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


def _dicom(exam: Exam, outputs: Outputs, options: ExamOptions, kept: Sequence[str]) -> DicomFiles | None:
    """The DICOM objects of an eye, checked before any work; None when they were not asked for."""
    return options.dicom.prepare(
        outputs.paths,
        exam.sources,
        outputs.name,
        overwrite=options.overwrite,
        capped=options.analyzer.max_memory_mb is not None,
        kept=kept,
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
    *,
    alone: bool,
) -> EyeResult | None:
    """Analyse one eye; None when it was refused, and the other eye is judged all the same."""
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
    return eye


def _add(delivery: Delivery, one: _EyeOfExam, eye: EyeResult, options: ExamOptions, content: dict[str, Any]) -> None:
    """Add the files of one eye, while it alone is encoded."""
    if one.dicom is not None:
        objects = dicom_contents(one.dicom, eye, options.reports.language, options.name, created=content["created"])
        delivery.add_unclaimed(objects, one.dicom.check_ownership)
    add_result(delivery, eye, one.outputs, content)


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
