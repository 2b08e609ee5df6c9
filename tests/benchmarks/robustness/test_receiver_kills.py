"""A few objects and kills, and the judge of what the archive holds."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks.robustness.receiver_kills import apart, judged
from benchmarks.robustness.receiver_station import Made, Sending, _acknowledged, make_objects

OBJECTS = [Made("1.1", 2, Path("a")), Made("1.2", 1, Path("b"))]
GOOD = {
    "9.1": [("SR 1.1", 1), ("SR 1.1", 2)],
    "9.2": [("SEG 1.1", 1), ("SEG 1.1", 2)],
    "9.3": [("SR 1.2", 1)],
    "9.4": [("SEG 1.2", 1)],
}


def sent() -> Sending:
    sending = Sending()
    sending.count("storescu", {"1.1", "1.2"}, 2)
    return sending


def test_one_result_of_each_kind_for_each_frame_is_good() -> None:
    assert judged(OBJECTS, sent(), GOOD) == {"results": {"SR": 2, "SEG": 2}, "lost": [], "doubled": [], "strange": []}


@pytest.mark.parametrize(
    ("changes", "word", "names"),
    [
        ({"9.4": []}, "lost", ["SEG 1.2"]),
        ({"9.5": [("SR 1.2", 1)]}, "doubled", ["SR 1.2"]),
        ({"9.5": [("SR 7.7", 1)]}, "strange", ["SR 7.7"]),
        ({"9.2": [("SEG 1.1", 1)]}, "lost", ["SEG 1.1"]),
    ],
)
def test_what_is_lost_doubled_or_strange_is_noticed(
    changes: dict[str, list[tuple[str, int]]], word: str, names: list[str]
) -> None:
    assert judged(OBJECTS, sent(), GOOD | changes)[word] == names


def test_what_dcmtk_says_of_a_file_is_its_acknowledgement() -> None:
    said = (
        b"I: Sending file: /a.dcm\nI: Received Store Response (Success)\n"
        b"I: Sending file: /b.dcm\nI: Received Store Response (Refused: OutOfResources)\nI: Sending file: /c.dcm\n"
    )
    assert _acknowledged(said) == {"/a.dcm"}


def test_objects_differ_in_their_uids_and_single_frames_share_studies(tmp_path: Path) -> None:
    made = make_objects(tmp_path / "objects", 8, 3)
    assert len({one.instance for one in made}) == 8
    assert [one.frames for one in made] == [2, 1] * 4


@pytest.mark.slow
def test_a_receiver_that_is_killed_loses_and_doubles_nothing(tmp_path: Path, program: Callable[[str], str]) -> None:
    for name in ("Orthanc", "storescu", "unshare", "ip"):
        program(name)
    out = tmp_path / "met.json"
    code = apart(["--objects", "4", "--kills", "2", "--seed", "3", "--out", str(out)])
    met = json.loads(out.read_bytes())
    assert (code, met["good"], met["kills"]) == (0, True, 2)
    assert met["acknowledged"] == {"storescu": 2, "orthanc": 2}
