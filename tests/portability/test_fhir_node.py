"""Bundles of results, and the code system, in the validator of npm ``fhir``."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from edge_runtime import CataractAnalyzer
from edge_runtime.report.fhir import code_system
from tests.edge_runtime.report.fhir.bundles import BUNDLES, resources

from .conftest import Install

pytestmark = pytest.mark.network

PROGRAM = Path(__file__).with_name("fhir_faults.cjs")
Faults = Callable[[list[dict[str, Any]]], list[list[str]]]


@pytest.fixture(scope="session")
def faults_of(install: Install, tmp_path_factory: pytest.TempPathFactory) -> Faults:
    npm = ("npm", "install", "--no-audit", "--no-fund", "--prefix", "{folder}", "fhir@4.12")
    modules = install("npm-fhir", *npm) / "node_modules"

    def check(contents: list[dict[str, Any]]) -> list[list[str]]:
        folder = tmp_path_factory.mktemp("fhir")
        files = [folder / f"{number}.json" for number in range(len(contents))]
        for file, content in zip(files, contents, strict=True):
            file.write_text(json.dumps(content), encoding="utf-8")
        finished = subprocess.run(
            ["node", PROGRAM, *files],
            env={**os.environ, "NODE_PATH": str(modules)},
            capture_output=True,
            check=False,
            timeout=120,
        )
        assert finished.returncode == 0, finished.stderr
        found: list[list[str]] = json.loads(finished.stdout)
        return found

    return check


def test_no_bundle_has_a_fault(analyzer: CataractAnalyzer, faults_of: Faults) -> None:
    bundles = [make(analyzer) for make in BUNDLES.values()]
    assert faults_of([*bundles, code_system()]) == [[]] * (len(BUNDLES) + 1)


def test_faults_are_seen(analyzer: CataractAnalyzer, faults_of: Faults) -> None:
    status, unknown, missing = (BUNDLES["exam"](analyzer) for _ in range(3))
    resources(status, "DiagnosticReport")[0]["status"] = "draft"
    resources(unknown, "Device")[0]["colour"] = "red"
    resources(missing, "Provenance")[0].pop("agent")
    assert all(faults_of([status, unknown, missing]))
