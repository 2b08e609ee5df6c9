"""A few kills of a small batch, and the judge of the outputs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.robustness.batch_kills import Comparison, batch_kills, compare
from benchmarks.robustness.batch_scans import SCANS_PER_EXAM, make_scans

SUMMARY = {"inputs": 3, "graded": 2, "refused": 1, "failed": 0}


def outputs(folder: Path, **changes: str) -> Path:
    folder.mkdir()
    document = {"created": "now", "scans": [{"cataract_fraction": 0.5, "timings_ms": {"read": 1}}]}
    contents = {
        "results.csv": "a\n1\n",
        "summary.json": json.dumps(SUMMARY),
        "results.jsonl": json.dumps(document) + "\n",
        "batch.ledger": '{"stamp":1}\n{"key":"E1\\nf"}\n{"key":"E2\\nf"}\n',
    }
    for name, content in {**contents, **changes}.items():
        (folder / name).write_text(content)
    return folder


def test_runs_that_differ_in_times_alone_are_equal(tmp_path: Path) -> None:
    later = json.dumps({"created": "later", "scans": [{"cataract_fraction": 0.5, "timings_ms": {"read": 2}}]}) + "\n"
    found = compare(outputs(tmp_path / "a"), outputs(tmp_path / "b", **{"results.jsonl": later}))
    assert found == Comparison([], 0, [], SUMMARY)
    assert found.good


@pytest.mark.parametrize(
    "changes",
    [
        {"results.csv": "a\n2\n"},
        {"results.jsonl": json.dumps({"created": "now", "scans": []}) + "\n"},
        {"batch.ledger": '{"stamp":1}\n{"key":"E1\\nf"}\n{"key":"E1\\ng"}\n'},
        {".edge-cataract-1.tmp": ""},
        {"summary.json": json.dumps(SUMMARY | {"graded": 1})},
    ],
)
def test_whatever_differs_is_noticed(changes: dict[str, str], tmp_path: Path) -> None:
    assert not compare(outputs(tmp_path / "a"), outputs(tmp_path / "b", **changes)).good


@pytest.mark.slow
def test_a_batch_that_is_killed_again_and_again_ends_as_an_undisturbed_one(tmp_path: Path) -> None:
    met = batch_kills(tmp_path, exams=2, kills=5, seed=3, workers=2)
    assert (met["good"], met["files"], met["bad_files"]) == (True, 2 * SCANS_PER_EXAM, 1)
    assert met["kills_while_running"] > 0


@pytest.mark.slow
def test_the_same_seed_spoils_the_same_files(tmp_path: Path) -> None:
    for name in ("a", "b"):
        assert make_scans(tmp_path / name, 1, 0.25, 5).bad == 3
    contents = [{path.name: path.read_bytes() for path in (tmp_path / name).iterdir()} for name in ("a", "b")]
    assert contents[0] == contents[1]
