"""A study's development eyes fix the threshold that is exported, and only those of the same checkpoint."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

import pytest

from edge_runtime.model.onnx_file import inspect
from export.__main__ import main
from export.errors import ExportError
from export.threshold import operating_point_of
from train.checkpoint import save_checkpoint
from train.metrics import MIN_CF_THRESHOLD
from train.study.earlier_report import ReportError

from .test_release import checkpoint

DEVELOPMENT = Path(__file__).parents[2] / "docs" / "study" / "development"


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    save_checkpoint(checkpoint(), tmp_path / "checkpoint")
    return tmp_path / "checkpoint"


@pytest.fixture
def report(saved: Path, tmp_path: Path) -> Path:
    """The committed development report, as if it were about the saved checkpoint."""
    folder = tmp_path / "development"
    folder.mkdir()
    shutil.copy(DEVELOPMENT / "eyes.csv", folder)
    results = json.loads((DEVELOPMENT / "results.json").read_text())
    results["model"]["sha256"] = hashlib.sha256(saved.read_bytes()).hexdigest()
    (folder / "results.json").write_text(json.dumps(results))
    return folder


def test_the_threshold_of_a_report_is_exported(saved: Path, report: Path, tmp_path: Path) -> None:
    assert main([str(saved), "-o", str(tmp_path / "out"), "--threshold-from", str(report)]) == 0
    metadata = inspect((tmp_path / "out" / "tiny-fp32.onnx").read_bytes())
    own = json.loads((report / "results.json").read_text())["diagnosis"]["eye"]["own_threshold"]["value"]
    assert metadata.cf_threshold == pytest.approx(max(own, MIN_CF_THRESHOLD), abs=1e-6)
    assert "43 clear and 41 cataract eyes of simulated scans: phantom" in metadata.cf_threshold_method


def test_a_report_of_another_model_is_refused(saved: Path) -> None:
    with pytest.raises(ReportError, match="another model"):
        operating_point_of(DEVELOPMENT, saved)


def test_eyes_of_one_group_fix_no_threshold(saved: Path, report: Path) -> None:
    lines = (report / "eyes.csv").read_text().splitlines(keepends=True)
    (report / "eyes.csv").write_text("".join(line for line in lines if ",cataract," not in line))
    with pytest.raises(ExportError, match="no threshold"):
        operating_point_of(report, saved)
