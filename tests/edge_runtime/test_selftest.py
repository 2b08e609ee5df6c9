"""The self-test passes on a device that computes what the release computed, and on no other."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import numpy as np
import onnx
import pytest

from edge_runtime import CataractAnalyzer
from edge_runtime import golden as release
from edge_runtime.errors import EdgeCataractError, InferenceError
from edge_runtime.golden import run_selftest
from edge_runtime.model import session, store
from edge_runtime.model.metadata import PREFIX
from edge_runtime.model.seal import UNSEALED, seal
from edge_runtime.model.store import read_model
from tests.conftest import RunProgram
from tests.make_tiny_model import TinyModel, tiny_model_bytes

from .pictures import CATARACT_PX, LENS_PX, encoded, lens_frame


@pytest.fixture
def golden(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, analyzer: CataractAnalyzer) -> Callable[..., None]:
    """A release of one sample with known counts; keyword arguments change what it claims."""
    data = encoded(".png", lens_frame())
    (tmp_path / "sample.png").write_bytes(data)
    monkeypatch.setattr(release, "SAMPLES", tmp_path)
    monkeypatch.setattr(release, "GOLDEN", tmp_path / "golden.json")

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
@pytest.mark.parametrize(("deviation", "passed"), [(3, True), (-3, True), (4, False), (-4, False)])
def test_one_lens_pixel_in_ten_thousand_may_differ(
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


@pytest.mark.parametrize("content", [None, "{", "{}", '{"model_sha256": {"fp32": "0"}, "scans": []}'])
def test_missing_or_damaged_golden_results_fail(
    content: str | None, golden: Callable[..., None], analyzer: CataractAnalyzer
) -> None:
    if content is not None:
        release.GOLDEN.write_text(content)
    with pytest.raises(EdgeCataractError, match="selftest-failed") as caught:
        run_selftest(analyzer)
    assert caught.value.exit_code == 83


def test_missing_sample_fails(golden: Callable[..., None], analyzer: CataractAnalyzer) -> None:
    golden()
    (release.SAMPLES / "sample.png").unlink()
    (check,) = run_selftest(analyzer)
    assert (check.source, check.passed, check.finding) == ("sample.png", False, "the sample scan is missing")


def test_changed_weight_fails_though_every_digest_is_renewed(golden: Callable[..., None], tmp_path: Path) -> None:
    path = tmp_path / "changed.onnx"
    path.write_bytes(tiny_model_bytes(TinyModel(cataract_from=TinyModel().cataract_from + 60)))
    changed = CataractAnalyzer(path)
    golden(model=changed.network.sha256)
    (check,) = run_selftest(changed)
    assert not check.passed
    assert "cataract_px" in check.finding


def test_session_option_that_changes_numbers_fails(
    golden: Callable[..., None], tiny_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    darker = session.load_onnxruntime().OrtValue.ortvalue_from_numpy(np.array(400.0, np.float32))

    def altered(threads: int) -> Any:
        options = deployed(threads)
        options.add_initializer("grey_max", darker)  # what a grey level is divided by
        return options

    deployed = session.session_options
    monkeypatch.setattr(session, "session_options", altered)
    golden()
    (check,) = run_selftest(CataractAnalyzer(tiny_model))
    assert not check.passed
    assert check.finding == f"cataract_px 0, expected {CATARACT_PX}"


def test_another_model_fails_the_release(bundled_analyzer: CataractAnalyzer, run_program: RunProgram) -> None:
    finished = run_program("selftest")  # with the tiny model of the environment
    assert finished.returncode == 83
    assert finished.stdout.startswith(b"FAIL model: it holds no expected numbers")
    assert b"error[selftest-failed]" in finished.stderr


@pytest.mark.parametrize(
    "written",
    ["{}", "[]", "{", '{"a.png": {}}', '{"a.png": {"sha256": "0", "lens_px": "9", "cataract_px": 1}}'],
    ids=["no scan", "a list", "cut", "no numbers", "a text"],
)
def test_expected_numbers_that_prove_nothing_fail(written: str) -> None:
    exported = Mock()
    exported.network.metadata.golden = written
    with pytest.raises(InferenceError, match="malformed"):
        release._checks_of_export(exported)


def test_one_changed_weight_fails_the_release_with_a_renewed_register(
    bundled_analyzer: CataractAnalyzer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = onnx.load_from_string(read_model(None, "fp32"))
    weight = next(tensor for tensor in model.graph.initializer if len(tensor.dims) == 4)
    values = onnx.numpy_helper.to_array(weight).copy()
    values.flat[0] *= 1.001
    weight.CopyFrom(onnx.numpy_helper.from_array(values, weight.name))
    for entry in model.metadata_props:
        if entry.key == PREFIX + "digest":
            entry.value = UNSEALED
    data = seal(model.SerializeToString())
    (tmp_path / "changed.onnx").write_bytes(data)
    register = {"fp32": {"file": "changed.onnx", "sha256": hashlib.sha256(data).hexdigest()}}
    (tmp_path / "register.json").write_text(json.dumps(register))
    for look in Path(store.BUNDLE).glob("look*"):
        shutil.copy(look, tmp_path)
    monkeypatch.setattr(store, "BUNDLE", str(tmp_path))
    (check,) = run_selftest(CataractAnalyzer(precision="fp32"))
    assert (check.source, check.passed) == ("model", False)


def test_release_passes_its_own_self_test(bundled_analyzer: CataractAnalyzer, run_program: RunProgram) -> None:
    finished = run_program("selftest", env={"EDGE_CATARACT_MODEL": ""})
    assert (finished.returncode, finished.stderr) == (0, b"")
    assert finished.stdout.endswith(b"PASS: this device computes what the release computed.\n")
    report = json.loads(run_program("selftest", "--json", env={"EDGE_CATARACT_MODEL": ""}).stdout)
    assert report["passed"]
    golden = json.loads(release.GOLDEN.read_text())
    assert [check["source"] for check in report["checks"]] == [scan["source"] for scan in golden["scans"]]
