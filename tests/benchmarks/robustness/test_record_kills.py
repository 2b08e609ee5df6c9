"""Kills at every system call of a switch, of a way back and of a record, and what notices a fault."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks.robustness.record_kills import (
    RESULTS,
    Case,
    SlotCases,
    audit_case,
    audit_folder,
    kill_everywhere,
    unproven,
)
from benchmarks.robustness.system_calls import killed_at
from edge_runtime import CataractAnalyzer
from tests.conftest import not_proved
from tests.edge_runtime.pictures import encoded, lens_frame
from tests.make_tiny_model import TinyModel, tiny_model_bytes

NAMES = ("install", "switch", "roll back", "append", "append to a new part")


@pytest.fixture(autouse=True)
def _can_trace() -> None:
    if sys.platform != "linux":
        not_proved("system calls are counted on Linux alone")
    try:
        killed_at(1, lambda: None)
    except RuntimeError:
        not_proved("processes may not be traced here: kills at system calls are not proved")


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES[:3])
def test_a_kill_at_any_system_call_leaves_the_old_or_the_new_model(name: str, tmp_path: Path) -> None:
    old, new = (tiny_model_bytes(TinyModel(name=name)) for name in ("old", "new"))
    slots = SlotCases(tmp_path, old, new)
    with unproven():
        template, case = slots.cases()[name]
        slots.warm(template)
        met = kill_everywhere(template, case)
    assert (met["good"], met["to_the_end"]) == (True, True)
    assert set(met["outcomes"]) == {"old", "new"}
    assert met["last"] == ("old" if name == "roll back" else "new")


@pytest.mark.slow
@pytest.mark.parametrize("rotate_bytes", [1 << 20, 1])
def test_a_kill_at_any_system_call_leaves_the_audit_intact(
    rotate_bytes: int, tmp_path: Path, analyzer: CataractAnalyzer
) -> None:
    document = analyzer.analyze(encoded(".png", lens_frame())).to_dict()
    template = audit_folder(tmp_path / "template", document, 2)
    met = kill_everywhere(template, audit_case(document, 2, rotate_bytes))
    assert (met["good"], met["to_the_end"], met["last"]) == (True, True, "new")
    assert set(met["outcomes"]) == {"old", "new"}


def steps(folder: Path) -> None:
    for name in ("a", "b"):
        os.close(os.open(folder / name, os.O_CREAT | os.O_WRONLY))


def folder_of(tmp_path: Path) -> Path:
    (tmp_path / "template").mkdir()
    return tmp_path / "template"


def test_every_system_call_is_reached_and_none_is_carried_out_after_a_kill(tmp_path: Path) -> None:
    met = kill_everywhere(
        folder_of(tmp_path), Case(steps, lambda folder: "".join(sorted(os.listdir(folder))), ("", "a", "ab"))
    )
    assert (met["good"], met["to_the_end"], met["last"]) == (True, True, "ab")
    assert set(met["outcomes"]) == {"", "a", "ab"}


def test_a_fault_is_noticed(tmp_path: Path) -> None:
    def look(folder: Path) -> str:
        return "fault" if os.listdir(folder) == ["a"] else "good"

    met = kill_everywhere(folder_of(tmp_path), Case(steps, look, ("good",)))
    assert not met["good"]
    assert met["outcomes"]["fault"] > 0


@pytest.mark.parametrize("action", [lambda: sys.exit(3), lambda: 1 / 0])
def test_an_action_that_fails_by_itself_proves_nothing(action: Callable[[], object]) -> None:
    sys.stderr.flush()
    with pytest.raises(RuntimeError, match="failed"):
        killed_at(10**6, action)


def test_the_committed_kills_lost_nothing() -> None:
    kept = json.loads(RESULTS.read_text())
    assert kept["good"] is True
    assert tuple(kept["cases"]) == NAMES
    for case in kept["cases"].values():
        assert case["to_the_end"] is True
        assert set(case["outcomes"]) == {"old", "new"}
