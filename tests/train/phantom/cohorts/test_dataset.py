"""Cohorts on disk: the dataset layout, the same bytes from any number of processes, continued where stopped."""

from __future__ import annotations

import csv
import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge_runtime.errors import OutputError
from tests.conftest import ROOT
from train.data.dataset import read_dataset
from train.phantom.cohorts.dataset import LEDGER, Cohort, CohortStamp, write_cohort

pytestmark = pytest.mark.slow  # each writes a cohort, or waits for one
COHORT = Cohort.plan("training", seed=5, patients=2)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("one")
    write_cohort(COHORT, out)
    return out


def test_cohorts_are_read_from_what_describes_them() -> None:
    one, other = CohortStamp("training", 9, 1150, "8"), CohortStamp("test-retest", 5201, 100, "8")
    assert CohortStamp.described(f"over 43 eyes of {one.describe()} (per eye: 0.9); {other.describe()}") == (one, other)
    assert CohortStamp.described("held-out patients") == ()


def contents(out: Path) -> dict[str, bytes]:
    """Every file but the ledger, whose records stand in the order in which eyes were done."""
    files = [path for path in sorted(out.rglob("*")) if path.is_file() and path.name != LEDGER]
    return {str(path.relative_to(out)): path.read_bytes() for path in files}


def keys(out: Path) -> list[str]:
    lines = (out / LEDGER).read_text().splitlines()[1:]
    return [json.loads(line)["key"] for line in lines]


def test_two_processes_write_the_bytes_of_one(written: Path, tmp_path: Path) -> None:
    write_cohort(COHORT, tmp_path, workers=2)
    assert contents(tmp_path) == contents(written)
    assert sorted(keys(tmp_path)) == sorted(keys(written))


def test_a_cohort_is_a_dataset(written: Path) -> None:
    dataset = read_dataset(written)
    assert len(dataset.scans) == 12
    assert all(scan.truth_labels is not None for scan in dataset.scans)


def test_the_table_holds_the_share_that_can_be_seen(written: Path) -> None:
    with (written / "scans.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        labels, observable = (
            cv2.imdecode(np.fromfile(written / row[name], np.uint8), cv2.IMREAD_UNCHANGED)
            for name in ("truth_labels", "truth_observable")
        )
        assert observable.dtype == np.uint8
        assert observable.shape == labels.shape
        assert set(np.unique(observable)) <= {0, 1}
        opacity = labels == 2
        seen = row["truth_observable_fraction"]
        assert (seen == "") == (not opacity.any())
        if seen:
            assert float(seen) == pytest.approx(observable[opacity].mean(), abs=1e-4)
    assert any(row["truth_observable_fraction"] for row in rows)


def test_a_cohort_that_was_killed_is_continued(tmp_path: Path, written: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "train",
        "phantom",
        "--cohort",
        "training",
        "--patients",
        "2",
        "--seed",
        "5",
        "--workers",
        "1",
    ]
    process = subprocess.Popen([*command, "--out", str(tmp_path)], cwd=ROOT, stderr=subprocess.DEVNULL)
    ledger = tmp_path / LEDGER
    while process.poll() is None and (not ledger.exists() or len(ledger.read_bytes().splitlines()) < 2):
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not (tmp_path / "scans.csv").exists(), "it was done before it could be killed"
    done = keys(tmp_path)
    assert 0 < len(done) < COHORT.scans
    (tmp_path / "masks" / ".edge-cataract-0123.tmp").touch()  # as after a kill in the middle of a file
    before = {name: (tmp_path / "images" / f"{name}.png").stat().st_mtime_ns for name in done}
    write_cohort(COHORT, tmp_path)
    assert {name: (tmp_path / "images" / f"{name}.png").stat().st_mtime_ns for name in done} == before
    assert contents(tmp_path) == contents(written)
    assert sorted(keys(tmp_path)) == sorted(keys(written))


def test_only_what_is_missing_is_rendered_again(tmp_path: Path, written: Path) -> None:
    write_cohort(COHORT, tmp_path)
    lines = (tmp_path / LEDGER).read_bytes().splitlines(keepends=True)
    (tmp_path / LEDGER).write_bytes(b"".join(lines[:-1]))
    lost = json.loads(lines[-1])["key"]
    (tmp_path / "images" / f"{lost}.png").unlink()
    (tmp_path / "scans.csv").unlink()
    kept = tmp_path / "images" / f"{json.loads(lines[1])['key']}.png"
    before = kept.stat().st_mtime_ns
    write_cohort(COHORT, tmp_path)
    assert kept.stat().st_mtime_ns == before
    assert contents(tmp_path) == contents(written)


def test_a_folder_with_another_cohort_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "cohort.json").write_text(json.dumps({"cohort": "validation"}))
    with pytest.raises(OutputError, match="holds another cohort") as caught:
        write_cohort(COHORT, tmp_path)
    assert caught.value.exit_code == 73
    assert [path.name for path in tmp_path.iterdir()] == ["cohort.json"]


def test_a_folder_of_another_seed_is_left_alone_even_without_its_marker(tmp_path: Path) -> None:
    write_cohort(Cohort.plan("training", seed=1, patients=1), tmp_path)
    (tmp_path / "cohort.json").unlink()
    with pytest.raises(OutputError, match="other work, which differs in patients, seed"):
        write_cohort(COHORT, tmp_path)


def test_a_cohort_begun_before_there_was_a_ledger_is_refused(tmp_path: Path) -> None:
    (tmp_path / "progress").mkdir()
    with pytest.raises(OutputError, match="of an earlier version, which this one cannot continue"):
        write_cohort(COHORT, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["progress"]
