"""A watch judges with the model in use of the device, when every process has proven it."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge_runtime.golden import sample_counts
from edge_runtime.slots.state import SlotState, write_state
from edge_runtime.slots.store import ModelStore
from tests.conftest import RunProgram
from tests.edge_runtime.batch.exams import write_exams
from tests.edge_runtime.service.conftest import write_proven

from .programs import QUICK, summaries


@pytest.fixture
def counts(analyzer: object) -> dict[str, object]:
    return dict(sample_counts(analyzer))  # type: ignore[arg-type]


def in_use(folder: Path, model: Path) -> str:
    """Put a model into slots, as one that was installed and switched to; returns its hash."""
    sha256 = ModelStore(str(folder)).keep(model.read_bytes(), b"")
    write_state(str(folder), SlotState(1, sha256))
    return sha256


def command(folder: Path) -> tuple[str | Path, ...]:
    options = (*QUICK, "--scans", "1", "--once", "--slots", folder / "slots")
    return ("watch", folder / "in", "-o", folder / "out", *options)


@pytest.mark.slow
def test_every_document_names_the_model_in_use(
    tmp_path: Path, counts: dict[str, object], run_program: RunProgram
) -> None:
    sha256 = in_use(tmp_path / "slots", write_proven(tmp_path / "m.onnx", counts, name="of-the-slots"))
    write_exams(tmp_path / "in", 1)
    out = tmp_path / "out"
    assert run_program(*command(tmp_path)).returncode == 0
    (summary,) = summaries(out)
    assert f'"sha256": "{sha256}"' in (out / summary["result"] / "exam-OD.json").read_text()


@pytest.mark.slow
def test_a_watch_does_not_begin_with_a_model_that_does_not_prove_itself(
    tmp_path: Path, tiny_model: Path, run_program: RunProgram
) -> None:
    in_use(tmp_path / "slots", tiny_model)
    write_exams(tmp_path / "in", 1)
    ended = run_program(
        "watch", tmp_path / "in", "-o", tmp_path / "out", *QUICK, "--once", "--slots", tmp_path / "slots"
    )
    assert (ended.returncode, b"selftest-failed" in ended.stderr) == (83, True)
    assert b"No exam was judged." in ended.stderr  # its record was begun, so something was written
    assert summaries(tmp_path / "out") == []
