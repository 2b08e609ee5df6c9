"""The page of the measures is that of the committed figures and coefficients, and those are of the bundled model."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from benchmarks.evidence import measures_page
from benchmarks.evidence.measures_page import COEFFICIENTS, PAGE, RESULTS, page
from edge_runtime.measure.coefficients import MeasureCoefficients
from edge_runtime.model.store import read_model
from edge_runtime.report.document import SCHEMA_FILE
from export.metadata import read_measures

FIGURES = json.loads(RESULTS.read_text(encoding="utf-8"))


def test_the_page_is_that_of_the_committed_figures() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(FIGURES)


def test_the_page_explains_every_field_of_an_eye() -> None:
    schema = json.loads(Path(SCHEMA_FILE).read_text(encoding="utf-8"))
    fields = schema["properties"]["eye"]["properties"]
    table = [line.split("|")[1] for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("| `")]
    assert set(fields) - set(re.findall(r"`(\w+)`", " ".join(table))) == set()
    assert len(fields) > 20


@pytest.mark.parametrize("precision", ["fp32", "int8"])
def test_the_bundled_models_hold_the_coefficients_that_were_judged(precision: str) -> None:
    assert read_measures(COEFFICIENTS).encode() in read_model(None, precision)
    assert FIGURES["coefficients_fitted_on"] == MeasureCoefficients.from_json(COEFFICIENTS.read_text()).fitted_on


def test_the_eyes_that_judge_are_not_those_that_were_fitted_to() -> None:
    assert f"seed {FIGURES['seed']}" not in FIGURES["coefficients_fitted_on"]


def test_the_command_writes_the_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measures_page, "PAGE", tmp_path / "page.md")
    assert measures_page.main() == 0
    assert (tmp_path / "page.md").read_bytes() == PAGE.read_bytes()
