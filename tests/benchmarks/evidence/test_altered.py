"""What counts as moved and as told, and one small run from the cohort to the table."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.evidence import altered
from benchmarks.evidence.alarms import summed_alarms
from benchmarks.evidence.altered import table
from benchmarks.evidence.judged import Judged, Pair

CLEAR, HAZY = Judged(0.0, "no-sign", (), ()), Judged(0.05, "repeat", (), ())
WARNED = Judged(0.05, "repeat", ("marks-in-picture",), ())
REFUSED = Judged(None, "ungradable", (), ("framed-picture",))


@pytest.mark.parametrize(
    ("before", "after", "moved", "told"),
    [
        (CLEAR, CLEAR, False, False),
        (CLEAR, HAZY, True, False),
        (CLEAR, WARNED, True, True),
        (CLEAR, REFUSED, True, True),
        (REFUSED, HAZY, True, False),
        (REFUSED, REFUSED, False, True),
        (CLEAR, Judged(0.02, "no-sign", (), ()), False, False),
        (CLEAR, Judged(0.02, "repeat", (), ()), True, False),
    ],
)
def test_a_picture_moved_and_was_told(before: Judged, after: Judged, moved: bool, told: bool) -> None:
    pair = Pair("scan", "text", before, after)
    assert (pair.moved, pair.told) == (moved, told)


def test_the_table_counts_what_moved() -> None:
    pairs = [Pair("scan", "text", CLEAR, after) for after in (CLEAR, HAZY, WARNED, REFUSED)]
    row = table(pairs)
    assert (row["n"], row["moved"], row["told"], row["share_told"]) == (4, 3, 2, 0.6667)
    assert (row["moved_with_number"], row["told_with_number"]) == (2, 1)
    assert table([])["share_told"] is None


def test_a_scan_with_two_words_is_one_alarm() -> None:
    assert summed_alarms([("a", "b"), (), ("a",)]) == {"scans": 3, "alarms": 2, "words": {"a": 2, "b": 1}}


@pytest.mark.slow
def test_a_small_run_writes_what_it_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        altered, "COHORTS", {"altered": altered.COHORTS["altered"], "display": altered.COHORTS["display"]}
    )
    out = tmp_path / "altered.json"
    monkeypatch.setattr("sys.argv", ["altered", "--seed", "3", "--patients", "1", "--others", "1", "--out", str(out)])
    assert altered.main() == 0
    found = json.loads(out.read_text())
    assert (found["n"], found["seed"], found["alarms_together"]["scans"]) == (6, 3, 1)
    assert found["model"]["sha256"]
    assert found["commit"]
