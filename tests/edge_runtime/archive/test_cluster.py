"""A cluster of Ray makes the same files as processes do, though a worker is killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from benchmarks.robustness.ray_cluster import ACTOR, LOCAL, command_of, descendants
from edge_runtime.archive.cluster import ShardActor, _Driver
from edge_runtime.archive.manifest import Shard
from edge_runtime.archive.progress import ArchiveProgress
from edge_runtime.archive.score import ShardReport
from edge_runtime.archive.sent_settings import SentSettings
from edge_runtime.errors import EdgeCataractError
from tests.conftest import ROOT, RunProgram
from tests.edge_runtime.batch.exams import settings

from .archives import work_in, write_files, write_manifest


class LostError(Exception):
    """What a cluster says of a worker that is gone."""


class PaperCluster:
    """A cluster on paper: the second worker is lost with its first shard, and no machine comes in its place."""

    exceptions = SimpleNamespace(RayError=LostError)

    def __init__(self) -> None:
        self.actors = 0
        self.refs: dict[str, Any] = {}

    def put(self, content: object) -> object:
        return content

    def remote(self, **options: object) -> Any:
        return lambda actor: SimpleNamespace(remote=self.start)

    def start(self, work: object) -> Any:
        self.actors += 1
        number = self.actors

        def ask(what: str, answer: Any) -> str:
            self.refs[f"{what} of {number}"] = answer
            return f"{what} of {number}"

        return SimpleNamespace(
            ready=SimpleNamespace(remote=lambda: ask("ready", None if number < 3 else "never")),
            score=SimpleNamespace(
                remote=lambda shard: ask(
                    f"shard {shard.number}", ShardReport(shard.number, 1, True) if number == 1 else LostError()
                )
            ),
            close=SimpleNamespace(remote=lambda: ask("close", None)),
        )

    def wait(self, refs: list[str], timeout: float, num_returns: int = 1) -> tuple[list[str], list[str]]:
        done = [ref for ref in refs if not isinstance(self.refs[ref], str)]
        return done[:num_returns], done[num_returns:]

    def get(self, ref: str) -> Any:
        if isinstance(self.refs[ref], Exception):
            raise self.refs[ref]
        return self.refs[ref]

    def kill(self, actor: object) -> None:
        """It is gone already."""


def test_a_machine_that_stays_away_holds_nothing_up(tmp_path: Path, tiny_model: Path) -> None:
    work, shards = work_in(tmp_path, tiny_model, [f"{number}.png" for number in range(5)], shard_size=1)
    progress = ArchiveProgress.of(work.plan, set(), 0.0, None)
    cluster = PaperCluster()
    reports = list(_Driver(cluster, iter(shards), work, 2, progress).reports())
    assert sorted(report.number for report in reports if report is not None) == [0, 1, 2, 3, 4]
    assert cluster.actors == 3


def kill_a_worker(driver: subprocess.Popen[bytes]) -> bool:
    """Kill a worker as soon as there is one; whether the driver was there for so long."""
    until = time.monotonic() + 240
    while driver.poll() is None:
        assert time.monotonic() < until, "no worker was found"
        for pid in descendants(driver.pid):
            if command_of(pid).startswith(ACTOR):
                os.kill(pid, signal.SIGKILL)
                return True
        time.sleep(0.05)
    return False


def killed_run(command: list[str], environment: dict[str, str]) -> tuple[int, bytes, bytes]:
    """Run on a cluster that loses a worker; code, output and errors."""
    driver = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        kill_a_worker(driver)
        said, errors = driver.communicate(timeout=240)
    finally:
        started = descendants(driver.pid)
        driver.kill()
        driver.communicate()
        for pid in started:
            if "ray" in command_of(pid):
                os.kill(pid, signal.SIGKILL)
    return driver.returncode, said, errors


@pytest.mark.slow
def test_a_cluster_that_loses_a_worker_makes_the_same_files(
    run_program: RunProgram, tmp_path: Path, tiny_model: Path
) -> None:
    manifest, out, ray = write_manifest(tmp_path, 20), tmp_path / "out", tmp_path / "ray"
    arguments = ["--shard-size", "3", "--processes", "1", "--json"]
    assert run_program("archive", manifest, "-o", out, *arguments).returncode == 4
    command = [sys.executable, "-m", "edge_runtime", "archive", str(manifest), "-o", str(ray), *arguments]
    environment = {**os.environ, **LOCAL, "PYTHONPATH": str(ROOT), "EDGE_CATARACT_MODEL": str(tiny_model)}
    for _ in range(3):  # Ray gives a node 30 s to start, which a busy machine may not keep
        code, said, errors = killed_run([*command, "--ray", "local"], environment)
        if b"cluster-unreachable" not in errors:
            break
    assert code == 4, errors.decode()
    assert json.loads(said)["this_run"]["counts"] == {"failed": 0, "graded": 20, "refused": 3}
    first, second = ({path.name: path.read_bytes() for path in (folder / "shards").iterdir()} for folder in (out, ray))
    assert first == second
    assert len(first) == 8


@pytest.mark.slow
def test_an_address_at_which_nobody_listens_is_told(run_program: RunProgram, tmp_path: Path) -> None:
    done = run_program("archive", write_manifest(tmp_path, 1), "-o", tmp_path / "out", "--ray", "127.0.0.1:9")
    assert done.returncode == 73
    assert b"error[cluster-unreachable]" in done.stderr


@pytest.mark.slow
def test_an_actor_needs_no_file_of_the_machine_that_sent_it(
    tmp_path: Path, tiny_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])
    keys = write_files(tmp_path, 1)
    work, (shard,) = work_in(tmp_path, tiny_model, keys, shard_size=9)
    sent = replace(work, settings=SentSettings.of(settings(tiny_model)))
    assert sent.settings.model is None
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)
    actor = ShardActor(sent)
    try:
        assert actor.ready() is None
        report = actor.score(shard)
        assert not isinstance(report, EdgeCataractError)
        assert report.written
        refused = actor.score(Shard(1, 9, ("none.png",)))
        assert isinstance(refused, EdgeCataractError)
        assert refused.word == "store-refused"
        assert list(tmp_path.glob("edge-cataract-*")) == []
    finally:
        actor.close()


def test_an_actor_of_another_version_says_so(tmp_path: Path, tiny_model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])
    work, _ = work_in(tmp_path, tiny_model, ["a.png"])
    other = replace(work, plan=replace(work.plan, work={**work.plan.work, "version": "0"}))
    actor = ShardActor(replace(other, settings=SentSettings.of(other.settings)))
    refused = actor.ready()
    actor.close()
    assert isinstance(refused, EdgeCataractError)
    assert refused.word == "archive-other-work"
