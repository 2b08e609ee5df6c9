"""One eye's result as a Structured Report: Comprehensive 3D SR after TID 1500, Measurement Report.

A first group of measurements is about the eye, one more about each scan. What could not be graded has no number: it
says so, with the reasons.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from edge_runtime.version import __version__

from .concepts import (
    EYE_MEASURES,
    GRADE_ENDS,
    PROCEDURE,
    QUESTIONS,
    SCAN_MEASURES,
    SCHEME,
    lens_concept,
    meaning_of,
    own_concept,
    side_concept,
)
from .filing import MAKER, bare_source

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from highdicom.sr import (
        AlgorithmIdentification,
        Comprehensive3DSR,
        Measurement,
        MeasurementReport,
        MeasurementsAndQualitativeEvaluations,
        ObservationContext,
        SourceImageForMeasurementGroup,
    )

    from .concepts import Measure
    from .filing import FiledEye
    from .source import SourceFrame

SERIES_NUMBER = 7801


def structured_report(filed: FiledEye) -> Comprehensive3DSR:
    """The report of one eye: partial, preliminary and not verified, for no person has looked at it."""
    from highdicom.sr import Comprehensive3DSR

    report = Comprehensive3DSR(
        evidence=[bare_source(source) for source in filed.sources],
        content=_content(filed)[0],
        series_instance_uid=filed.uid("sr", "series"),
        series_number=SERIES_NUMBER,
        sop_instance_uid=filed.uid("sr"),
        instance_number=1,
        is_complete=False,
        is_final=False,
        is_verified=False,
        transfer_syntax_uid="1.2.840.10008.1.2.1",
        coding_schemes=[_scheme()],
    )
    filed.stamp(report)
    return report


def _scheme() -> Any:
    from highdicom.coding_schemes import CodingSchemeIdentificationItem

    return CodingSchemeIdentificationItem(
        SCHEME, name="Words of edge-cataract result documents", version="1", responsible_organization=MAKER
    )


def _content(filed: FiledEye) -> MeasurementReport:
    from highdicom.sr import MeasurementReport

    scans = zip(filed.content["scans"], filed.frames, strict=True)
    groups = [_eye_group(filed)]
    groups += [_scan_group(filed, number, scan, frame) for number, (scan, frame) in enumerate(scans, start=1)]
    return MeasurementReport(_observer(filed), own_concept(*PROCEDURE), groups)


def _observer(filed: FiledEye) -> ObservationContext:
    from highdicom.sr import DeviceObserverIdentifyingAttributes, ObservationContext, ObserverContext
    from pydicom.sr.codedict import codes
    from pydicom.uid import generate_uid

    model = filed.eye.model
    device = DeviceObserverIdentifyingAttributes(
        uid=str(generate_uid(entropy_srcs=[MAKER, __version__, model.sha256])),
        name=MAKER,
        manufacturer_name=MAKER,
        model_name=f"{model.name} {model.version} {model.precision}",
        serial_number=model.sha256,
    )
    return ObservationContext(ObserverContext(codes.DCM.Device, device))


def _algorithm(filed: FiledEye) -> AlgorithmIdentification:
    from highdicom.sr import AlgorithmIdentification

    model, eye = filed.content["model"], filed.content["eye"]
    parameters = [f"{name} {model[name]}" for name in ("precision", "sha256", "trained_on", "doubts") if name in model]
    parameters += [f"threshold {eye['threshold']:g}", filed.content["disclaimer"]]
    return AlgorithmIdentification(
        f"{MAKER} {model['name']}", f"{__version__}, model {model['version']}", parameters=parameters
    )


def _eye_group(filed: FiledEye) -> MeasurementsAndQualitativeEvaluations:
    eye = filed.content["eye"]
    evaluations = [("answer", eye["answer"]), *(("answer-reason", reason) for reason in eye["answer_reasons"])]
    if eye["cataract_fraction"] is None:
        reasons = dict.fromkeys(reason for scan in filed.content["scans"] for reason in scan["reasons"])
        evaluations += [("not-graded-for", reason) for reason in reasons]
        return _group(filed, "eye", (), evaluations, filed.frames)
    measurements = list(_measurements(eye, EYE_MEASURES))
    if eye["grade"] is not None:
        ends = zip(GRADE_ENDS, eye["grade"]["interval_db"], strict=True)
        measurements += [_measurement(measure, value) for measure, value in ends]
        evaluations.append(("nuclear-step", eye["grade"]["word"]))
    return _group(filed, "eye", measurements, evaluations, filed.frames)


def _scan_group(
    filed: FiledEye, number: int, scan: Mapping[str, Any], frame: SourceFrame
) -> MeasurementsAndQualitativeEvaluations:
    evaluations = [("grading", "graded" if scan["gradable"] else "not-graded")]
    evaluations += [("not-graded-for", reason) for reason in scan["reasons"]]
    measurements = _measurements(scan, SCAN_MEASURES) if scan["gradable"] else ()
    return _group(filed, f"scan {number}", measurements, evaluations, (frame,))


def _group(
    filed: FiledEye,
    name: str,
    measurements: Iterable[Measurement],
    evaluations: Iterable[tuple[str, str]],
    frames: Iterable[SourceFrame],
) -> MeasurementsAndQualitativeEvaluations:
    """Measurements and evaluations of one eye or scan (TID 1501)."""
    from highdicom.sr import (
        FindingSite,
        MeasurementsAndQualitativeEvaluations,
        QualitativeEvaluation,
        TrackingIdentifier,
    )

    side = filed.laterality
    return MeasurementsAndQualitativeEvaluations(
        TrackingIdentifier(uid=filed.uid("sr", name), identifier=name),
        finding_sites=[FindingSite(lens_concept(), None if side is None else side_concept(side))],
        algorithm_id=_algorithm(filed),
        measurements=list(measurements),
        qualitative_evaluations=[
            QualitativeEvaluation(own_concept(question, QUESTIONS[question]), own_concept(word, meaning_of(word)))
            for question, word in evaluations
        ],
        source_images=list(_references(frames)),
    )


def _references(frames: Iterable[SourceFrame]) -> Iterator[SourceImageForMeasurementGroup]:
    """One reference to each object, with the numbers of its frames."""
    from highdicom.sr import SourceImageForMeasurementGroup

    objects: dict[tuple[str, str], list[int]] = {}
    for frame in frames:
        key = (frame.source.kind, frame.source.instance)
        objects.setdefault(key, []).extend([] if frame.number is None else [frame.number])
    for (kind, instance), numbers in objects.items():
        yield SourceImageForMeasurementGroup(kind, instance, numbers or None)


def _measurements(content: Mapping[str, Any], measures: Mapping[tuple[str, ...], Measure]) -> Iterator[Measurement]:
    """What is known of the numbers that a part of a document may hold."""
    for way, measure in measures.items():
        value: Any = content
        for key in way:
            value = None if value is None else value[key]
        if value is not None:
            yield _measurement(measure, value)


def _measurement(measure: Measure, value: float) -> Measurement:
    from highdicom.sr import CodedConcept, Measurement

    unit = {"1": "no units", "{pixels}": "pixels"}.get(measure.unit, measure.unit)
    derivation = measure.derivation
    return Measurement(
        own_concept(measure.code, measure.meaning),
        value,
        CodedConcept(measure.unit, "UCUM", unit),
        derivation=None if derivation is None else CodedConcept(derivation[0], "SCT", derivation[1]),
    )
