"""The self-test of a model that is about to be used."""

from __future__ import annotations

import pytest

from edge_runtime import CataractAnalyzer
from edge_runtime.errors import InferenceError
from edge_runtime.slots.proof import prove_device


def test_golden_scans_are_read_as_any_devices_whatever_was_named_for_other_scans(
    bundled_analyzer: CataractAnalyzer,
) -> None:
    prove_device(CataractAnalyzer(bundled_analyzer.network, bits=10))  # which no golden scan has
    prove_device(CataractAnalyzer(bundled_analyzer.network, profile="anterion-raw"))


def test_a_model_without_expected_numbers_proves_nothing(analyzer: CataractAnalyzer) -> None:
    with pytest.raises(InferenceError, match="selftest-failed"):
        prove_device(analyzer)
