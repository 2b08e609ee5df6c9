"""A cluster of Ray renders and measures what one machine does, to the byte, though a machine is lost."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.robustness.ray_cluster import LOCAL, LocalCluster, command_of, descendants, ray_cluster
from edge_runtime.errors import OutputError, UsageError
from tests.conftest import ROOT
from tests.make_tiny_model import TinyModel, tiny_model_bytes
from train.cluster import _run, _Task, code_of_this_machine

WORDS = ("--seed", "3", "--patients", "2")
COHORT = "corneal-disease-without"


@pytest.fixture(scope="module")
def cluster() -> Iterator[LocalCluster]:
    pytest.importorskip("ray")
    with ray_cluster() as running:
        yield running


def train(*words: str | Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "train", *map(str, words)]
    return subprocess.Popen(command, cwd=ROOT, env={**os.environ, **LOCAL}, stderr=subprocess.PIPE)


def finished(running: subprocess.Popen[bytes]) -> None:
    _, said = running.communicate(timeout=300)
    assert running.returncode == 0, said.decode()


def files_of(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*.*") if path.is_file()}


def test_a_job_gets_what_is_shared_and_an_error_of_the_program_comes_back() -> None:
    def refuse(shared: str, job: int) -> int:
        raise UsageError("usage", f"{shared} {job}", "Nothing.")

    code = code_of_this_machine()
    assert _run(_Task(lambda shared, job: shared * job, 6, code), 7) == 42
    refused = _run(_Task(refuse, "job", code), 7)
    assert isinstance(refused, UsageError)
    assert refused.found == "job 7"


def test_a_machine_with_other_code_is_refused() -> None:
    other = {**code_of_this_machine(), "code": "of yesterday", "numpy": "1.0"}
    refused = _run(_Task(lambda shared, job: job, None, other), 1)
    assert isinstance(refused, OutputError)
    assert refused.word == "other-code"
    assert "code, numpy" in str(refused)


def test_a_cluster_that_is_not_there_is_told(tmp_path: Path) -> None:
    pytest.importorskip("ray")
    running = train("phantom", "--cohort", COHORT, *WORDS, "--out", tmp_path / "a", "--ray", "127.0.0.1:9")
    _, said = running.communicate(timeout=120)
    assert running.returncode == OutputError.exit_code
    assert b"cannot be joined" in said


@pytest.mark.slow
def test_a_cohort_is_the_same_to_the_byte_though_a_machine_is_lost(cluster: LocalCluster, tmp_path: Path) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    running = train("phantom", "--cohort", COHORT, *WORDS, "--out", there, "--ray", cluster.address)
    until = time.monotonic() + 120
    while time.monotonic() < until and not (workers := _at_work(cluster)):
        time.sleep(0.05)
    os.kill(workers[0], signal.SIGKILL)
    cluster.lose_a_node()
    finished(running)
    finished(train("phantom", "--cohort", COHORT, *WORDS, "--out", here, "--workers", "1"))
    expected, found = files_of(here), files_of(there)
    assert len(expected) > 7 * 12  # as many pictures and maps, and the tables
    assert found == expected


@pytest.mark.slow
def test_a_study_is_the_same(cluster: LocalCluster, tmp_path: Path) -> None:
    model = tmp_path / "tiny.onnx"
    model.write_bytes(tiny_model_bytes(TinyModel(grid=8)))
    words = ("study", "--model", model, "--seed", "3", "--patients", "1", "--resamples", "50", "--cohorts", COHORT)
    finished(train(*words, "--out", tmp_path / "here", "--workers", "1"))
    finished(train(*words, "--out", tmp_path / "there", "--ray", cluster.address))
    expected, found = (
        json.loads((tmp_path / side / COHORT / "results.json").read_text()) for side in ("here", "there")
    )
    assert found["table_1"]["clear"]["images"] == 6
    assert expected.pop("infer_ms_median") > 0
    assert found.pop("infer_ms_median") > 0
    assert found == expected


def _at_work(cluster: LocalCluster) -> list[int]:
    return [pid for pid in descendants(cluster.process.pid) if command_of(pid).startswith("ray::_run")]
