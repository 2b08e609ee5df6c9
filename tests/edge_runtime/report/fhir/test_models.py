"""Bundles and the code system against the models of fhir.resources (R4B)."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from fhir.resources.R4B.bundle import Bundle as BundleModel
from fhir.resources.R4B.codesystem import CodeSystem
from pydantic import ValidationError

from edge_runtime import CataractAnalyzer
from edge_runtime.report.fhir import code_system
from tests.edge_runtime.report.fhir.bundles import BUNDLES, resources


@pytest.mark.parametrize("name", BUNDLES)
def test_a_bundle_keeps_to_its_model_and_comes_back_equal(analyzer: CataractAnalyzer, name: str) -> None:
    bundle = BUNDLES[name](analyzer)
    again = BundleModel.model_validate(copy.deepcopy(bundle)).model_dump(mode="json")
    assert [entry["resource"]["resourceType"] for entry in again["entry"]] == [
        entry["resource"]["resourceType"] for entry in bundle["entry"]
    ]


def test_the_code_system_keeps_to_its_model() -> None:
    assert CodeSystem.model_validate(code_system()).url == code_system()["url"]


@pytest.mark.parametrize(
    "fault",
    [
        lambda resource: resource.pop("status"),
        lambda resource: resource.update(colour="red"),
        lambda resource: resource.update(valueString="two values"),
        lambda resource: resource.update(issued="2026-02-31T10:11:12Z"),
    ],
)
def test_a_fault_is_seen(analyzer: CataractAnalyzer, fault: Any) -> None:
    bundle = BUNDLES["exam"](analyzer)
    fault(resources(bundle, "Observation")[0])
    with pytest.raises(ValidationError):
        BundleModel.model_validate(bundle)
