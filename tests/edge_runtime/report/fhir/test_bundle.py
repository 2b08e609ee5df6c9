"""A bundle states the numbers of a result, under codes that exist, and nothing of a person."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from benchmarks.evidence.fhir_codes import page
from edge_runtime import CataractAnalyzer
from edge_runtime.codes import REASONS
from edge_runtime.errors import ScanError, UsageError
from edge_runtime.report.document import document
from edge_runtime.report.fhir import code_system, fhir_bundle
from edge_runtime.report.fhir.bundle import bundle_sources
from edge_runtime.report.fhir.terms import SYSTEM
from edge_runtime.results import UnreadableScan
from tests.conftest import ROOT
from tests.edge_runtime.pictures import lens_frame
from tests.edge_runtime.report.fhir.bundles import (
    BUNDLES,
    CREATED,
    Bundle,
    broken_rules,
    corrected,
    exam,
    in_a_study,
    in_part,
    observation,
    parts,
    resources,
    ungradable,
)

# The codes of other systems that were looked up (SNOMED CT, HL7, UCUM, DICOM).
CHECKED = {
    ("http://snomed.info/sct", "78076003"),
    ("http://snomed.info/sct", "24028007"),
    ("http://snomed.info/sct", "7771000"),
    ("http://terminology.hl7.org/CodeSystem/observation-category", "imaging"),
    ("http://terminology.hl7.org/CodeSystem/v2-0074", "IMG"),
    ("http://terminology.hl7.org/CodeSystem/data-absent-reason", "error"),
    ("http://terminology.hl7.org/CodeSystem/data-absent-reason", "not-performed"),
    ("http://terminology.hl7.org/CodeSystem/data-absent-reason", "unknown"),
    ("http://unitsofmeasure.org", "1"),
    ("http://unitsofmeasure.org", "dB"),
    ("http://dicom.nema.org/resources/ontology/DCM", "OPT"),
    ("urn:ietf:rfc:3986", "urn:oid:1.2.840.10008.5.1.4.1.1.77.1.5.4"),
}
AREAS = [f"{side}-subcapsular-area-{disc}" for side in ("posterior", "anterior") for disc in ("3mm", "5mm")]


@pytest.fixture(scope="module")
def bundles(analyzer: CataractAnalyzer) -> dict[str, Bundle]:
    return {name: make(analyzer) for name, make in BUNDLES.items()}


def component(found: dict[str, Any], code: str) -> dict[str, Any]:
    (one,) = [part for part in found["component"] if part["code"]["coding"][0]["code"] == code]
    return one


def uuids(bundle: Bundle) -> set[str]:
    return {entry["fullUrl"] for entry in bundle["entry"]}


@pytest.mark.parametrize("name", BUNDLES)
def test_no_rule_is_broken(bundles: dict[str, Bundle], name: str) -> None:
    assert broken_rules(bundles[name]) == []


@pytest.mark.parametrize("name", BUNDLES)
def test_every_code_is_checked_or_our_own(bundles: dict[str, Bundle], name: str) -> None:
    own = {(SYSTEM, concept["code"]): concept["display"] for concept in code_system()["concept"]}
    codings = [part for part in parts(bundles[name]) if "code" in part and isinstance(part.get("system"), str)]
    tags = {entry["resource"].get("meta", {}).get("tag", [{}])[0].get("code") for entry in bundles[name]["entry"]}
    used = {(one["system"], one["code"]): one.get("display") for one in codings if one["code"] not in tags}
    assert used.keys() <= CHECKED | own.keys()
    assert {display for key, display in used.items() if key in own} <= set(own.values())


def test_numbers_are_those_of_the_document(bundled_analyzer: CataractAnalyzer) -> None:
    sample = ROOT / "edge_runtime" / "samples" / "simulated-cataract.png"
    eye = bundled_analyzer.as_eye([bundled_analyzer.analyze(sample)])
    stated, bundle = document(eye)["eye"], fhir_bundle([eye])
    fraction, grade = observation(bundle, "cataract-fraction"), observation(bundle, "nuclear-grade")
    assert fraction["valueQuantity"]["value"] == round(stated["cataract_fraction"], 6)
    ends = component(fraction, "fraction-range")["valueRange"]
    assert [ends["low"]["value"], ends["high"]["value"]] == stated["cataract_fraction_range"]
    assert grade["valueQuantity"] == {
        "value": stated["grade"]["value_db"], "unit": "dB", "system": "http://unitsofmeasure.org", "code": "dB",
    }  # fmt: skip
    interval = component(grade, "grade-interval")["valueRange"]
    assert [interval["low"]["value"], interval["high"]["value"]] == stated["grade"]["interval_db"]
    step = component(grade, "grade-step")["valueCodeableConcept"]["coding"][0]["code"]
    assert step == f"grade-{stated['grade']['word']}"
    areas = [observation(bundle, code)["valueQuantity"]["value"] for code in AREAS]
    assert areas == [stated["areas"][code.replace("-", "_").replace("area_", "")] for code in AREAS]
    codes = {one["code"]["coding"][0]["code"] for one in resources(bundle, "Observation")}
    assert codes == {"scan-cataract-fraction", "cataract-fraction", "nuclear-grade", *AREAS}
    assert stated["paper_fraction"] is not None, "a fraction of other labels is for the document alone"


def test_the_mean_of_an_eye_is_derived_from_its_scans(bundles: dict[str, Bundle]) -> None:
    bundle = bundles["exam"]
    codes = [one["code"]["coding"][0]["code"] for one in resources(bundle, "Observation")]
    assert codes == ["scan-cataract-fraction"] * 6 + ["cataract-fraction", "nuclear-grade", *AREAS]
    fraction = observation(bundle, "cataract-fraction")
    scans = [entry["fullUrl"] for entry in bundle["entry"] if entry["resource"]["resourceType"] == "Observation"][:6]
    assert [one["reference"] for one in fraction["derivedFrom"]] == scans
    assert component(fraction, "scans-graded")["valueInteger"] == 6
    numbers = [component(one, "scan-number")["valueInteger"] for one in resources(bundle, "Observation")[:6]]
    assert numbers == [1, 2, 3, 4, 5, 6]


def test_an_eye_says_its_side_in_site_and_component(bundles: dict[str, Bundle]) -> None:
    bundle = bundles["two eyes"]
    sides = {
        (one["bodySite"]["coding"][0]["code"], one["bodySite"]["coding"][1]["code"],
         component(one, "laterality")["valueCodeableConcept"]["coding"][0]["code"])
        for one in resources(bundle, "Observation")
    }  # fmt: skip
    assert sides == {("lens-of-right-eye", "78076003", "24028007"), ("lens-of-left-eye", "78076003", "7771000")}
    assert [report["conclusion"][:2] for report in resources(bundle, "DiagnosticReport")] == ["OD", "OS"]


def test_everything_is_preliminary(bundles: dict[str, Bundle]) -> None:
    for bundle in bundles.values():
        observations, reports = resources(bundle, "Observation"), resources(bundle, "DiagnosticReport")
        assert observations
        assert reports
        assert {one["status"] for one in (*observations, *reports)} == {"preliminary"}
        assert all("Not a medical device." in one["conclusion"] for one in reports)


def test_what_cannot_be_graded_is_absent_with_its_reason(analyzer: CataractAnalyzer) -> None:
    bundle = fhir_bundle([ungradable(analyzer)])
    codes = [one["code"]["coding"][0]["code"] for one in resources(bundle, "Observation")]
    assert codes == ["scan-cataract-fraction", "cataract-fraction", "nuclear-grade", *AREAS]
    for one in resources(bundle, "Observation"):
        assert not [name for name in one if name.startswith("value")]
        codings = [(coding["system"], coding["code"]) for coding in one["dataAbsentReason"]["coding"]]
        assert codings[0] == ("http://terminology.hl7.org/CodeSystem/data-absent-reason", "not-performed")
        assert codings[1:] == [(SYSTEM, "not-graded-lens-not-found")]
        assert one["dataAbsentReason"]["text"] == REASONS["lens-not-found"]
    (report,) = resources(bundle, "DiagnosticReport")
    assert report["conclusionCode"][0]["coding"][0]["code"] == "answer-ungradable"


def test_an_unreadable_scan_is_an_observation_without_value(bundles: dict[str, Bundle]) -> None:
    scans = resources(bundles["in part"], "Observation")[:3]
    assert ["valueQuantity" in one for one in scans] == [True, False, False]
    assert [one["dataAbsentReason"]["coding"][0]["code"] for one in scans[1:]] == ["not-performed", "error"]
    assert "truncated-png" in scans[2]["dataAbsentReason"]["text"]


def test_a_correction_is_marked_and_both_numbers_are_kept(analyzer: CataractAnalyzer) -> None:
    bundle = fhir_bundle([corrected(analyzer)])
    fraction = observation(bundle, "cataract-fraction")
    assert fraction["method"]["coding"][0]["code"] == "labels-of-person"
    assert fraction["valueQuantity"]["value"] == round(100 / 175, 6)
    assert component(fraction, "fraction-by-model")["valueQuantity"]["value"] == round(50 / 175, 6)
    assert bundle_sources(bundle) == {corrected(analyzer).scans[0].scan.sha256, "ab" * 32}
    (report,) = resources(bundle, "DiagnosticReport")
    assert "A person corrected the labels." in report["conclusion"]


def test_the_device_names_software_and_model_by_their_hashes(analyzer: CataractAnalyzer) -> None:
    (device,) = resources(fhir_bundle([exam(analyzer)]), "Device")
    versions = {one["type"]["text"]: one["value"] for one in device["version"]}
    assert versions["model sha256"] == analyzer.network.sha256
    assert versions.keys() == {"software", "model", "model sha256"}


def test_a_study_is_filed_where_its_uids_are_known(analyzer: CataractAnalyzer) -> None:
    bundle = in_a_study(analyzer)
    (study,) = resources(bundle, "ImagingStudy")
    assert study["identifier"] == [{"system": "urn:dicom:uid", "value": "urn:oid:1.2.3"}]
    assert [one["laterality"]["code"] for one in study["series"]] == ["24028007", "7771000"]
    assert [len(one["instance"]) for one in study["series"]] == [6, 6]
    assert study["subject"] == {"reference": "Patient/123"}
    (entry,) = [one for one in bundle["entry"] if one["resource"] is study]
    assert entry["request"]["ifNoneExist"] == "identifier=urn:dicom:uid|urn:oid:1.2.3"
    for report in resources(bundle, "DiagnosticReport"):
        assert report["imagingStudy"] == [{"reference": entry["fullUrl"]}]
    assert resources(BUNDLES["two eyes"](analyzer), "ImagingStudy") == []


@pytest.mark.parametrize("name", BUNDLES)
def test_nothing_of_a_person_and_no_file_name_is_told(bundles: dict[str, Bundle], name: str) -> None:
    text = json.dumps(bundles[name])
    assert "Miller" not in text
    assert "frame 1" not in text
    assert ".png" not in text
    assert not resources(bundles[name], "Patient")


def test_without_a_subject_nobody_is_named(analyzer: CataractAnalyzer) -> None:
    bundle = fhir_bundle([exam(analyzer)])
    assert not [entry for entry in bundle["entry"] if "subject" in entry["resource"]]
    for kind in ("Observation", "DiagnosticReport"):
        found = resources(fhir_bundle([exam(analyzer)], subject="Patient/9"), kind)
        assert {one["subject"]["reference"] for one in found} == {"Patient/9"}


@pytest.mark.parametrize(
    "subject",
    ["", "123", "Patient/", "Practitioner/1", "Patient/1?x", "urn:uuid:1", "Patient/Müller", "ftp://x/Patient/1"],
)
def test_a_subject_that_is_no_patient_is_refused(analyzer: CataractAnalyzer, subject: str) -> None:
    with pytest.raises(UsageError) as caught:
        fhir_bundle([], subject=subject)
    assert caught.value.word == "bad-subject"


# --- filed once ------------------------------------------------------------------------------------------------------


def test_a_second_run_gives_the_same_names(analyzer: CataractAnalyzer) -> None:
    first = fhir_bundle([exam(analyzer), ungradable(analyzer)], created=CREATED)
    second = fhir_bundle([exam(analyzer), ungradable(analyzer)], created="2027-01-01T00:00:00Z")
    assert [entry["fullUrl"] for entry in first["entry"]] == [entry["fullUrl"] for entry in second["entry"]]
    assert [entry["request"] for entry in first["entry"]] == [entry["request"] for entry in second["entry"]]


def test_every_resource_is_created_only_where_its_name_is_not_there(bundles: dict[str, Bundle]) -> None:
    for bundle in bundles.values():
        searches = []
        for entry in bundle["entry"]:
            request, resource = entry["request"], entry["resource"]
            assert (request["method"], request["url"]) == ("POST", resource["resourceType"])
            searches.append(request["ifNoneExist"])
            name, value = request["ifNoneExist"].split("=")
            system, token = value.split("|")
            if name == "_tag":
                assert {"system": system, "code": token} in resource["meta"]["tag"]
            else:
                assert {"system": system, "value": token} in resource["identifier"]
            # A server would put an id in the place of a fullUrl, even in a search.
            assert "urn:uuid:" not in request["ifNoneExist"]
        assert len(set(searches)) == len(searches) > 1


def test_other_scans_numbers_sides_and_subjects_have_other_names(analyzer: CataractAnalyzer) -> None:
    eye = exam(analyzer)
    bundles = [
        fhir_bundle([eye]),
        fhir_bundle([exam(analyzer, first=21)]),
        fhir_bundle([exam(analyzer, "OS")]),
        fhir_bundle([eye], subject="Patient/1"),
    ]
    devices = {f"urn:uuid:{one['identifier'][0]['value']}" for bundle in bundles for one in resources(bundle, "Device")}
    names = [uuids(bundle) - devices for bundle in bundles]
    fractions = [
        {entry["fullUrl"] for entry in bundle["entry"] if "cataract-fraction" in json.dumps(entry["resource"]["code"])}
        for bundle in [
            {"entry": [e for e in b["entry"] if e["resource"]["resourceType"] == "Observation"]} for b in bundles
        ]
    ]
    assert not set.intersection(*names)
    assert not fractions[0] & fractions[2]
    assert not fractions[0] & fractions[3]


def test_the_order_of_the_scans_does_not_file_them_again(analyzer: CataractAnalyzer) -> None:
    frames = [lens_frame(cataract_rows=4 * step) for step in range(20, 26)]
    names = [uuids(fhir_bundle([analyzer.analyze_exam(frames=one, laterality="OD")])) for one in (frames, frames[::-1])]
    assert names[0] == names[1]


def test_unreadable_scans_of_two_exams_are_two(analyzer: CataractAnalyzer) -> None:
    bad = UnreadableScan("cut.png", ScanError("truncated-png", "The PNG ends.", "Copy it again."))
    eyes = [
        analyzer.as_eye([analyzer.analyze_pixels(lens_frame(cataract_rows=rows)), bad, bad], scans_expected=6)
        for rows in (80, 84)
    ]
    first, second = (
        {entry["fullUrl"] for entry in fhir_bundle([eye])["entry"] if "truncated-png" in json.dumps(entry)}
        for eye in eyes
    )
    assert (len(first), len(second), len(first | second)) == (2, 2, 4)


def test_a_correction_is_filed_beside_the_models_result(analyzer: CataractAnalyzer) -> None:
    mine = corrected(analyzer)
    assert mine.before is not None
    shared = uuids(fhir_bundle([mine])) & uuids(fhir_bundle([mine.before]))
    assert len(shared) == 1  # the device


def test_a_bundle_says_which_scans_it_is_about(analyzer: CataractAnalyzer) -> None:
    eye = in_part(analyzer)
    assert bundle_sources(fhir_bundle([eye])) == {scan.scan.sha256 for scan in eye.scans}


def test_a_bundle_is_pure(analyzer: CataractAnalyzer) -> None:
    eye = exam(analyzer)
    assert fhir_bundle([eye], created=CREATED) == fhir_bundle([eye], created=CREATED)


# --- the code system -------------------------------------------------------------------------------------------------


def test_the_code_system_that_is_shipped_is_that_of_the_code() -> None:
    shipped = json.loads((ROOT / "edge_runtime/schema/fhir-code-system.json").read_text(encoding="utf-8"))
    assert shipped == code_system()


def test_the_address_of_the_code_system_never_changes() -> None:
    assert SYSTEM == "urn:oid:2.25.187917708835797253636362247725328755135"
    assert code_system()["url"] == SYSTEM


def test_every_own_code_is_explained_on_the_page() -> None:
    assert (ROOT / "docs/fhir-codes.md").read_text(encoding="utf-8") == page()
    documented = re.findall(r"^\| `([a-z0-9-]+)` \|", page(), re.MULTILINE)
    assert documented == [concept["code"] for concept in code_system()["concept"]]


@pytest.mark.parametrize(
    ("fault", "rule"),
    [
        (lambda bundle: observation(bundle, "cataract-fraction").update(dataAbsentReason={"text": "none"}), "obs-6"),
        (lambda bundle: observation(bundle, "cataract-fraction")["valueQuantity"].pop("system"), "qty-3"),
        (lambda bundle: bundle["entry"].pop(0), "dangling"),
        (lambda bundle: bundle["entry"].append(bundle["entry"][0]), "bdl-7"),
    ],
)
def test_the_rules_can_fail(analyzer: CataractAnalyzer, fault: Any, rule: str) -> None:
    bundle = fhir_bundle([exam(analyzer)])
    fault(bundle)
    assert any(found.startswith(rule) for found in broken_rules(bundle))
