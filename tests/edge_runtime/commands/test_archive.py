"""``archive`` as a user runs it: the same files from any run, stopped or not; status, verify and merge."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from edge_runtime import cli
from edge_runtime.archive import library
from tests.conftest import ROOT, RunProgram
from tests.edge_runtime.archive.archives import NOT_GRADED, write_manifest


def shards(prefix: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted((prefix / "shards").iterdir())}


def word(errors: bytes) -> str:
    (found,) = re.findall(r"error\[([a-z-]+)\]", errors.decode())
    return str(found)


def summary(done: subprocess.CompletedProcess[bytes]) -> dict[str, Any]:
    assert done.returncode in (0, 4), done.stderr.decode()
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.mark.slow
def test_shards_are_the_same_whatever_the_number_of_processes(run_program: RunProgram, tmp_path: Path) -> None:
    manifest, one, two = write_manifest(tmp_path, 9), tmp_path / "one", tmp_path / "two"
    first = summary(run_program("archive", manifest, "-o", one, "--shard-size", "5", "--processes", "1", "--json"))
    done = run_program("archive", manifest, "-o", two, "--shard-size", "5", "--processes", "2", "--price", "3600")
    assert done.returncode == 4
    assert shards(one) == shards(two)
    assert list(shards(one)) == ["00000000.parquet", "00000001.parquet", "00000002.parquet"]
    assert first["this_run"]["counts"] == {"failed": 0, "graded": 9, "refused": 3}
    assert (first["scans"], first["shards"], first["shards_before"]) == (12, 3, 0)
    assert re.search(r"3 of 3 shards, 12 of 12 scans, [\d.]+ scans/s, .* machine-hours, cost \d", done.stderr.decode())


@pytest.mark.slow
def test_a_run_that_was_killed_is_continued_to_the_same_files(
    run_program: RunProgram, tmp_path: Path, tiny_model: Path
) -> None:
    manifest, killed, whole = write_manifest(tmp_path, 30), tmp_path / "killed", tmp_path / "whole"
    arguments = ["--shard-size", "3", "--processes", "1", "--json"]
    command = [sys.executable, "-m", "edge_runtime", "archive", str(manifest), "-o", str(killed), *arguments]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "EDGE_CATARACT_MODEL": str(tiny_model)}
    running = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        until = time.monotonic() + 240
        while not (killed / "shards" / "00000001.parquet").exists():
            assert time.monotonic() < until
            time.sleep(0.01)
    finally:
        running.kill()
        running.wait()
    there = len(list((killed / "shards").glob("*.parquet")))
    assert 2 <= there < 11
    status = summary(run_program("archive", "status", killed, "--json"))
    assert (status["shards"], status["shards_done"], status["first_missing"]) == (11, there, there)
    assert word(run_program("archive", "verify", killed).stderr) == "unfinished-archive"
    rest = summary(run_program("archive", manifest, "-o", killed, *arguments))
    assert (rest["shards_before"], rest["this_run"]["shards"]) == (there, 11 - there)
    run_program("archive", manifest, "-o", whole, *arguments)
    names = [name for name in shards(killed) if name.endswith(".parquet")]
    assert {name: shards(killed)[name] for name in names} == shards(whole)


@pytest.mark.slow
def test_a_run_that_is_interrupted_says_what_is_there(tmp_path: Path, tiny_model: Path) -> None:
    manifest, out = write_manifest(tmp_path, 60), tmp_path / "out"
    command = [sys.executable, "-m", "edge_runtime", "archive", str(manifest), "-o", str(out), "--shard-size", "2"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "EDGE_CATARACT_MODEL": str(tiny_model)}
    running = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    try:
        until = time.monotonic() + 240
        while not (out / "shards" / "00000001.parquet").exists():
            assert time.monotonic() < until
            time.sleep(0.01)
        running.send_signal(signal.SIGINT)
        _, errors = running.communicate(timeout=240)
    finally:
        running.kill()
        running.wait()
    assert running.returncode == 130
    assert re.search(rb"stopped: \d+ of 32 shards are written; the same command continues", errors)
    assert [path.name for path in (out / "shards").iterdir() if path.suffix != ".parquet"] == []


@pytest.mark.slow
def test_an_archive_is_verified_and_merged(run_program: RunProgram, tmp_path: Path) -> None:
    manifest, out, table = write_manifest(tmp_path, 5), tmp_path / "out", tmp_path / "all.parquet"
    run_program("archive", manifest, "-o", out, "--shard-size", "4")  # the last shard is a full one, too
    verified = run_program("archive", "verify", out, "--manifest", manifest, "--json")
    assert not verified.stderr
    proven = summary(verified)
    assert proven["counts"] == {"graded": 5, "refused": 3}
    assert proven["words"] == dict.fromkeys(sorted(NOT_GRADED.values()), 1)
    assert proven["keys_checked"]
    assert run_program("archive", "merge", out, "-o", table).returncode == 0
    merged = pq.read_table(table)
    assert merged.column("key").to_pylist() == manifest.read_text().splitlines()[1:]
    assert merged.column("row").to_pylist() == list(range(8))
    assert word(run_program("archive", "merge", out, "-o", table).stderr) == "output-taken"
    assert run_program("archive", "merge", out, "-o", table, "--overwrite").returncode == 0
    assert pq.read_table(table).equals(merged)
    for part in ("plan.json", "shards/00000000.parquet", "shards/00000009.parquet"):
        assert word(run_program("archive", "merge", out, "-o", out / part, "--overwrite").stderr) == "output-taken"
    assert run_program("archive", "verify", out).returncode == 0

    manifest.write_text(manifest.read_text().replace("P1_OD", "P2_OD"))
    assert word(run_program("archive", "verify", out, "--manifest", manifest).stderr) == "damaged-archive"
    (out / "shards" / "00000001.parquet").write_bytes((out / "shards" / "00000000.parquet").read_bytes())
    spoilt = run_program("archive", "verify", out)
    assert (spoilt.returncode, word(spoilt.stderr)) == (65, "damaged-archive")
    assert word(run_program("archive", "merge", out, "-o", tmp_path / "b.parquet").stderr) == "damaged-archive"
    assert not (tmp_path / "b.parquet").exists()


@pytest.mark.slow
def test_another_run_under_the_same_prefix_is_refused(run_program: RunProgram, tmp_path: Path) -> None:
    manifest, out = write_manifest(tmp_path, 1), tmp_path / "out"
    assert run_program("archive", manifest, "-o", out).returncode == 4
    for more in (["--shard-size", "7"], ["--threshold", "0.9"], ["--bits", "12"]):
        refused = run_program("archive", manifest, "-o", out, *more)
        assert (refused.returncode, word(refused.stderr)) == (73, "archive-other-work")


@pytest.mark.parametrize(
    "arguments",
    [
        ["m.csv"],
        ["m.csv", "-o", "out", "--processes", "0"],
        ["m.csv", "-o", "out", "--processes", "1000"],
        ["m.csv", "-o", "out", "--price", "-1"],
        ["m.csv", "-o", "out", "--patience", "nan"],
        ["m.csv", "n.csv", "-o", "out"],
        ["status"],
        ["status", "a", "b"],
        ["status", "a", "-o", "out"],
        ["merge", "a"],
        ["gs://bucket/m.csv", "-o", "out"],
        ["status", "gs://bucket/a"],
    ],
)
def test_what_cannot_be_meant_is_refused(
    arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert cli.main(["archive", *arguments]) == 2
    assert "error[usage]" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("package", "arguments"),
    [
        ("pyarrow", ["m.csv", "-o", "out"]),
        ("s3fs", ["m.csv", "-o", "s3://bucket/out"]),
        ("s3fs", ["status", "s3://bucket/out"]),
    ],
)
def test_without_the_extra_it_is_named(
    package: str,
    arguments: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def missing(name: str) -> Any:
        if name.startswith(package):
            raise ModuleNotFoundError(name)
        return __import__(name)

    monkeypatch.chdir(tmp_path)
    write_manifest(tmp_path, 1)
    (tmp_path / "manifest.csv").rename("m.csv")
    monkeypatch.setattr(library, "import_module", missing)
    assert cli.main(["archive", *arguments]) == 69
    assert "edge-cataract[cluster]" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
