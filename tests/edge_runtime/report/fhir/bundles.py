"""Bundles of every kind of result, and the rules that both validators miss."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from edge_runtime import CataractAnalyzer
from edge_runtime.errors import ScanError
from edge_runtime.label_map import LabelMap
from edge_runtime.report.fhir import fhir_bundle
from edge_runtime.report.fhir.study import ImagingInstance
from edge_runtime.results import EyeResult, UnreadableScan
from edge_runtime.scan import scan_from_pixels
from tests.edge_runtime.pictures import empty_frame, lens_frame

CREATED = "2026-01-31T10:11:12Z"
OPT = "1.2.840.10008.5.1.4.1.1.77.1.5.4"
Bundle = dict[str, Any]


def exam(analyzer: CataractAnalyzer, side: str = "OD", first: int = 20) -> EyeResult:
    frames = [lens_frame(cataract_rows=4 * step) for step in range(first, first + 6)]
    return analyzer.analyze_exam(frames=frames, laterality=side)


def ungradable(analyzer: CataractAnalyzer) -> EyeResult:
    return analyzer.analyze_exam(frames=[empty_frame()], laterality="OS")


def in_part(analyzer: CataractAnalyzer) -> EyeResult:
    """One scan graded, one not, one unreadable."""
    bad = UnreadableScan("Miller_Anna.png", ScanError("truncated-png", "The PNG of Miller ends.", "Copy it again."))
    scans = [analyzer.analyze_pixels(frame) for frame in (lens_frame(), empty_frame())]
    return analyzer.as_eye([*scans, bad], scans_expected=6)


def corrected(analyzer: CataractAnalyzer) -> EyeResult:
    labels = analyzer.analyze_pixels(lens_frame()).labels
    labels[:1240][labels[:1240] > 0] = 2
    scan = scan_from_pixels(lens_frame()).corrected_by(LabelMap(labels, "ab" * 32))
    return analyzer.as_eye([analyzer.analyze_scan(scan)])


def in_a_study(analyzer: CataractAnalyzer) -> Bundle:
    """Both eyes in one study of two series."""
    eyes = [exam(analyzer), exam(analyzer, "OS", first=30)]
    instances = {
        scan.scan.sha256: ImagingInstance("1.2.3", f"1.2.3.{number}", f"1.2.3.{number}.{place}", OPT)
        for number, eye in enumerate(eyes)
        for place, scan in enumerate(eye.scans)
    }
    return fhir_bundle(eyes, subject="Patient/123", created=CREATED, instances=instances)


BUNDLES: dict[str, Callable[[CataractAnalyzer], Bundle]] = {
    "exam": lambda analyzer: fhir_bundle([exam(analyzer)], created=CREATED),
    "two eyes": lambda analyzer: fhir_bundle([exam(analyzer), ungradable(analyzer)], subject="Patient/123"),
    "in part": lambda analyzer: fhir_bundle([in_part(analyzer)], created=CREATED),
    "corrected": lambda analyzer: fhir_bundle([corrected(analyzer)], subject="https://fhir.example/r4/Patient/a-1"),
    "in a study": in_a_study,
}


def resources(bundle: Bundle, kind: str) -> list[dict[str, Any]]:
    return [entry["resource"] for entry in bundle["entry"] if entry["resource"]["resourceType"] == kind]


def parts(value: Any) -> Iterator[dict[str, Any]]:
    """Every object of a resource, however deep."""
    if isinstance(value, dict):
        yield value
        value = list(value.values())
    if isinstance(value, list):
        for part in value:
            yield from parts(part)


def broken_rules(bundle: Bundle) -> list[str]:
    """The rules of FHIR that neither fhir.resources nor npm fhir checks, and that the bundle breaks."""
    urls = [entry["fullUrl"] for entry in bundle["entry"]]
    faults = [] if len(set(urls)) == len(urls) else ["bdl-7: a fullUrl twice"]
    for part in parts(bundle):
        if "dataAbsentReason" in part and any(name.startswith("value") for name in part):
            faults.append("obs-6: a value, and a reason why there is none")
        if isinstance(part.get("value"), float | int) and "code" in part and "system" not in part:
            faults.append("qty-3: a unit's code without its system")
        reference = part.get("reference")
        if isinstance(reference, str) and reference.startswith("urn:") and reference not in urls:
            faults.append(f"dangling: {reference}")
    return faults


def observation(bundle: Bundle, code: str) -> dict[str, Any]:
    """The one Observation of a code."""
    (found,) = [one for one in resources(bundle, "Observation") if one["code"]["coding"][0]["code"] == code]
    return found
