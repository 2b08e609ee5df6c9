"""The C sample: compiled with warnings as errors, held against runtime and golden vectors, given damaged files."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.samples import programs
from benchmarks.samples.asked import Asked, digest
from edge_runtime import CataractAnalyzer
from edge_runtime.frame.profiles import PixelPitch
from edge_runtime.model import store
from edge_runtime.scan import scan_from_pixels
from export.prepare.vectors import RECIPES
from tests.portability.test_node_measurement import GRAPHS, scans

pytestmark = pytest.mark.slow


@pytest.fixture(scope="session")
def c_program(program: Callable[[str], str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The compiled sample."""
    return programs.build_c(tmp_path_factory.mktemp("c") / "edge_cataract", compiler=program("gcc"))


def refused(c_program: Path, *words: str | Path) -> tuple[int, list[dict[str, Any]], str]:
    """Exit code, answers and messages of a run that may fail."""
    command = [*programs.c_command(c_program, "int8"), *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    return done.returncode, [json.loads(line) for line in done.stdout.splitlines()], done.stderr


@pytest.mark.parametrize("precision", ["int8", "fp32"])
def test_c_finds_what_the_runtime_finds(precision: str, c_program: Path, tmp_path: Path) -> None:
    analyzer = CataractAnalyzer(precision=precision)
    raw = np.random.default_rng(3).integers(0, 65536, (1519, 768), dtype=np.uint16)
    some = {**scans(), "raw": scan_from_pixels(raw)}
    asked = [Asked.of(scan, analyzer) for scan in some.values()]
    files = [programs.write_pgm(tmp_path / f"{name}.in.pgm", one.scan) for name, one in zip(some, asked, strict=True)]
    answers = programs.ask_c(c_program, files, precision, tmp_path)
    found = {name: one.different(*answer, exact=True) for name, one, answer in zip(some, asked, answers, strict=True)}
    assert found == {name: [] for name in some}
    assert {one.found["decision"] for one in asked} == {"cataract", "clear", "ungradable"}
    point = analyzer.point
    assert {(one["threshold"], one["guard_band"]) for one, _ in answers} == {(point.cf_threshold, point.guard_band)}


@pytest.mark.parametrize("precision", ["int8", "fp32"])
def test_c_finds_the_golden_vectors(precision: str, c_program: Path, tmp_path: Path) -> None:
    vectors = json.loads((GRAPHS / "vectors.json").read_text(encoding="utf-8"))["frames"]
    for vector, recipe in zip(vectors, RECIPES, strict=True):
        pitch = [f"pitch={recipe.pitch.row_um},{recipe.pitch.column_um}"] if recipe.pitch else []
        scan = programs.write_pgm(tmp_path / "scan.pgm", recipe.scan())
        [(answer, labels)] = programs.ask_c(c_program, [scan], precision, tmp_path, *pitch)
        wanted = vector["models"][precision]
        assert answer["native"] == vector["native"]["shape"]
        assert (answer["levels"] if answer["found"] else None) == vector["levels"]
        assert answer["table"] == vector["table"]
        assert digest(labels) == wanted["measured_sha256"]
        for name in ("window", "lens_px", "cataract_px", "dropped_px"):
            assert answer[name] == wanted[name], name


def test_a_raw_frame_is_read_by_its_stated_shape(c_program: Path, tmp_path: Path) -> None:
    scan, raw = scans()["ill"], tmp_path / "scan.raw"
    raw.write_bytes(scan.pixels.tobytes())
    pgm = programs.write_pgm(tmp_path / "scan.pgm", scan)
    [(told, _)] = programs.ask_c(c_program, [raw], "int8", tmp_path, f"raw={scan.rows},{scan.columns},255")
    [(read, _)] = programs.ask_c(c_program, [pgm], "int8", tmp_path)
    assert told == read


DAMAGED: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "cut": (lambda whole: whole[:-1], "truncated"),
    "longer": (lambda whole: whole + b"\0", "trailing-bytes"),
    "empty": (lambda _: b"", "empty-file"),
    "of another format": (lambda _: b"\xff\xd8\xff\xe0", "unsupported-format"),
    "header alone": (lambda _: b"P5\n1713 1459\n255\n", "truncated"),
    "no number": (lambda _: b"P5\nwide 1459\n255\n", "malformed-pgm"),
    "too large": (lambda _: b"P5\n9000000 9000000\n255\n", "too-many-pixels"),
    "huge number": (lambda _: b"P5\n99999999999999999999 2\n255\n", "malformed-pgm"),
    "few levels": (lambda _: b"P5\n1713 1459\n1\n", "unknown-depth"),
    "comment without end": (lambda _: b"P5\n# no end", "malformed-pgm"),
    "another frame": (lambda _: b"P5\n3 2\n255\n012345", "unknown-frame"),
    "one grey": (lambda _: b"P5\n1713 1459\n255\n" + bytes(1713 * 1459), "constant-image"),
    "brighter than white": (lambda _: b"P5\n768 1519\n4095\n" + b"\xff\x00" * 768 * 1519, "brighter-than-white"),
}


def test_a_damaged_scan_has_its_word_and_the_others_their_answers(c_program: Path, tmp_path: Path) -> None:
    whole = programs.write_pgm(tmp_path / "MUSTERMANN.pgm", scans()["ill"])
    files = [whole]
    for name, (damage, _) in DAMAGED.items():
        files.append(tmp_path / f"MUSTERMANN {name}.pgm")
        files[-1].write_bytes(damage(whole.read_bytes()))
    code, answers, messages = refused(c_program, *files, tmp_path / "MUSTERMANN missing", whole)
    assert code == 66
    words = [word for _, word in DAMAGED.values()]
    assert [answer.get("error") for answer in answers] == [None, *words, "missing-file", None]
    assert answers[0] == answers[-1] | {"scan": 1}
    assert len(messages.splitlines()) == len(words) + 1
    assert "MUSTERMANN" not in messages + json.dumps(answers)


def test_a_label_map_that_cannot_be_written_is_told(c_program: Path, tmp_path: Path) -> None:
    scan = programs.write_pgm(tmp_path / "scan.pgm", scans()["ill"])
    code, answers, _ = refused(c_program, f"labels={tmp_path / 'missing'}", scan)
    assert (code, answers) == (74, [{"scan": 1, "error": "write-failed"}])


@pytest.mark.parametrize("pitch", ["nan,7", "0.5,7", "7,41", "inf,inf", "-7,7"])
def test_a_pitch_that_no_scan_has_is_refused(pitch: str, c_program: Path, tmp_path: Path) -> None:
    code, answers, _ = refused(c_program, f"pitch={pitch}", programs.write_pgm(tmp_path / "a.pgm", scans()["ill"]))
    assert (code, answers[0]["error"]) == (65, "bad-pixel-pitch")


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["library=/nowhere.so"], 66),
        ([f"network={Path(store.BUNDLE) / 'missing.onnx'}"], 66),
        ([f"network={Path(store.BUNDLE) / 'register.json'}"], 82),
        ([f"crop={programs.release_files('int8')['count']}"], 82),
        ([f"look={programs.release_files('int8')['network']}"], 82),
        (["threads=0"], 2),
        (["threads=two"], 2),
        (["wrong=1"], 2),
    ],
)
def test_a_file_that_is_another_one_is_refused_before_any_scan(words: list[str], code: int, c_program: Path) -> None:
    found, answers, messages = refused(c_program, *words, "scan.pgm")
    assert found == code
    assert answers == []
    assert messages.startswith("edge_cataract: ")


def test_more_threads_find_the_same(c_program: Path, tmp_path: Path) -> None:
    scan = programs.write_pgm(tmp_path / "scan.pgm", scans()["low"])
    [(one, _)] = programs.ask_c(c_program, [scan], "int8", tmp_path)
    [(two, _)] = programs.ask_c(c_program, [scan], "int8", tmp_path, "threads=2")
    assert one == two


def test_pitch_is_that_of_the_runtime(c_program: Path, tmp_path: Path) -> None:
    pitch = PixelPitch(9.1, 10.3)
    asked = Asked.of(scans()["smaller"], CataractAnalyzer(profile=pitch), pitch)
    scan = programs.write_pgm(tmp_path / "scan.pgm", asked.scan)
    [answer] = programs.ask_c(c_program, [scan], "int8", tmp_path, "pitch=9.1,10.3")
    assert asked.different(*answer, exact=True) == []
