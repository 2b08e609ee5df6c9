"""The command line: what it prints where, what it writes, and the number it ends with."""

from __future__ import annotations

import errno
import json
import os
import pty
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import jsonschema
import numpy as np
import pytest

from edge_runtime import __version__, cli, conclusion
from edge_runtime.errors import InferenceError, ScanError, WriteError, out_of_memory
from edge_runtime.measure.locate import LensView
from edge_runtime.measure.measurement import Measurement
from edge_runtime.model.network import Network
from edge_runtime.report.document import SCHEMA_FILE
from edge_runtime.report.png import picture_mark
from tests.conftest import ROOT, RunProgram
from tests.make_tiny_model import TinyModel, tiny_model_bytes

from .pictures import BACKGROUND, CATARACT, CATARACT_FRACTION, LENS_PX, empty_frame, encoded, lens_frame

VALIDATOR = jsonschema.Draft202012Validator(json.loads(Path(SCHEMA_FILE).read_text()))


class Printed:
    """What one call of the program printed, and its exit code."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err

    @property
    def documents(self) -> list[dict[str, Any]]:
        documents = [json.loads(line) for line in self.out.splitlines()]
        for document in documents:
            VALIDATOR.validate(document)
        return documents

    @property
    def word(self) -> str:
        """The word of the one error line."""
        (found,) = re.findall(r"error\[([a-z-]+)\]", self.err)
        assert len(self.err.splitlines()) == 1
        return str(found)


Run = Callable[..., Printed]


@pytest.fixture
def run(tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Call the program in this process, in a folder of its own, with the tiny model."""
    monkeypatch.setenv("EDGE_CATARACT_MODEL", str(tiny_model))
    monkeypatch.chdir(tmp_path)

    def call(*words: str) -> Printed:
        try:
            code = cli.main(words)
        except SystemExit as ended:  # --help and --version
            code = int(ended.code or 0)
        return Printed(code, *capsys.readouterr())

    return call


@pytest.fixture
def scans(tmp_path: Path) -> None:
    """cataract.png, clear.png and empty.png in the current folder."""
    for name, frame in (
        ("cataract", lens_frame()),
        ("clear", lens_frame(cataract_rows=0)),
        ("empty", empty_frame()),
    ):
        (tmp_path / f"{name}.png").write_bytes(encoded(".png", frame))


def picture(path: str | Path) -> np.ndarray[Any, Any]:
    decoded: np.ndarray[Any, Any] = cv2.imdecode(np.fromfile(path, np.uint8), cv2.IMREAD_UNCHANGED)
    return decoded


# --- the product: edge-cataract scan.png -----------------------------------------------------------------------------


def test_scan_alone_prints_a_summary_for_a_person(run: Run, scans: None) -> None:
    printed = run("cataract.png")
    assert (printed.code, printed.err) == (0, "")
    assert printed.out.startswith(
        "cataract.png: cataract\n  Cataract Fraction 0.286, at or above the threshold 0.140\n"
    )
    assert "Not a medical device." in printed.out


def test_finding_is_never_an_exit_code(run: Run, scans: None) -> None:
    assert (run("cataract.png").code, run("clear.png").code) == (0, 0)


def test_verb_analyze_is_the_default(run: Run, scans: None) -> None:
    assert run("analyze", "clear.png").out == run("clear.png").out


def test_json_is_one_valid_document_on_one_line(run: Run, scans: None) -> None:
    printed = run("--json", "cataract.png")
    (document,) = printed.documents
    assert document["eye"]["cataract_fraction"] == CATARACT_FRACTION
    assert document["scans"][0]["source"] == "cataract.png"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", document["created"])
    assert (printed.code, printed.err) == (0, "")


def test_scan_that_is_not_graded_says_why_and_ends_with_3(run: Run, scans: None) -> None:
    printed = run("empty.png", "--json")
    assert printed.code == 3
    (document,) = printed.documents
    assert document["eye"]["decision"] == "ungradable"
    assert printed.err == (
        "edge-cataract: empty.png: not graded: [lens-not-found] No natural lens found: perhaps an artificial "
        "lens, or the lens lies outside the frame. Perhaps an artificial lens: do not repeat the scan, "
        "show it to a doctor.\n"
    )
    assert run("empty.png", "-q").err == ""


def test_several_scans_print_one_document_each(run: Run, scans: None) -> None:
    printed = run("cataract.png", "clear.png", "--json")
    assert [document["scans"][0]["source"] for document in printed.documents] == ["cataract.png", "clear.png"]
    assert (printed.code, printed.err) == (0, "edge-cataract: 2 graded, 0 not graded, 0 refused or failed.\n")


def test_several_scans_with_refused_ones_end_with_4_and_counts(run: Run, scans: None) -> None:
    printed = run("cataract.png", "missing.png", "empty.png", "clear.png", "--json")
    assert printed.code == 4
    assert len(printed.documents) == 3
    lines = printed.err.splitlines()
    assert lines[0].startswith("edge-cataract: missing.png: error[missing-file]: ")
    assert lines[1].startswith("edge-cataract: empty.png: not graded: ")
    assert lines[2:] == ["edge-cataract: 2 graded, 1 not graded, 1 refused or failed."]


@pytest.mark.parametrize("other", ["empty.png", "missing.png"])
def test_one_failure_among_several_is_enough_for_4(other: str, run: Run, scans: None) -> None:
    assert run("cataract.png", other, "-q").code == 4


# --- files -----------------------------------------------------------------------------------------------------------


def test_output_folder_gets_a_document_and_an_overlay_per_scan(run: Run, scans: None, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    assert run("cataract.png", "empty.png", "-o", "out").code == 4
    assert sorted(os.listdir("out")) == [
        "cataract.json",
        "cataract.overlay.png",
        "empty.json",
        "empty.overlay.png",
    ]
    for name in ("cataract", "empty"):
        VALIDATOR.validate(json.loads((tmp_path / f"out/{name}.json").read_text()))
        rows, columns, channels = picture(f"out/{name}.overlay.png").shape
        assert columns / rows > 2, "the scan and its colours stand side by side"
        assert channels == 3


def test_labels_are_8_bit_of_the_scan_s_size(run: Run, scans: None) -> None:
    assert run("cataract.png", "--labels", "labels.png").code == 0
    labels = picture("labels.png")
    frame = lens_frame()
    assert labels.dtype == np.uint8
    assert np.array_equal(labels, np.where(frame == CATARACT, 2, np.where(frame == BACKGROUND, 0, 1)))


def test_probability_is_16_bit_of_the_scan_s_size(run: Run, scans: None) -> None:
    assert run("cataract.png", "--probability", "probability.png").code == 0
    probability = picture("probability.png")
    assert (probability.dtype, probability.shape) == (np.uint16, (1824, 2150))
    assert (probability[940, 1000], probability[1400, 1000], probability[0, 0]) == (65535, 0, 0)


def test_overlay_goes_where_it_is_told_and_equals_the_one_of_the_folder(run: Run, scans: None, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    assert run("cataract.png", "--overlay", "my.png", "-o", "out").code == 0
    assert (tmp_path / "my.png").read_bytes() == (tmp_path / "out/cataract.overlay.png").read_bytes()


def test_outputs_are_written_even_when_the_scan_is_not_graded(run: Run, scans: None) -> None:
    assert run("empty.png", "--labels", "labels.png").code == 3
    assert not picture("labels.png").any()


@pytest.mark.parametrize("option", ["--overlay", "--labels", "--probability"])
def test_picture_of_one_scan_cannot_be_asked_for_several(option: str, run: Run, scans: None) -> None:
    printed = run("cataract.png", "clear.png", option, "x.png")
    assert (printed.code, printed.word) == (2, "usage")
    assert not os.path.exists("x.png")


@pytest.mark.parametrize(
    "words",
    [
        ("cataract.png", "--overlay", "cataract.png"),
        ("cataract.png", "--overlay", "./x/../cataract.png"),
        ("cataract.png", "--overlay", "same.png", "--labels", "same.png"),
        ("cataract.png", "--overlay", "model.onnx", "--model", "model.onnx"),
        ("cataract.png", "--labels", "mine.toml", "--profile", "mine.toml"),
        ("x/cataract.png", "cataract.png", "-o", "x"),
    ],
)
def test_output_never_replaces_an_input_or_another_output(
    words: tuple[str, ...], run: Run, scans: None, tmp_path: Path, tiny_model: Path
) -> None:
    (tmp_path / "x").mkdir()
    (tmp_path / "x/cataract.png").write_bytes((tmp_path / "cataract.png").read_bytes())
    (tmp_path / "model.onnx").write_bytes(tiny_model.read_bytes())
    (tmp_path / "mine.toml").write_text("")
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    printed = run(*words)
    assert (printed.code, printed.word) == (2, "output-taken")
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


def test_model_of_the_environment_is_not_overwritten_either(run: Run, scans: None, tiny_model: Path) -> None:
    before = tiny_model.read_bytes()
    assert run("cataract.png", "--overlay", str(tiny_model)).word == "output-taken"
    assert tiny_model.read_bytes() == before


def test_failed_output_stops_and_tells_how_far_it_came(run: Run, scans: None, monkeypatch: pytest.MonkeyPatch) -> None:
    from edge_runtime.report.files import Writing

    os.mkdir("out")
    written = []
    stage = Writing.stage

    def fill_up(writing: Writing, files: dict[str, bytes]) -> None:
        if files:
            written.append(files)
        if len(written) == 2:
            raise WriteError("write-failed", "An output could not be written: disk full.", "Free space.")
        stage(writing, files)

    monkeypatch.setattr(Writing, "stage", fill_up)
    printed = run("cataract.png", "clear.png", "empty.png", "-o", "out", "--json")
    assert (printed.code, len(printed.documents), len(written)) == (74, 1, 2)
    assert printed.err.splitlines() == [
        "edge-cataract: clear.png: error[write-failed]: An output could not be written: disk full. "
        "Nothing was written. Free space.",
        "edge-cataract: stopped: 1 of 3 scans were done.",
    ]


# --- options ---------------------------------------------------------------------------------------------------------


def test_threshold_is_applied_and_recorded(run: Run, scans: None) -> None:
    (document,) = run("cataract.png", "--threshold", "0.5", "--json").documents
    assert (document["eye"]["threshold"], document["eye"]["decision"]) == (0.5, "clear")
    assert document["eye"]["margin"] == pytest.approx(CATARACT_FRACTION - 0.5)


def test_pixel_pitch_opens_an_unknown_frame(run: Run, tmp_path: Path) -> None:
    frame = lens_frame(100, 500, 200, 600, cataract_rows=100, shape=(600, 800))
    (tmp_path / "other.png").write_bytes(encoded(".png", frame))
    assert run("other.png").word == "unknown-frame"
    (document,) = run("other.png", "--pixel-um", "7.675,7.675", "--json").documents
    assert (document["scans"][0]["profile"], document["scans"][0]["lens_px"]) == ("pixel-um", 10_000)
    (document,) = run("other.png", "--profile", "anterion", "--json").documents
    assert document["scans"][0]["profile"] == "anterion"


def test_a_profile_name_is_logged_without_control_characters(
    scans: None, tmp_path: Path, run_program: RunProgram
) -> None:
    profile = tmp_path / "mine.toml"
    profile.write_text('name = "\\u001b[2Jmine\\n"\ncolumns = 2150\nrows = 1824\nwidth_mm = 16.5\nheight_mm = 14.0\n')
    done = run_program("cataract.png", "--profile", profile, "-v", cwd=tmp_path)
    assert b"\\x1b[2Jmine\\n" in done.stderr
    assert b"\x1b" not in done.stdout + done.stderr


def test_info_shows_what_a_model_says_without_obeying_it(run: Run, tmp_path: Path) -> None:
    (tmp_path / "hostile.onnx").write_bytes(tiny_model_bytes(TinyModel(name="\x1b[2Jfine\nmodel: other")))
    text = run("info", "--model", "hostile.onnx").out
    assert "\x1b" not in text
    assert "\\x1b[2Jfine\\nmodel: other" in text


def test_a_threshold_in_doubt_is_shown_wherever_the_model_is_described(run: Run, tmp_path: Path) -> None:
    doubt = "it rests on fewer than 10 eyes in a group"
    (tmp_path / "own.onnx").write_bytes(tiny_model_bytes(TinyModel(doubts=doubt)))
    (tmp_path / "scan.png").write_bytes(encoded(".png", lens_frame()))
    assert f"  doubts: {doubt}\n" in run("info", "--model", "own.onnx").out
    assert json.loads(run("info", "--model", "own.onnx", "--json").out)["model"]["doubts"] == doubt
    assert f"in doubt: {doubt}\n" in run("scan.png", "--model", "own.onnx").out
    (content,) = run("scan.png", "--model", "own.onnx", "--json").documents
    assert content["model"]["doubts"] == doubt
    jsonschema.validate(content, json.loads(Path(SCHEMA_FILE).read_text()))
    assert "doubt" not in run("info").out + run("scan.png").out


@pytest.mark.parametrize("verb", [(), ("exam", "--eye", "OD")])
def test_12_bits_in_16_are_named_and_can_be_declared(run: Run, tmp_path: Path, verb: tuple[str, ...]) -> None:
    frame = np.rint(lens_frame() * (4095 / 255)).astype(np.uint16)
    (tmp_path / "twelve.png").write_bytes(encoded(".png", frame))
    refused = run(*verb, "twelve.png", "--json")
    assert (refused.code, refused.word) == (65, "undeclared-depth")
    (document,) = run(*verb, "twelve.png", "--bits", "12", "--json").documents
    assert (document["scans"][0]["lens_px"], document["eye"]["decision"]) == (LENS_PX, "cataract")


def test_threads_are_recorded(run: Run, scans: None) -> None:
    (document,) = run("clear.png", "--threads", "3", "--json").documents
    assert document["runtime"]["threads"] == 3


@pytest.mark.parametrize(
    ("words", "word"),
    [
        ((), "usage"),
        (("--no-such-option", "cataract.png"), "usage"),
        (("analyze",), "usage"),
        (("exam", "cataract.png"), "unknown-eye"),
        (("exam", "cataract.png", "--eye", "left"), "usage"),
        (("cataract.png", "--threshold", "1.5"), "usage"),
        (("cataract.png", "--threshold", "nan"), "usage"),
        (("cataract.png", "--threshold", "high"), "usage"),
        (("cataract.png", "--threads", "0"), "usage"),
        (("cataract.png", "--threads", "two"), "usage"),
        (("batch", ".", "-o", "out", "--threads", "0"), "usage"),
        (("cataract.png", "--max-memory", "0"), "usage"),
        (("cataract.png", "--precision", "fp64"), "usage"),
        (("cataract.png", "--profile", "anterion", "--pixel-um", "1,1"), "usage"),
        (("cataract.png", "--bits", "7"), "bad-bits"),
        (("cataract.png", "--bits", "17"), "bad-bits"),
        (("cataract.png", "--bits", "twelve"), "usage"),
        (("cataract.png", "--pixel-um", "7.675"), "bad-pixel-pitch"),
        (("cataract.png", "--pixel-um", "7,7,7"), "bad-pixel-pitch"),
        (("cataract.png", "--pixel-um", "a,b"), "bad-pixel-pitch"),
        (("cataract.png", "--pixel-um", "0.007,0.007"), "bad-pixel-pitch"),
        (("cataract.png", "--profile", "no-such-device"), "unknown-profile"),
        (("cataract.png", "--profile", "cataract.png"), "bad-profile"),
        (("-", "-"), "usage"),
        (("exam", "cataract.png", "cataract.png", "--eye", "OD"), "duplicate-scan"),
    ],
)
def test_impossible_wish_is_a_usage_error_of_one_line(words: tuple[str, ...], word: str, run: Run, scans: None) -> None:
    printed = run(*words)
    assert (printed.code, printed.word, printed.out) == (2, word, "")


def test_memory_cap_that_cannot_be_kept_is_refused(run: Run, scans: None) -> None:
    printed = run("cataract.png", "--max-memory", "30")
    assert (printed.code, printed.word) == (71, "memory-cap")


# --- the environment -------------------------------------------------------------------------------------------------


def test_flag_goes_before_the_environment(
    run: Run, scans: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "other.onnx").write_bytes(tiny_model_bytes(TinyModel(name="other")))
    monkeypatch.setenv("EDGE_CATARACT_THREADS", "2")
    (document,) = run("clear.png", "--json").documents
    assert (document["model"]["name"], document["runtime"]["threads"]) == ("tiny-grey-level", 2)
    (document,) = run("clear.png", "--json", "--model", "other.onnx", "--threads", "1").documents
    assert (document["model"]["name"], document["runtime"]["threads"]) == ("other", 1)


@pytest.mark.parametrize("value", ["", "0", "many"])
def test_threads_of_the_environment_are_checked(
    value: str, run: Run, scans: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EDGE_CATARACT_THREADS", value)
    printed = run("clear.png")
    assert printed.code == (2 if value else 0)


def test_log_level_of_the_environment_is_checked(run: Run, scans: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EDGE_CATARACT_LOG", "loud")
    printed = run("clear.png")
    assert (printed.code, printed.word) == (2, "usage")
    assert "'loud'" in printed.err


@pytest.mark.parametrize(
    ("words", "log", "lines"),
    [((), "", 0), (("-v",), "", 2), (("-vv",), "", 2), ((), "info", 2), ((), "ERROR", 0), (("-v", "-q"), "", 0)],
)
def test_steps_are_told_on_standard_error_when_asked_for(
    words: tuple[str, ...], log: str, lines: int, run_program: RunProgram, scans: None, tmp_path: Path
) -> None:
    finished = run_program(tmp_path / "clear.png", *words, env={"EDGE_CATARACT_LOG": log})
    told = finished.stderr.decode().splitlines()
    assert (finished.returncode, len(told)) == (0, lines), told
    assert all(line.startswith("edge-cataract: INFO: ") for line in told)
    assert "clear" not in finished.stderr.decode(), "a file name may be a patient's"


# --- models ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "code", "word"),
    [
        (None, 80, "missing-model"),
        (b"", 82, "not-a-model"),
        (b"text", 82, "not-a-model"),
        (lambda data: data[: len(data) // 2], 82, "not-a-model"),
        (lambda data: data[:-1], 81, "damaged-model"),
        (lambda data: data[:500] + bytes([data[500] ^ 16]) + data[501:], 81, "damaged-model"),
    ],
    ids=["missing", "empty", "text", "half", "last byte missing", "bit flipped"],
)
def test_model_that_is_not_the_exported_one_is_refused(
    content: Any, code: int, word: str, run_program: RunProgram, scans: None, tmp_path: Path, tiny_model: Path
) -> None:
    model = tmp_path / "model.onnx"
    if content is not None:
        model.write_bytes(content if isinstance(content, bytes) else content(tiny_model.read_bytes()))
    finished = run_program(tmp_path / "clear.png", "--model", model, "--overlay", tmp_path / "o.png")
    assert (finished.returncode, finished.stdout) == (code, b"")
    assert finished.stderr.startswith(f"edge-cataract: error[{word}]: ".encode())
    assert len(finished.stderr.splitlines()) == 1
    assert not (tmp_path / "o.png").exists()


def test_network_that_returns_nonsense_is_a_failed_inference(
    run: Run, scans: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise InferenceError("non-finite", "The network returned a number that is not finite.", "Run selftest.")

    monkeypatch.setattr(Network, "predict", fail)
    printed = run("clear.png")
    assert (printed.code, printed.word, printed.out) == (83, "non-finite", "")


# --- other verbs -----------------------------------------------------------------------------------------------------


def test_exam_gives_one_document_of_one_eye(run: Run, tmp_path: Path) -> None:
    names = [f"OD_{number}.png" for number in range(6)]
    for number, name in enumerate(names):
        (tmp_path / name).write_bytes(encoded(".png", lens_frame(cataract_rows=200 + 4 * number)))
    (document,) = run("exam", *names, "--eye", "OD", "--json").documents
    assert (document["eye"]["laterality"], document["eye"]["scans_used"], len(document["scans"])) == ("OD", 6, 6)
    assert document["warnings"] == []


def test_exam_without_a_gradable_scan_ends_with_3(run: Run, scans: None) -> None:
    assert run("exam", "empty.png", "--eye", "OS").code == 3


def test_error_of_an_exam_names_the_scan_it_is_about(run: Run, scans: None) -> None:
    printed = run("exam", "missing.png", "--eye", "OS")
    assert (printed.code, printed.word) == (66, "missing-file")
    assert printed.err.startswith("edge-cataract: missing.png: error")


def test_exam_with_an_unreadable_scan_keeps_the_others(run: Run, scans: None, tmp_path: Path) -> None:
    (tmp_path / "cut.png").write_bytes((tmp_path / "clear.png").read_bytes()[:-40])
    (tmp_path / "out").mkdir()
    printed = run("exam", "cataract.png", "cut.png", "clear.png", "--eye", "OS", "--json", "-o", "out")
    (document,) = printed.documents
    VALIDATOR.validate(document)
    assert printed.code == 4
    assert [scan["gradable"] for scan in document["scans"]] == [True, False, True]
    assert (document["scans"][1]["source"], document["scans"][1]["reasons"]) == ("cut.png", ["truncated-png"])
    assert document["eye"]["scans_used"] == 2
    assert "unreadable-scan" in {warning["code"] for warning in document["warnings"]}
    assert "cut.png: error[truncated-png]" in printed.err
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "cataract.overlay.png",
        "clear.overlay.png",
        "exam-OS.json",
    ]


def test_schema_is_printed_as_it_is_shipped(run: Run) -> None:
    assert run("schema").out == Path(SCHEMA_FILE).read_text()


def test_info_tells_model_versions_and_limits(run: Run, tiny_model: Path) -> None:
    facts = json.loads(run("info", "--json").out)
    assert facts["tool"] == {"name": "edge-cataract", "version": __version__}
    assert (facts["model"]["name"], facts["model"]["cf_threshold"]) == ("tiny-grey-level", 0.14)
    assert (facts["inputs"]["max_pixels"], facts["inputs"]["bits"]) == (25_000_000, [8, 16])
    assert set(facts["profiles"]) == {"anterion", "anterion-raw"}
    assert facts["tiles"]["anterion"] == "window in 1, whole frame in 1"
    text = run("info").out
    assert "  name: tiny-grey-level\n" in text
    assert "Not a medical device" in text


def test_selftest_of_another_model_than_the_release_s_fails(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    from edge_runtime import golden

    monkeypatch.setattr(golden, "run_selftest", lambda _: [golden.Check("x.png", passed=False, finding="differs")])
    printed = run("selftest")
    assert (printed.code, printed.word, printed.out) == (83, "selftest-failed", "FAIL x.png: differs\nFAIL\n")


def test_version_and_help(run: Run) -> None:
    assert run("--version").out == f"edge-cataract {__version__}\n"
    assert "exit codes:" in run("--help").out
    assert "--pixel-um" in run("analyze", "--help").out


# --- streams ---------------------------------------------------------------------------------------------------------


def test_scan_may_come_from_standard_input(run_program: RunProgram) -> None:
    finished = run_program("-", "--json", input=encoded(".png", lens_frame()))
    assert (finished.returncode, finished.stderr) == (0, b"")
    document = json.loads(finished.stdout)
    assert (document["scans"][0]["source"], document["scans"][0]["lens_px"]) == ("-", LENS_PX)


def test_outputs_of_standard_input_are_named_stdin(run_program: RunProgram, tmp_path: Path) -> None:
    assert run_program("-", "-o", tmp_path, input=encoded(".png", lens_frame())).returncode == 0
    assert sorted(os.listdir(tmp_path)) == ["stdin.json", "stdin.overlay.png"]


def test_closed_standard_output_is_a_failed_write(run_program: RunProgram, scans: None, tmp_path: Path) -> None:
    finished = run_program(tmp_path / "clear.png", preexec_fn=lambda: os.close(1))
    assert finished.returncode == 74
    assert b"error[write-failed]: Standard output failed: standard output is closed." in finished.stderr
    assert len(finished.stderr.splitlines()) == 1


def test_reader_that_goes_away_causes_no_traceback(run_program: RunProgram, scans: None, tmp_path: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    finished = run_program(tmp_path / "clear.png", capture_output=False, stdout=writing, stderr=subprocess.PIPE)
    os.close(writing)
    assert finished.returncode == 74
    assert b"Broken pipe" in finished.stderr
    assert b"Traceback" not in finished.stderr
    assert b"Exception ignored" not in finished.stderr


def test_shell_pipe_into_head_causes_no_traceback(tiny_model: Path, scans: None, tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "EDGE_CATARACT_MODEL": str(tiny_model), "PY": sys.executable}
    finished = subprocess.run(
        ["sh", "-c", '"$PY" -m edge_runtime clear.png clear.png --json | head -c 1'],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert finished.stdout == b"{"
    assert b"Traceback" not in finished.stderr


def on_a_terminal(words: list[str], environment: dict[str, str]) -> bytes:
    """What the program writes to standard output when that is a terminal."""
    master, slave = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "edge_runtime", *words], stdout=slave, stderr=subprocess.PIPE, env=environment
    )
    os.close(slave)
    shown = b""
    while True:
        try:
            part = os.read(master, 4096)
        except OSError:  # Linux ends a terminal so
            break
        if not part:
            break
        shown += part
    _, errors = process.communicate(timeout=60)
    os.close(master)
    assert (process.returncode, errors) == (0, b"")
    return shown


@pytest.mark.parametrize(
    ("words", "variables", "coloured"),
    [([], {}, True), (["--no-color"], {}, False), ([], {"NO_COLOR": "1"}, False), (["--json"], {}, False)],
)
def test_colour_is_for_terminals_that_want_it(
    words: list[str], variables: dict[str, str], coloured: bool, scans: None, tmp_path: Path, tiny_model: Path
) -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "EDGE_CATARACT_MODEL": str(tiny_model), **variables}
    shown = on_a_terminal([str(tmp_path / "clear.png"), *words], environment)
    assert (b"\x1b[1;32m" in shown) is coloured
    assert (b"\x1b" in shown) is coloured


# --- the last resort -------------------------------------------------------------------------------------------------


def test_fault_of_the_program_is_one_line_without_a_traceback(
    run: Run, scans: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError("secret of the scan")

    monkeypatch.setattr(Network, "predict", fail)
    printed = run("clear.png")
    assert (printed.code, printed.word) == (70, "internal")
    assert "ZeroDivisionError" in printed.err
    assert "secret" not in printed.err
    with_debug = run("clear.png", "--debug")
    assert with_debug.code == 70
    assert "Traceback" in with_debug.err
    assert "secret of the scan" in with_debug.err


@pytest.fixture
def fault_in_one_scan(monkeypatch: pytest.MonkeyPatch) -> None:
    """A bug that only the scan with the brightest lens meets."""
    measure = conclusion.measure_lens

    def fail(view: LensView) -> Measurement:
        if view.frame.scan.source == "cataract.png":
            raise ZeroDivisionError("secret of the scan")
        return measure(view)

    monkeypatch.setattr(conclusion, "measure_lens", fail)


@pytest.mark.usefixtures("scans", "fault_in_one_scan")
def test_an_exam_goes_on_after_a_fault_of_the_program_in_one_scan(run: Run, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    printed = run("exam", "clear.png", "cataract.png", "--eye", "OD", "--json", "-o", "out")
    assert (printed.code, printed.word) == (4, "internal")
    assert printed.err == (
        "edge-cataract: cataract.png: error[internal]: This is a fault of the program, not of the scan: "
        "ZeroDivisionError. The exam was judged without it. Run it with --debug and report that.\n"
    )
    (document,) = printed.documents
    assert [scan["reasons"] for scan in document["scans"]] == [[], ["internal"]]
    assert document["eye"]["scans_used"] == 1
    told = {"code": "unreadable-scan", "message": "It could not be analysed: internal.", "source": "cataract.png"}
    assert told in document["warnings"]
    assert sorted(os.listdir(tmp_path / "out")) == ["clear.overlay.png", "exam-OD.json"]
    with_debug = run("exam", "clear.png", "cataract.png", "--eye", "OD", "--debug")
    assert with_debug.code == 4
    assert "secret of the scan" in with_debug.err


@pytest.mark.usefixtures("scans", "fault_in_one_scan")
def test_an_exam_of_faults_of_the_program_alone_ends_with_70(run: Run, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    printed = run("exam", "cataract.png", "--eye", "OD", "-o", "out")
    assert (printed.code, printed.word, printed.out) == (70, "internal", "")
    assert printed.err.startswith("edge-cataract: cataract.png: ")
    assert os.listdir(tmp_path / "out") == []


@pytest.mark.usefixtures("scans", "fault_in_one_scan")
def test_scans_by_themselves_go_on_after_a_fault_of_the_program_in_one(run: Run) -> None:
    printed = run("cataract.png", "clear.png")
    assert printed.code == 4
    assert "cataract.png: error[internal]" in printed.err
    assert "1 graded, 0 not graded, 1 refused or failed." in printed.err


def test_debug_shows_where_a_scan_was_refused(run: Run) -> None:
    printed = run("missing.png", "--debug")
    assert printed.code == 66
    assert "FileNotFoundError" in printed.err
    assert "Traceback" in printed.err


def test_lack_of_memory_is_a_lack_of_resources(run: Run, scans: None, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr(Network, "predict", fail)
    printed = run("clear.png")
    assert (printed.code, printed.word) == (71, "out-of-memory")


def test_message_is_always_one_printable_line(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    from edge_runtime.reading import raster

    def fail(*_: object) -> None:
        raise ScanError("usage", "Two\nlines\x07\udcff.", "Do.")

    monkeypatch.setattr(raster, "read_scan", fail)
    printed = run("a\nb.png")
    assert printed.err == (
        "edge-cataract: a\\nb.png: error[usage]: Two\\nlines\\x07\\udcff. Nothing was written. Do.\n"
    )


# --- what scripts get wrong ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("option", ["--overlay", "--labels", "--probability", "--model", "--profile", "-o"])
def test_empty_path_is_refused_and_never_ignored(option: str, run: Run, scans: None) -> None:
    printed = run("cataract.png", option, "")
    assert (printed.code, printed.word) == (2, "usage")


def test_flags_may_stand_before_the_verb(run: Run, scans: None) -> None:
    assert run("-q", "--json", "analyze", "cataract.png").documents
    assert run("--no-color", "exam", "cataract.png", "clear.png", "--eye", "OD").code == 0


def test_exam_stores_one_document_and_an_overlay_per_scan(run: Run, scans: None, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    assert run("exam", "cataract.png", "clear.png", "--eye", "OS", "-o", "out").code == 0
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "cataract.overlay.png",
        "clear.overlay.png",
        "exam-OS.json",
    ]


@pytest.mark.parametrize("precision", ["fp32", "int8"])
def test_precision_on_the_command_line_goes_before_a_model_in_the_environment(precision: str, run: Run) -> None:
    assert json.loads(run("info", "--json").out)["model"]["name"] == "tiny-grey-level"
    model = json.loads(run("info", "--json", "--precision", precision).out)["model"]
    assert (model["name"], model["precision"]) == ("edge", precision)


@pytest.mark.parametrize(
    ("error", "code", "word"),
    [
        (OSError(errno.EMFILE, "Too many open files"), 71, "too-many-open-files"),
        (OSError(errno.ENOMEM, "Cannot allocate memory"), 71, "out-of-memory"),
        (MemoryError(), 71, "out-of-memory"),
    ],
)
def test_what_the_machine_ran_out_of_is_told(
    error: Exception, code: int, word: str, run: Run, scans: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def exhausted(*_: object) -> None:
        raise error

    monkeypatch.setattr("edge_runtime.commands.analyze.load_analyzer", exhausted)
    printed = run("cataract.png")
    assert (printed.code, printed.word) == (code, word)


def test_exam_draws_the_whole_eye_where_it_is_asked_for(run: Run, scans: None, tmp_path: Path) -> None:
    printed = run("exam", "cataract.png", "clear.png", "--eye", "OD", "--picture", "eye.png", "--age", "60")
    assert printed.code == 0
    mark = picture_mark(tmp_path / "eye.png")
    assert mark is not None
    assert (mark.picture, mark.document_sha256) == ("eye", None)
    assert run("exam", "cataract.png", "--eye", "OD", "--picture", "cataract.png").word == "output-taken"


@pytest.mark.parametrize("age", ["-1", "121", "nan", "inf"])
def test_an_age_that_is_none_is_refused(run: Run, scans: None, age: str) -> None:
    printed = run("cataract.png", "--age", age)
    assert (printed.code, printed.word) == (2, "bad-age")


def test_exam_refuses_standard_input_named_twice(run: Run) -> None:
    printed = run("exam", "-", "-", "--eye", "OD")
    assert (printed.code, printed.word) == (2, "usage")


def test_lack_of_memory_in_an_exam_names_its_scan(run: Run, scans: None, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise out_of_memory()

    monkeypatch.setattr(Network, "predict", fail)
    printed = run("exam", "clear.png", "cataract.png", "--eye", "OD")
    assert (printed.code, printed.word) == (71, "out-of-memory")
    assert printed.err.startswith("edge-cataract: clear.png: ")


def test_a_closed_standard_error_is_given_to_nobody_else(tmp_path: Path) -> None:
    """A file would get its descriptor, and lose it while a scan is read in another thread."""
    program = (
        "import os; from edge_runtime.cli import main; main(['--version-of-nothing'])\n"
        "opened = os.open(os.devnull, os.O_RDONLY); print(opened, os.path.samestat(os.fstat(2), os.stat(os.devnull)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        preexec_fn=lambda: os.close(2),
    )
    descriptor, null = done.stdout.split()
    assert (int(descriptor) > 2, null) == (True, "True")
