"""An emulated Raspberry Pi 4 gives the answers of this machine, and its self-test passes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.parity import c_elsewhere
from benchmarks.parity.aarch64 import (
    BUNDLED,
    SAMPLES,
    answers,
    compare,
    differing_labels,
    holds,
    make_board,
    phantom_scans,
    same_words,
)
from benchmarks.parity.answers import Answer, path_of
from benchmarks.parity.frames import Frame
from benchmarks.samples.programs import build_c
from edge_runtime.reading.raster import read_scan
from export.shipping.board import EMULATOR
from tests.conftest import not_proved


@pytest.mark.slow
@pytest.mark.network
def test_an_emulated_board_gives_the_same_answers(program: Callable[[str], str], tmp_path: Path) -> None:
    for name in (EMULATOR[0], "debootstrap", "dpkg-deb"):
        program(name)
    if os.geteuid() != 0:
        not_proved("only root unpacks Debian: an aarch64 board is not emulated here")
    scans = [*SAMPLES, *phantom_scans(tmp_path / "scans", 2)]
    assert len(scans) == 2 + 2 * 3  # raw frames, and pictures of both sizes
    try:
        board = make_board(tmp_path, metadata.version("onnxruntime"))
    except subprocess.CalledProcessError as error:
        not_proved(f"nothing can be downloaded, so an aarch64 board is not emulated here: {error}")
    found = compare(board, BUNDLED, scans, tmp_path)
    assert holds(found), found
    asked = c_elsewhere.asked_of([Frame("", "sample", read_scan(str(path))) for path in SAMPLES], "int8")
    sample = build_c(tmp_path / "sample", compiler=program(c_elsewhere.CROSS))
    in_c = c_elsewhere.compare(c_elsewhere.on_board(board), sample, asked, "int8", tmp_path)
    assert (in_c["frames"], in_c["different_pixels"], in_c["broken"]) == (2, 0, False), in_c


@pytest.fixture(scope="module")
def answered(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Answer]:
    """The folder of the answers, and the answer to the first sample."""
    folder = tmp_path_factory.mktemp("answers")
    (found,) = answers([sys.executable], dict(os.environ), BUNDLED[-1], SAMPLES[:1], folder)
    return folder, found


def test_answers_that_are_there_are_used_again(answered: tuple[Path, Answer]) -> None:
    folder, first = answered
    path = path_of(folder, SAMPLES[0])
    written = path.stat().st_mtime_ns
    (found,) = answers([sys.executable], dict(os.environ), BUNDLED[-1], SAMPLES[:1], folder)
    assert path.stat().st_mtime_ns == written
    assert [one.name for one in folder.iterdir()] == [path.name]
    assert found.document == first.document
    assert "created" not in found.document
    assert "timings_ms" not in found.document["scans"][0]


def test_answers_are_compared_label_by_label(answered: tuple[Path, Answer]) -> None:
    _, found = answered
    assert differing_labels(found, found) == 0
    moved = found.labels.copy()
    moved[0, :2], moved[100, 100] = 2, 2 - moved[100, 100]  # the counts alone would hide one for the other
    assert differing_labels(found, replace(found, labels=moved)) == np.count_nonzero(moved != found.labels) > 0
    assert differing_labels(found, replace(found, labels=moved[1:])) == moved.size


def test_answers_are_compared_by_word(answered: tuple[Path, Answer]) -> None:
    _, found = answered
    assert same_words(found, found)
    eye = {**found.document["eye"], "decision": "clear"}
    assert not same_words(found, replace(found, document={**found.document, "eye": eye}))


def test_no_answer_may_differ_and_no_label_of_int8() -> None:
    good = {"equal_documents": 3, "other_answers": 0, "differing_labels": 0, "lens_px": 2_000_000}

    def found(
        *,
        selftest: int = 0,
        vectors: int = 0,
        int8: dict[str, int] | None = None,
        fp32: dict[str, int] | None = None,
    ) -> Any:
        models = [{"precision": "int8", **good, **(int8 or {})}, {"precision": "fp32", **good, **(fp32 or {})}]
        return {"scans": 3, "selftest": selftest, "vectors": vectors, "models": models}

    assert holds(found(fp32={"equal_documents": 2, "differing_labels": 2}))
    assert not holds(found(int8={"other_answers": 1}))
    assert not holds(found(int8={"differing_labels": 1}))
    assert not holds(found(fp32={"differing_labels": 3}))
    assert not holds(found(selftest=83))
    assert not holds(found(vectors=1))


def test_what_was_found_with_the_same_models_stays(tmp_path: Path) -> None:
    path = tmp_path / "found.json"
    facts = {"model": {"sha256": "1"}, "look_sha256": "2"}
    assert c_elsewhere.earlier(path, facts) == {}
    found = {"int8": {"a board": {"frames": 200, "broken": False}}}
    path.write_text(json.dumps({**facts, "seed": c_elsewhere.SEED, "found": found}))
    assert c_elsewhere.earlier(path, facts) == found
    assert c_elsewhere.earlier(path, facts | {"model": {"sha256": "3"}}) == {}


def test_a_comparison_goes_on_batch_by_batch() -> None:
    part = {"frames": 20, "pixels": 100, "different_pixels": 0, "different": [], "broken": False}
    wrong = {**part, "different": [{"frame": 3, "different": ["labels"]}], "broken": True}
    found = c_elsewhere.together({**part, "of": 60}, wrong, 20)
    assert (found["frames"], found["pixels"], found["broken"]) == (40, 200, True)
    assert found["different"] == [{"frame": 23, "different": ["labels"]}]
    assert c_elsewhere.done_of(None, 60) == 0
    assert c_elsewhere.done_of({**found, "of": 60}, 60) == 40
    assert c_elsewhere.done_of({**found, "of": 40}, 60) == 0  # of another choice of frames
    assert c_elsewhere.done_of(part, 20) == 20  # as it was written before
