"""What a server does with a bundle by the rules of a FHIR transaction, played in memory: no real server is asked."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from edge_runtime import CataractAnalyzer
from edge_runtime.report.fhir import fhir_bundle
from tests.edge_runtime.report.fhir.bundles import BUNDLES, Bundle, corrected, exam, parts


class Store:
    """Resources by their place, such as ``Observation/7``."""

    def __init__(self) -> None:
        self.resources: dict[str, dict[str, Any]] = {}

    def search(self, kind: str, query: str) -> list[str]:
        name, _, token = query.partition("=")
        system, _, value = token.partition("|")
        return [
            place
            for place, resource in self.resources.items()
            if place.startswith(f"{kind}/")
            and (
                {"system": system, "value": value} in resource.get("identifier", [])
                if name == "identifier"
                else {"system": system, "code": value} in resource.get("meta", {}).get("tag", [])
            )
        ]

    def file(self, bundle: Bundle) -> int:
        """Carry out a transaction of conditional creates; returns how many resources were created."""
        bundle = copy.deepcopy(bundle)
        places: dict[str, str] = {}
        new = []
        for entry in bundle["entry"]:
            request = entry["request"]
            found = self.search(request["url"], request["ifNoneExist"])
            assert len(found) <= 1
            places[entry["fullUrl"]] = found[0] if found else f"{request['url']}/{len(self.resources) + len(new)}"
            if not found:
                new.append(entry)
        for entry in new:
            for part in parts(entry["resource"]):
                if part.get("reference") in places:
                    part["reference"] = places[part["reference"]]
            self.resources[places[entry["fullUrl"]]] = entry["resource"]
        return len(new)


@pytest.mark.parametrize("name", BUNDLES)
def test_a_second_filing_creates_nothing(analyzer: CataractAnalyzer, name: str) -> None:
    store = Store()
    bundle = BUNDLES[name](analyzer)
    assert store.file(bundle) == len(bundle["entry"])
    before = copy.deepcopy(store.resources)
    assert store.file(BUNDLES[name](analyzer)) == 0
    assert store.resources == before


def test_every_reference_leads_to_what_was_filed(analyzer: CataractAnalyzer) -> None:
    store = Store()
    store.file(BUNDLES["in a study"](analyzer))
    references = {part["reference"] for part in parts(list(store.resources.values())) if "reference" in part}
    assert references - {"Patient/123"} <= store.resources.keys()
    assert "urn:uuid:" not in json.dumps(list(store.resources.values()))


def test_what_was_filed_is_read_back_as_it_was(analyzer: CataractAnalyzer) -> None:
    store, bundle = Store(), fhir_bundle([exam(analyzer)])
    store.file(bundle)
    sent = [
        one["valueQuantity"]["value"]
        for one in parts(bundle)
        if one.get("resourceType") == "Observation" and "valueQuantity" in one
    ]
    read = [one["valueQuantity"]["value"] for one in store.resources.values() if "valueQuantity" in one]
    assert read == sent


def test_the_second_eye_and_a_correction_come_beside(analyzer: CataractAnalyzer) -> None:
    store = Store()
    first = fhir_bundle([exam(analyzer)])
    both = fhir_bundle([exam(analyzer), exam(analyzer, "OS", first=30)])
    assert store.file(first) + store.file(both) == len(both["entry"])
    mine = corrected(analyzer)
    assert mine.before is not None
    plain = fhir_bundle([mine.before])
    store = Store()
    store.file(plain)
    assert store.file(fhir_bundle([mine])) == len(plain["entry"]) - 1  # all but the device


def test_a_report_that_a_doctor_signed_is_left_alone(analyzer: CataractAnalyzer) -> None:
    store, bundle = Store(), fhir_bundle([exam(analyzer)])
    store.file(bundle)
    (report,) = (place for place in store.resources if place.startswith("DiagnosticReport/"))
    store.resources[report]["status"] = "final"
    store.file(fhir_bundle([exam(analyzer)]))
    assert store.resources[report]["status"] == "final"
