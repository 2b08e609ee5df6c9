"""The process that judges may die without the receiver."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pytest

from edge_runtime.dicom_net.door import short_digest
from edge_runtime.dicom_net.settings import Wishes
from edge_runtime.dicom_net.worker import Worker
from edge_runtime.dicom_out.files import Kind
from edge_runtime.errors import InternalError, ModelMissingError, ResourceError
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


def test_an_exam_that_asks_for_too_much_memory_costs_itself_alone(tmp_path: Path, tiny_model: Path) -> None:
    for name in ("greedy", "good"):
        (tmp_path / f"{name}.dcm").write_bytes(encoded(exam(name)))
    worker = Worker(cast("Any", CrashingSettings(str(tiny_model))), Wishes((Kind.REPORT,)), 60.0)
    try:
        found = [worker.judge([str(tmp_path / f"{name}.dcm")]) for name in ("greedy", "good")]
    finally:
        worker.end()
    assert [None if one.fault is None else one.fault.word for one in found] == ["out-of-memory", None]
    assert list(found[1].contents) == ["OD.sr.dcm"]


def test_a_browser_that_prints_a_page_is_not_bound_as_the_worker_is(
    tmp_path: Path, tiny_model: Path, program: Callable[[str], str]
) -> None:
    program("chromium")
    (tmp_path / "a.dcm").write_bytes(encoded(exam()))
    worker = Worker(cast("Any", CrashingSettings(str(tiny_model))), Wishes((Kind.PAGE,)), 90.0)
    try:
        printed = worker.judge([str(tmp_path / "a.dcm")])
    finally:
        worker.end()
    assert (printed.fault, list(printed.contents)) == (None, ["OD.pdf.dcm"])


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


def test_where_no_process_can_be_started_the_exam_is_not_to_blame(
    tmp_path: Path, tiny_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def starts_none(_: object) -> None:
        raise BlockingIOError(11, "Resource temporarily unavailable")

    (tmp_path / "a.dcm").write_bytes(encoded(exam()))
    worker = Worker(cast("Any", CrashingSettings(str(tiny_model))), Wishes((Kind.REPORT,)), 60.0)
    try:
        with monkeypatch.context() as here:
            here.setattr(multiprocessing.get_context("spawn").Process, "start", starts_none)
            with pytest.raises(ResourceError, match=r"no-process.*temporarily unavailable"):
                worker.judge([str(tmp_path / "a.dcm")])
        assert worker.judge([str(tmp_path / "a.dcm")]).fault is None
    finally:
        worker.end()
