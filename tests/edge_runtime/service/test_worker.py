"""The process that decodes and measures dies, hangs or runs out of memory alone: the service says so and goes on."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import cv2
import numpy as np
import pytest

from benchmarks.robustness.running_service import RunningService
from tests.edge_runtime.pictures import CATARACT_FRACTION

from .conftest import PROGRAM, Start, new_exam, png, wait_for_end
from .deadly import BLOATS, DIES, FAILS, HANGS

pytestmark = pytest.mark.slow


def good(service: RunningService) -> bool:
    answer = service.request("POST", "/v1/scans?eye=OD", png())
    return bool(answer.status == 200 and answer.json["eye"]["cataract_fraction"] == CATARACT_FRACTION)


def test_a_scan_that_kills_the_worker_is_answered_and_the_next_one_measured(service: RunningService) -> None:
    (before,) = service.workers()
    answer = service.request("POST", "/v1/scans?eye=OD", png(DIES))
    assert (answer.status, answer.code) == (500, "worker-died")
    assert "signal 11" in answer.json["error"]["message"]
    assert good(service)
    (after,) = service.workers()
    assert after != before
    assert service.process.poll() is None


def test_a_scan_that_takes_too_long_is_ended(start: Start) -> None:
    service = start(limits={"scan_s": 1.0})
    answer = service.request("POST", "/v1/scans", png(HANGS))
    assert (answer.status, answer.code, answer.headers["retry-after"]) == (503, "scan-too-slow", "5")
    assert good(service)


def test_a_scan_that_asks_for_too_much_memory_is_refused(service: RunningService) -> None:
    answer = service.request("POST", "/v1/scans", png(BLOATS))
    assert (answer.status, answer.code) == (503, "out-of-memory")
    assert good(service)


def test_a_fault_of_the_program_is_told_by_its_kind_alone(service: RunningService) -> None:
    answer = service.request("POST", "/v1/scans", png(FAILS))
    assert (answer.status, answer.code) == (500, "internal")
    assert "deadly" not in answer.content.decode()
    assert good(service)


def test_a_worker_that_is_killed_while_nothing_is_in_work_is_replaced(start: Start) -> None:
    service = start()
    (worker,) = service.workers()
    os.kill(worker, signal.SIGKILL)
    ends = time.monotonic() + 30
    while service.workers() in ([], [worker]) or service.request("GET", "/health/ready").status != 200:
        assert time.monotonic() < ends
        time.sleep(0.05)
    assert good(service)


def test_an_exam_whose_worker_dies_fails_and_may_be_asked_for_again(start: Start) -> None:
    service = start()
    exam = new_exam(service)
    service.request("PUT", f"/v1/exams/{exam}/scans/1", png())
    (worker,) = service.workers()
    os.kill(worker, signal.SIGSTOP)
    service.request("POST", f"/v1/exams/{exam}/analysis")
    os.kill(worker, signal.SIGKILL)
    assert wait_for_end(service, exam)[-1][1]["error"]["code"] == "worker-died"
    service.request("POST", f"/v1/exams/{exam}/analysis")
    assert wait_for_end(service, exam)[-1] == ("done", {})


@pytest.mark.parametrize("shape", [(30_000, 30_000), (5_001, 5_000)])
def test_a_picture_that_unpacks_to_far_too_much_is_refused_before_it_is_unpacked(
    service: RunningService, shape: tuple[int, int]
) -> None:
    """900 million pixels pack into less than a megabyte."""
    bomb = cv2.imencode(".png", np.zeros((64, 64), np.uint8))[1].tobytes()
    rows, columns = (size.to_bytes(4, "big") for size in shape)
    forged = bomb[:16] + columns + rows + bomb[24:]
    answer = service.request("POST", "/v1/scans", forged)
    assert answer.status == 422
    assert answer.code in ("too-many-pixels", "damaged-png")
    (worker,) = service.workers()
    peak = next(line for line in Path(f"/proc/{worker}/status").read_text().splitlines() if line.startswith("VmHWM"))
    assert int(peak.split()[1]) < 700_000


def test_a_model_that_does_not_prove_itself_serves_nothing(tiny_model: Path) -> None:
    """The tiny model holds no expected numbers."""
    options = f'{{"model": "{tiny_model}"}}'
    with pytest.raises(RuntimeError, match="selftest-failed"), RunningService([options], PROGRAM):
        pass
