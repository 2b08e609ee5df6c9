"""The self-test passes on a device that computes what the release computed, and on no other."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from edge_runtime import CataractAnalyzer, selftest
from edge_runtime.errors import EdgeCataractError
from edge_runtime.selftest import run_selftest
from tests.conftest import RunProgram
from tests.edge_runtime.pictures import CATARACT_PX, LENS_PX, encoded, lens_frame


@pytest.fixture
def golden(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, analyzer: CataractAnalyzer) -> Callable[..., None]:
    """A release of one sample with known counts; keyword arguments change what it claims."""
    data = encoded(".png", lens_frame())
    (tmp_path / "sample.png").write_bytes(data)
    monkeypatch.setattr(selftest, "SAMPLES", tmp_path)
    monkeypatch.setattr(selftest, "GOLDEN", tmp_path / "golden.json")

    def write(**changes: Any) -> None:
        counts = {"lens_px": LENS_PX, "cataract_px": CATARACT_PX}
        scan = {"source": "sample.png", "sha256": hashlib.sha256(data).hexdigest()}
        content = {
            "model_sha256": {"fp32": changes.get("model", analyzer.network.sha256)},
            "scans": [
                {
                    **scan,
                    **{name: changes[name] for name in scan if name in changes},
                    "fp32": {**counts, **{name: changes[name] for name in counts if name in changes}},
                }
            ],
        }
        (tmp_path / "golden.json").write_text(json.dumps(content))

    return write


def test_device_that_computes_the_same_passes(golden: Callable[..., None], analyzer: CataractAnalyzer) -> None:
    golden()
    (check,) = run_selftest(analyzer)
    assert (check.source, check.passed) == ("sample.png", True)
    assert check.finding == f"{CATARACT_PX} of {LENS_PX} lens pixels"


@pytest.mark.parametrize("name", ["lens_px", "cataract_px"])
@pytest.mark.parametrize(("deviation", "passed"), [(30, True), (-30, True), (31, False), (-31, False)])
def test_one_pixel_in_a_thousand_may_differ(
    name: str, deviation: int, passed: bool, golden: Callable[..., None], analyzer: CataractAnalyzer
) -> None:
    golden(**{name: {"lens_px": LENS_PX, "cataract_px": CATARACT_PX}[name] + deviation})
    (check,) = run_selftest(analyzer)
    assert check.passed is passed
    assert passed or name in check.finding


def test_another_model_or_another_sample_fails(golden: Callable[..., None], analyzer: CataractAnalyzer) -> None:
    golden(model="0" * 64)
    (check,) = run_selftest(analyzer)
    assert (check.source, check.passed) == ("model", False)
    golden(sha256="0" * 64)
    assert [check.passed for check in run_selftest(analyzer)] == [False]


@pytest.mark.parametrize("content", [None, "{"])
def test_missing_or_damaged_golden_results_fail(
    content: str | None, golden: Callable[..., None], analyzer: CataractAnalyzer
) -> None:
    if content is not None:
        selftest.GOLDEN.write_text(content)
    with pytest.raises(EdgeCataractError, match="selftest-failed") as caught:
        run_selftest(analyzer)
    assert caught.value.exit_code == 83


def test_release_passes_its_own_self_test(bundled_analyzer: CataractAnalyzer, run_program: RunProgram) -> None:
    finished = run_program("selftest", env={"EDGE_CATARACT_MODEL": ""})
    assert (finished.returncode, finished.stderr) == (0, b"")
    assert finished.stdout.endswith(b"PASS: this device computes what the release computed.\n")
    report = json.loads(run_program("selftest", "--json", env={"EDGE_CATARACT_MODEL": ""}).stdout)
    assert report["passed"]
    assert len(report["checks"]) >= 1
