"""The steps of one scan, timed by pytest-benchmark: `pytest benchmarks --benchmark-compare` against an earlier run."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from benchmarks.provenance import versions
from edge_runtime import CataractAnalyzer
from edge_runtime.frame.brightness import find_reference_levels
from edge_runtime.reading.raster import read_scan
from export.bundle import BUNDLE

from .contenders import SAMPLE, prepared_sample, sample_window

if TYPE_CHECKING:
    from pytest_benchmark.fixture import BenchmarkFixture

    from edge_runtime.model.predictor import Predictor


def identity(network: Predictor) -> dict[str, str]:
    """Say which engine and which model a time belongs to."""
    return {"onnxruntime": versions("onnxruntime")["onnxruntime"], "model_sha256": network.sha256}


PRECISIONS = list(json.loads((BUNDLE / "register.json").read_text(encoding="utf-8")))


def test_reading(benchmark: BenchmarkFixture) -> None:
    """Time the way from the file to pixels."""
    assert benchmark(read_scan, SAMPLE).rows > 0


def test_finding_the_references(benchmark: BenchmarkFixture) -> None:
    """Time the search for the cornea and the brightest tissue in the whole frame."""
    frame = prepared_sample()
    assert benchmark(find_reference_levels, frame.grey, frame.coarse) is not None


@pytest.mark.parametrize("precision", PRECISIONS)
def test_network(benchmark: BenchmarkFixture, precision: str) -> None:
    """Time the way from the crop to the maps."""
    network = CataractAnalyzer(precision=precision).network
    benchmark.extra_info.update(identity(network))
    assert benchmark(network.predict, sample_window()).labels.any()


@pytest.mark.parametrize("precision", PRECISIONS)
def test_scan(benchmark: BenchmarkFixture, precision: str) -> None:
    """Time the way from the file to the Cataract Fraction."""
    analyzer = CataractAnalyzer(precision=precision)
    benchmark.extra_info.update(identity(analyzer.network))
    assert benchmark(analyzer.analyze, SAMPLE).gradable
