"""``--corrected`` from the command line: the map that ``--labels`` wrote, edited, and its numbers."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import jsonschema
import numpy as np
import pytest

from edge_runtime import cli
from edge_runtime.report.document import SCHEMA_FILE
from edge_runtime.report.png import picture_mark
from tests.edge_runtime.pictures import CATARACT_FRACTION, CATARACT_PX, LENS_PX, LENS_TOP, encoded, lens_frame

Run = Callable[..., tuple[int, str, str]]
ROWS = {"one": 80, "two": 84, "three": 88}


@pytest.fixture
def run(tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Call the program in a folder with scans of a tiny model's lens; returns code, output and messages."""
    monkeypatch.setenv("EDGE_CATARACT_MODEL", str(tiny_model))
    monkeypatch.chdir(tmp_path)
    Path("scan.png").write_bytes(encoded(".png", lens_frame()))
    for name, rows in ROWS.items():
        Path(f"{name}.png").write_bytes(encoded(".png", lens_frame(cataract_rows=rows)))
    for folder in ("out", "maps"):
        Path(folder).mkdir()

    def call(*words: str) -> tuple[int, str, str]:
        code = cli.main(words)
        return (code, *capsys.readouterr())

    return call


def edited(path: str, bottom: int = LENS_TOP + 400) -> None:
    """More of the lens painted as cataract, by a program that keeps no text chunk."""
    labels = cv2.imdecode(np.fromfile(path, np.uint8), cv2.IMREAD_UNCHANGED)
    labels[:bottom][labels[:bottom] > 0] = 2
    Path(path).write_bytes(encoded(".png", labels))


def document_of(text: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(text)
    jsonschema.validate(content, json.loads(Path(SCHEMA_FILE).read_text(encoding="utf-8")))
    return content


def test_an_edited_map_recomputes_the_numbers_and_keeps_the_models(run: Run) -> None:
    run("scan.png", "--labels", "map.png")
    edited("map.png")
    code, out, err = run("scan.png", "--corrected", "map.png", "--json")
    assert (code, err) == (0, "")
    content = document_of(out)
    (scan,) = content["scans"]
    assert (scan["lens_px"], scan["cataract_px"]) == (LENS_PX, 2 * CATARACT_PX)
    assert scan["corrected"]["changed_px"] == CATARACT_PX
    assert scan["corrected"]["before"]["cataract_fraction"] == CATARACT_FRACTION
    assert content["eye"]["cataract_fraction"] == 2 * CATARACT_FRACTION
    assert content["eye"]["corrected"]["before"]["cataract_fraction"] == CATARACT_FRACTION
    assert content["warnings"][0]["code"] == "corrected-labels"


def test_a_scan_without_correction_has_the_document_that_it_had(run: Run) -> None:
    content = document_of(run("scan.png", "--json")[1])
    assert "corrected" not in content["eye"]
    assert "corrected" not in content["scans"][0]


def test_the_text_says_both_numbers(run: Run) -> None:
    run("scan.png", "--labels", "map.png")
    edited("map.png")
    out = run("scan.png", "--corrected", "map.png")[1]
    assert out.startswith("scan.png: cataract, CORRECTED BY A PERSON\n")
    assert f"{2 * CATARACT_FRACTION:.3f}" in out
    assert f"(by the model: {CATARACT_FRACTION:.3f})" in out


def test_pictures_are_drawn_from_the_corrected_labels(run: Run) -> None:
    run("scan.png", "--labels", "map.png", "--overlay", "before.png")
    edited("map.png")
    assert run("scan.png", "--corrected", "map.png", "--labels", "again.png", "--overlay", "after.png")[0] == 0
    first, second = (cv2.imdecode(np.fromfile(name, np.uint8), -1) for name in ("map.png", "again.png"))
    assert np.array_equal(first, second)
    assert Path("before.png").read_bytes() != Path("after.png").read_bytes()


@pytest.mark.parametrize(
    ("words", "code", "word"),
    [
        (("scan.png", "--corrected", "other.png"), 65, "labels-other-scan"),
        (("scan.png", "--corrected", "overlay.png"), 65, "labels-other-picture"),
        (("scan.png", "--corrected", "scan.png"), 65, "labels-values"),
        (("scan.png", "--corrected", "none.png"), 66, "missing-file"),
        (("scan.png", "one.png", "--corrected", "map.png"), 2, "usage"),
        (("scan.png", "--corrected", "map.png", "--labels", "map.png"), 2, "output-taken"),
        (("exam", "one.png", "two.png", "--eye", "OD", "--corrected", "out"), 2, "labels-without-scan"),
        (("exam", "one.png", "two.png", "--eye", "OD", "--corrected", "map.png"), 2, "usage"),
    ],
)
def test_a_map_that_cannot_be_used_ends_the_program(run: Run, words: tuple[str, ...], code: int, word: str) -> None:
    run("scan.png", "--labels", "map.png", "--overlay", "overlay.png")
    run("one.png", "--labels", "other.png")
    before = Path("map.png").read_bytes()
    found, out, err = run(*words)
    assert (found, out) == (code, "")
    assert f"error[{word}]" in err
    assert Path("map.png").read_bytes() == before


def test_an_exam_is_corrected_by_a_folder_of_maps(run: Run) -> None:
    names = [f"{name}.png" for name in ROWS]
    plain = document_of(run("exam", *names, "--eye", "OD", "--labels", "maps", "--json")[1])
    written = sorted(path.name for path in Path("maps").iterdir())
    assert written == ["one.labels.png", "three.labels.png", "two.labels.png"]
    mark = picture_mark("maps/two.labels.png")
    assert mark is not None
    assert (mark.picture, mark.scan_sha256) == ("labels", plain["scans"][1]["sha256"])
    edited("maps/two.labels.png")
    for untouched in ("one", "three"):
        Path(f"maps/{untouched}.labels.png").unlink()
    code, out, err = run("exam", *names, "--eye", "OD", "--corrected", "maps", "-o", "out", "--json")
    assert (code, err) == (0, "")
    eye = document_of(out)["eye"]
    assert eye["corrected"]["scans"] == 1
    assert eye["corrected"]["before"]["cataract_fraction"] == plain["eye"]["cataract_fraction"]
    assert eye["cataract_fraction"] == pytest.approx((20 / 175 + 100 / 175 + 22 / 175) / 3)
    assert document_of(Path("out/exam-OD.json").read_text(encoding="utf-8"))["eye"] == eye


def test_untouched_maps_of_an_exam_change_no_number(run: Run) -> None:
    names = [f"{name}.png" for name in ROWS]
    plain = document_of(run("exam", *names, "--eye", "OD", "--labels", "maps", "--json")[1])
    again = document_of(run("exam", *names, "--eye", "OD", "--corrected", "maps", "--json")[1])
    corrected = again["eye"].pop("corrected")
    assert corrected["before"] == plain["eye"] == again["eye"]


def test_maps_of_other_scans_are_told(run: Run) -> None:
    run("exam", "one.png", "two.png", "--eye", "OD", "--labels", "maps")
    code, _, err = run("exam", "one.png", "--eye", "OD", "--corrected", "maps")
    assert code == 0
    assert "left out, as label maps of other scans: two.labels.png." in err


def test_a_bad_map_ends_an_exam_and_leaves_nothing(run: Run) -> None:
    Path("maps/one.labels.png").write_bytes(encoded(".png", np.ones((9, 9), np.uint8)))
    code, out, err = run("exam", "one.png", "two.png", "--eye", "OD", "--corrected", "maps", "-o", "out")
    assert (code, out) == (65, "")
    assert "error[labels-size]" in err
    assert not list(Path("out").iterdir())
