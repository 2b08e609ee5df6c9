"""A study's development eyes fix the threshold that is exported, and only those of the same checkpoint."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import pytest

from edge_runtime.model.onnx_file import inspect
from export.__main__ import main
from export.errors import ExportError
from export.threshold import operating_point_of, operating_point_of_release
from tests.edge_runtime.measure.test_answer import COEFFICIENTS
from tests.export.test_release import checkpoint
from tests.train.study.made_eyes import write_made_eyes
from train.checkpoint import save_checkpoint
from train.metrics import MIN_CF_THRESHOLD
from train.study.earlier_report import ReportError

DEVELOPMENT = Path(__file__).parents[2] / "docs" / "study" / "development"


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    save_checkpoint(checkpoint(), tmp_path / "checkpoint")
    return tmp_path / "checkpoint"


@pytest.fixture
def report(saved: Path, tmp_path: Path) -> Path:
    """The numbers of the committed development report, about the saved checkpoint and seven made-up eyes."""
    folder = tmp_path / "development"
    folder.mkdir()
    write_made_eyes(folder, clear=(0.0, 0.01, 0.03, 0.04), cataract=(0.1, 0.2, 0.3))
    results = json.loads((DEVELOPMENT / "results.json").read_text())
    results["model"]["sha256"] = hashlib.sha256(saved.read_bytes()).hexdigest()
    (folder / "results.json").write_text(json.dumps(results))
    return folder


@pytest.mark.slow
def test_the_threshold_of_a_report_is_exported(saved: Path, report: Path, tmp_path: Path) -> None:
    words = [str(saved), "-o", str(tmp_path / "out"), "--threshold-from", str(report)]
    assert main(words) == ExportError.exit_code
    assert not (tmp_path / "out").exists()
    assert main([*words, "--force"]) == 0
    metadata = inspect((tmp_path / "out" / "tiny-fp32.onnx").read_bytes())
    assert b"fewer than 10 eyes in a group" in (tmp_path / "out" / "tiny-fp32.onnx").read_bytes()
    assert metadata.cf_threshold == pytest.approx((0.04 + 0.1) / 2, abs=1e-6)
    assert "4 clear and 3 cataract eyes of simulated scans: phantom" in metadata.cf_threshold_method


@pytest.mark.slow
def test_the_threshold_of_an_earlier_export_is_taken_over(saved: Path, report: Path, tmp_path: Path) -> None:
    words = [str(saved), "-o", str(tmp_path / "out"), "--threshold-from", str(report), "--force"]
    assert main(words) == 0
    earlier = tmp_path / "out" / "tiny-fp32.onnx"
    again = [str(saved), "-o", str(tmp_path / "again"), "--threshold-from", str(earlier), "--model-version", "1.2"]
    assert main(again) == ExportError.exit_code  # its doubts came along
    coefficients = tmp_path / "coefficients.json"
    coefficients.write_text(COEFFICIENTS.to_json())
    assert main([*again, "--measures", str(coefficients), "--force"]) == 0
    old, new = (inspect((tmp_path / name / "tiny-fp32.onnx").read_bytes()) for name in ("out", "again"))
    assert (new.cf_threshold, new.cf_threshold_method) == (old.cf_threshold, old.cf_threshold_method)
    assert (new.version, new.measures) == ("1.2", COEFFICIENTS.to_json())
    coefficients.write_text("{}")
    assert main([*again, "--measures", str(coefficients), "--force"]) == ExportError.exit_code
    with pytest.raises(ExportError, match="another network"):
        operating_point_of_release(earlier, replace(checkpoint().metadata, training_commit="other"))


def test_a_threshold_within_the_guard_band_is_raised(saved: Path, report: Path) -> None:
    write_made_eyes(report, clear=(0.0, 0.001), cataract=(0.003, 0.2))
    point = operating_point_of(report, saved)
    assert point.cf_threshold == MIN_CF_THRESHOLD
    assert "the least allowed (the middle of the Youden-optimal interval is 0.0020)" in point.method


def test_a_report_of_another_model_is_refused(saved: Path, report: Path) -> None:
    (report / "results.json").write_bytes((DEVELOPMENT / "results.json").read_bytes())
    with pytest.raises(ReportError, match="another model"):
        operating_point_of(report, saved)


def test_eyes_of_one_group_fix_no_threshold(saved: Path, report: Path) -> None:
    write_made_eyes(report, clear=(0.0, 0.01), cataract=())
    with pytest.raises(ExportError, match="no threshold"):
        operating_point_of(report, saved)


def test_a_model_no_better_than_chance_or_of_few_eyes_is_in_doubt(saved: Path, report: Path) -> None:
    write_made_eyes(
        report, clear=tuple(0.05 * k for k in range(10)), cataract=tuple(0.05 * k + 0.001 for k in range(10))
    )
    assert operating_point_of(report, saved).doubts == ()
    write_made_eyes(report, clear=(0.1,) * 12, cataract=(0.0, *(0.1,) * 8))
    assert len(operating_point_of(report, saved).doubts) == 2
