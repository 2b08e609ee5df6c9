"""A small real run with kills, and the judge of its results."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from benchmarks.robustness.slow_writers import Contents, Written
from benchmarks.robustness.watched_folder import Plan, Times, watched_folder
from benchmarks.robustness.watched_results import examine
from edge_runtime.scan import Laterality

WHOLE, NEWER, PART = "a" * 64, "b" * 64, "c" * 64
QUICK = Times(settle_s=0.3, timeout_s=3.0, poll_s=0.1, pause_s=0.9, late_s=2.0, kill_s=3.0)


def result(out: Path, name: str, sha256: str, *, previous: str | None = None, read: str | None = None) -> None:
    (out / name).mkdir(parents=True)
    summary = {
        "exam": "E0001",
        "result": name,
        "previous": previous,
        "files": [{"source": "E0001_OD_000deg.png", "sha256": sha256}],
        "eyes": [{"document": "exam-OD.json"}],
    }
    document = {"scans": [{"source": "E0001_OD_000deg.png", "sha256": read or sha256, "reasons": []}]}
    (out / name / "exam.json").write_text(json.dumps(summary))
    (out / name / "exam-OD.json").write_text(json.dumps(document))
    with (out / "watch.ledger").open("a") as file:
        file.write("" if file.tell() else '{"stamp":1}\n')
        file.write(json.dumps({"record": {"result": name}}) + "\n")


def good(out: Path) -> None:
    result(out, "r1", WHOLE)
    result(out, "r2", NEWER, previous="r1")


def judged(out: Path) -> Any:
    written = Written("replaced", final=NEWER, whole={WHOLE, NEWER})
    return examine(out, {"E0001_OD_000deg.png": written})


def test_results_of_whole_files_are_good(tmp_path: Path) -> None:
    good(tmp_path)
    found = judged(tmp_path)
    assert (found.good, found.results, found.later) == (True, 2, 1)


def early(out: Path) -> None:
    result(out, "r1", PART)
    result(out, "r2", NEWER, previous="r1")


def early_in_a_document(out: Path) -> None:
    result(out, "r1", WHOLE, read=PART)
    result(out, "r2", NEWER, previous="r1")


def lost(out: Path) -> None:
    result(out, "r1", WHOLE)


def nothing(out: Path) -> None:
    (out / "watch.ledger").write_text("")


def doubled(out: Path) -> None:
    good(out)
    result(out, "r3", NEWER, previous="r1")


def recorded_twice(out: Path) -> None:
    good(out)
    with (out / "watch.ledger").open("a") as file:
        file.write('{"record": {"result": "r2"}}\n')


def left(out: Path) -> None:
    good(out)
    (out / "r1" / ".edge-cataract-0.tmp").write_text("")


def half(out: Path) -> None:
    good(out)
    (out / "r3").mkdir()


@pytest.mark.parametrize(
    ("made", "fault"),
    [
        (early, "early"),
        (early_in_a_document, "early"),
        (lost, "lost"),
        (nothing, "lost"),
        (doubled, "doubled"),
        (recorded_twice, "doubled"),
        (left, "left"),
        (half, "left"),
    ],
)
def test_whatever_is_wrong_is_noticed(made: Callable[[Path], None], fault: str, tmp_path: Path) -> None:
    made(tmp_path)
    found = judged(tmp_path)
    assert [name for name in ("early", "lost", "doubled", "left") if getattr(found, name)] == [fault]
    assert not found.good


def test_every_file_has_a_content_of_its_own() -> None:
    contents = Contents()
    for ending in (".png", ".tif", ".bmp", ".jpg", ".dcm"):
        made = {contents.make(ending, eye, number) for eye in Laterality for number in range(5)}
        assert len(made) >= 5, ending


@pytest.mark.slow
def test_a_watch_that_is_killed_reads_nothing_early_and_loses_nothing(strace: str, tmp_path: Path) -> None:
    met = watched_folder(tmp_path, Plan(files=24, kills=2, seed=2, at_a_time=2), QUICK)
    assert (met["read_early"], met["lost"], met["doubled"], met["left_behind"]) == ([], [], [], [])
    assert (met["files"], met["exams"], met["kills"], met["ended_by_sigterm_with"]) == (24, 2, 2, 143)
    assert met["results"] >= 2
