"""A cluster of Ray renders and measures what one machine does, to the byte, though a machine is lost."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from benchmarks.robustness.ray_cluster import LOCAL, LocalCluster, command_of, descendants, ray_cluster
from edge_runtime.archive import library
from edge_runtime.errors import InternalError, OutputError, UsageError
from tests.conftest import ROOT
from tests.make_tiny_model import TinyModel, tiny_model_bytes
from train import cluster as cluster_module
from train.cluster import _run, code_of_this_machine, over_cluster

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


def refuse(shared: str, job: int) -> int:
    raise UsageError("usage", f"{shared} {job}", "Nothing.")


def multiply(shared: int, job: int) -> int:
    return shared * job


class LostError(Exception):
    """What a cluster says of a job whose machines are gone."""


class FaultError(LostError):
    """What it says of a fault in the function."""


class PaperRay:
    """A cluster on paper of so many processors, which remembers what was asked of it."""

    exceptions = SimpleNamespace(RayError=LostError, RayTaskError=FaultError)

    def __init__(self, processors: int = 2, lost: int | None = None) -> None:
        self.processors, self.lost = processors, lost
        self.asked = self.most_ahead = self.answered = 0

    def cluster_resources(self) -> dict[str, float]:
        return {"CPU": self.processors} if self.processors else {}

    def put(self, content: object) -> object:
        return content

    def remote(self, **options: object) -> Any:
        return lambda function: SimpleNamespace(remote=lambda *arguments: self.ask(function, *arguments))

    def ask(self, function: Any, code: dict[str, str], sealed: list[Any]) -> Any:
        self.asked += 1
        self.most_ahead = max(self.most_ahead, self.asked - self.answered)
        return lambda: function(code, sealed)

    def get(self, answer: Any) -> Any:
        if isinstance(answer, list):  # a job and what it shares, which lie open on paper
            return answer
        self.answered += 1
        if self.answered == self.lost:
            raise LostError
        return answer()


@pytest.fixture
def paper(monkeypatch: pytest.MonkeyPatch) -> Callable[..., PaperRay]:
    def joined(**wishes: Any) -> PaperRay:
        ray = PaperRay(**wishes)
        monkeypatch.setattr(cluster_module, "joined_cluster", lambda address: nullcontext(ray))
        monkeypatch.setattr(library, "ray", lambda: ray)
        return ray

    return joined


def test_results_come_in_order_and_few_jobs_are_taken_ahead(paper: Callable[..., PaperRay]) -> None:
    ray = paper(processors=3)
    assert list(over_cluster(multiply, 7, range(50), "auto")) == [7 * job for job in range(50)]
    assert (ray.asked, ray.most_ahead) == (50, 6)


def test_what_was_done_before_a_loss_is_given(paper: Callable[..., PaperRay]) -> None:
    paper(lost=4)
    results = over_cluster(multiply, 1, range(9), "auto")
    assert [next(results) for _ in range(3)] == [0, 1, 2]
    with pytest.raises(InternalError) as caught:
        next(results)
    assert caught.value.word == "worker-died"


def test_a_cluster_without_a_processor_is_refused(paper: Callable[..., PaperRay]) -> None:
    paper(processors=0)
    with pytest.raises(OutputError) as caught:
        list(over_cluster(multiply, 1, range(3), "auto"))
    assert caught.value.word == "cluster-unreachable"


def test_a_cluster_that_loses_its_processors_at_the_end_has_done_its_work(paper: Callable[..., PaperRay]) -> None:
    ray = paper(processors=1)
    results = over_cluster(multiply, 2, range(3), "auto")
    found = [next(results), next(results)]
    ray.processors = 0
    assert [*found, *results] == [0, 2, 4]


def test_an_error_of_the_program_comes_back(paper: Callable[..., PaperRay]) -> None:
    paper()
    with pytest.raises(UsageError, match="job 7"):
        list(over_cluster(refuse, "job", [7], "auto"))


@pytest.mark.parametrize("other", [{"code": "of yesterday"}, {"numpy": "1.0"}, {"more": "2.0"}])
def test_a_machine_with_other_code_is_refused_before_the_job_is_opened(
    other: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(library, "ray", lambda: SimpleNamespace(get=pytest.fail))
    refused = _run({**code_of_this_machine(), **other}, [])
    assert isinstance(refused, OutputError)
    assert refused.word == "other-code"
    assert f"computes with other {next(iter(other))}." in str(refused)


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
    while not (workers := _at_work(cluster)) and time.monotonic() < until:
        time.sleep(0.05)
    os.kill(workers[0], signal.SIGKILL)
    cluster.lose_a_node()
    assert running.poll() is None
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
    left = [path for path in Path(tempfile.gettempdir()).glob("edge-cataract-*") if any(path.glob("*tiny.onnx"))]
    assert left == []


def _at_work(cluster: LocalCluster) -> list[int]:
    return [pid for pid in descendants(cluster.process.pid) if command_of(pid).startswith("ray::_run")]
