"""A small, fixed part of the damaged files, every way of damage, and the judge itself."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from benchmarks.robustness import damaged_dicom, dicom_damage
from benchmarks.robustness.damaged_dicom import outcome_of, outcomes
from benchmarks.robustness.dicom_wholes import wholes
from edge_runtime import cli

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")  # of pydicom, which writes what it would not read
WHOLES = wholes()
WAYS = {way.__name__: way for way in dicom_damage._KINDS}


@pytest.mark.slow
@pytest.mark.parametrize("name", WHOLES)
def test_damaged_files_end_with_a_documented_code_and_without_a_canary(name: str, tmp_path: Path) -> None:
    found = [one for one in outcomes(name, WHOLES[name], 1, 0, 8, tmp_path) if not one.startswith("peak")]
    assert [one for one in found if one.startswith("FAULT")] == []
    assert len(found) == 8


@pytest.mark.slow
@pytest.mark.parametrize("way", WAYS)
def test_every_way_of_damage_is_survived(way: str, tmp_path: Path) -> None:
    rng = np.random.default_rng(17)
    for name in ("explicit", "jpeg-2000", "tomography, one frame"):
        assert not outcome_of(WHOLES[name], WAYS[way](WHOLES[name], rng), tmp_path).startswith("FAULT")


def test_a_whole_file_is_analysed(tmp_path: Path) -> None:
    assert {outcome_of(WHOLES[name], WHOLES[name].data, tmp_path) for name in ("rle", "photograph")} == {"exit 3: "}


@pytest.mark.parametrize(
    "say",
    [
        lambda: sys.stdout.write("CANARY0001X"),
        lambda: os.write(2, b"canary0001x"),
        lambda: logging.getLogger("anything").debug("Canary0001x"),
    ],
    ids=["python", "a library", "a logger"],
)
def test_the_judge_hears_a_canary(say: Callable[[], object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def leak(words: list[str]) -> int:
        say()
        return 65

    monkeypatch.setattr(cli, "main", leak)
    assert outcome_of(WHOLES["rle"], b"", tmp_path) == "FAULT: a canary was heard, exit 65, "


def test_the_judge_sees_another_exit_code_and_a_crash(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli, "main", lambda words: 70)
    assert outcome_of(WHOLES["rle"], b"", tmp_path) == "FAULT: exit 70, "

    def crash(words: list[str]) -> int:
        raise KeyError("x")

    monkeypatch.setattr(cli, "main", crash)
    assert outcome_of(WHOLES["rle"], b"", tmp_path) == "FAULT: exit KeyError, "


def test_the_judge_sees_what_is_slow_and_what_is_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(damaged_dicom, "MOST_S", -1.0)
    assert outcome_of(WHOLES["rle"], b"x", tmp_path).startswith("FAULT: slow, exit 65")
    monkeypatch.setattr(damaged_dicom, "MOST_MB", -1)
    assert next(outcomes("rle", WHOLES["rle"], 1, 0, 1, tmp_path)).startswith("FAULT: ")
