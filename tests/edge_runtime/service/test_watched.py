"""How long the worker may take: each scan has a time of its own, and so has what is drawn and written of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from edge_runtime.errors import InternalError, ResourceError
from edge_runtime.machine.resources import Limits
from edge_runtime.scan import Laterality
from edge_runtime.service.limits import ServiceLimits
from edge_runtime.service.tasks import Done, Kind, Progress, Task
from edge_runtime.service.watched import WatchedWorker
from tests.dicom_files import file_bytes, tomography
from tests.edge_runtime.pictures import lens_frame

from .conftest import png
from .deadly import HANGS, LINGERS, DeadlySettings

pytestmark = pytest.mark.slow
SCAN_S = 3.0
FRAMES = 10


@contextmanager
def worker(settings: DeadlySettings) -> Iterator[WatchedWorker]:
    watched = WatchedWorker(settings, ServiceLimits(scan_s=SCAN_S))
    try:
        watched.prepare()
        yield watched
    finally:
        watched.end()


def several(first: int | None = None) -> bytes:
    """One file of several frames."""
    frames = [lens_frame(cataract_rows=100 + number) for number in range(FRAMES)]
    for frame in frames:
        frame[0, 0] = frame[0, 0] if first is None else first
    return file_bytes(tomography(frames))


def exam(files: int = 1) -> Task:
    return Task(Kind.EXAM, tuple(range(1, files + 1)), Laterality.OD, exam="a.1")


def test_many_scans_in_one_file_take_the_time_of_each(proven_model: Path) -> None:
    told: list[Progress] = []
    with worker(DeadlySettings(str(proven_model))) as watched:
        done = watched.do(exam(), [several(LINGERS)], told.append)  # which takes longer than one scan may
    assert isinstance(done, Done)
    assert [one.state for one in told].count("done") == FRAMES


def test_one_scan_that_takes_too_long_ends_an_exam_of_many(proven_model: Path) -> None:
    told: list[Progress] = []
    files = [png(cataract_rows=200), png(HANGS), png(cataract_rows=300)]
    with worker(DeadlySettings(str(proven_model))) as watched:
        with pytest.raises(ResourceError) as slow:
            watched.do(exam(3), files, told.append)
        assert (slow.value.word, watched.alive) == ("scan-too-slow", False)
    assert [one.scan for one in told if one.state == "done"] == [1]


def test_what_is_drawn_and_written_of_many_scans_has_the_time_of_each(proven_model: Path) -> None:
    with worker(DeadlySettings(str(proven_model), draws_s=0.5)) as watched:
        drawn = watched.do(exam(), [several()], lambda _: None)
        page = watched.do(Task(Kind.REPORT, exam="a.1"), (), lambda _: None)
    assert isinstance(drawn, Done)
    assert len([name for name in drawn.pictures if name.startswith("scans/")]) == FRAMES
    assert isinstance(page, Done)
    assert "</html>" in page.text


def test_a_cap_on_memory_that_no_scan_would_keep_is_refused_before_anything_is_served(proven_model: Path) -> None:
    watched = WatchedWorker(DeadlySettings(str(proven_model), limits=Limits(1, max_memory_mb=30)), ServiceLimits())
    with pytest.raises(ResourceError) as refused:
        watched.prepare()
    assert (refused.value.word, watched.alive) == ("memory-cap", False)


def test_a_cap_on_memory_that_the_self_test_keeps_holds_for_scans(proven_model: Path) -> None:
    with worker(DeadlySettings(str(proven_model), limits=Limits(1, max_memory_mb=150))) as watched:
        assert isinstance(watched.do(Task(Kind.SCAN, (1,)), [png()], lambda _: None), Done)


def test_a_task_that_nobody_follows_any_more_leaves_its_answer_to_no_other(proven_model: Path) -> None:
    def tell(_: Progress) -> None:
        raise RuntimeError("the loop is closed")

    with worker(DeadlySettings(str(proven_model))) as watched:
        with pytest.raises(RuntimeError):
            watched.do(exam(), [png()], tell)
        assert not watched.alive
        with pytest.raises(InternalError, match="worker-died"):
            watched.do(Task(Kind.SCAN, (1,)), [png()], lambda _: None)
