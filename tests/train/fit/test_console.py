"""What a run says while it works, without a terminal."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from train.fit import console
from train.fit.console import StepBar

FABRIC: Any = SimpleNamespace(is_global_zero=True)


def test_a_run_without_a_terminal_says_a_line_a_minute(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    clock = iter(range(0, 10_000, 25))
    monkeypatch.setattr(console.time, "monotonic", lambda: float(next(clock)))
    with StepBar(FABRIC, 10, 100) as bar:
        for _ in range(7):
            bar.advance()
    assert capsys.readouterr().err.splitlines() == [
        "step 13 of 100, 25.00 s each, 36 min left",
        "step 16 of 100, 25.00 s each, 35 min left",
    ]


def test_a_run_that_is_interrupted_names_the_step_that_is_saved(capsys: pytest.CaptureFixture[str]) -> None:
    bar = StepBar(FABRIC, 0, 9)
    bar.advance()
    bar.__exit__(KeyboardInterrupt)
    bar.saved()
    bar.advance()
    bar.__exit__(KeyboardInterrupt)
    StepBar(FABRIC, 4, 9).__exit__(KeyboardInterrupt)
    assert capsys.readouterr().err.splitlines() == [
        "stopped; the same command starts anew.",
        "stopped; the same command continues after step 1 of 9.",
        "stopped; the same command continues after step 4 of 9.",
    ]
