"""The process that judges may die without the receiver."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import pytest

from edge_runtime.dicom_net.door import short_digest
from edge_runtime.dicom_net.settings import Wishes
from edge_runtime.dicom_net.worker import Worker
from edge_runtime.dicom_out.files import Kind
from edge_runtime.errors import InternalError, ModelMissingError
from tests.edge_runtime.batch.crashing import CrashingSettings

from .conftest import encoded, exam

pytestmark = pytest.mark.slow


def test_a_worker_that_dies_costs_one_try_and_the_next_exam_has_another(tmp_path: Path, tiny_model: Path) -> None:
    paths = []
    for name in ("good", "deadly"):
        paths.append(tmp_path / f"{short_digest(name)}.dcm")
        paths[-1].write_bytes(encoded(exam(name)))
    settings = CrashingSettings(str(tiny_model), short_digest("deadly"))
    worker = Worker(cast("Any", settings), Wishes((Kind.REPORT,)), 60.0)
    try:
        worker.start()
        dead = worker.judge([str(paths[1])])
        alive = worker.judge([str(paths[0])])
    finally:
        worker.end()
    assert dead.fault is not None
    assert (dead.fault.word, "signal 9" in dead.fault.found, dead.contents) == ("worker-died", True, {})
    assert (alive.fault, list(alive.contents)) == (None, ["OD.sr.dcm"])


def test_an_exam_that_takes_too_long_is_ended(tmp_path: Path, tiny_model: Path) -> None:
    (tmp_path / "a.dcm").write_bytes(encoded(exam()))
    worker = Worker(cast("Any", CrashingSettings(str(tiny_model))), Wishes(), 0.0)
    try:
        worker.start()
        late = worker.judge([str(tmp_path / "a.dcm")])
    finally:
        worker.end()
    assert late.fault is not None
    assert (late.fault.word, "too long" in late.fault.found) == ("worker-died", True)


@pytest.mark.parametrize(
    ("settings", "kind"),
    [({"error": "There is no model."}, ModelMissingError), ({"while_loading": True}, InternalError)],
)
def test_a_worker_that_cannot_begin_says_why(settings: dict[str, Any], kind: type[Exception]) -> None:
    worker = Worker(cast("Any", CrashingSettings("", **settings)), Wishes(), 60.0)
    with pytest.raises(kind):
        worker.start()
    worker.end()
