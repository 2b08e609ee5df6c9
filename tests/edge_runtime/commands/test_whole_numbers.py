"""Whole numbers of the command line, in every verb."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from edge_runtime.cli import VERBS, build_parser, main
from edge_runtime.commands.whole_numbers import MOST, whole_number
from edge_runtime.errors import UsageError
from edge_runtime.service.limits import ServiceLimits
from edge_runtime.watch.rules import Rules

HUGE = ["1" + "0" * 400, "1" + "0" * 5000]
NEEDED = {
    "receive": ["queue", "--to", "PACS@127.0.0.1:104"],
    "watch": ["in", "-o", "out"],
    "batch": ["in", "-o", "out"],
    "archive": ["manifest.csv", "-o", "out"],
    "exam": ["scan.png"],
    "analyze": ["scan.png"],
}


def _options() -> list[tuple[str, str]]:
    """Every option of every verb that takes a whole number."""
    parser = build_parser(list(VERBS))
    (verbs,) = (action for action in parser._actions if isinstance(action, argparse._SubParsersAction))
    return [
        (verb, action.option_strings[-1])
        for verb, of_verb in verbs.choices.items()
        for action in of_verb._actions
        if getattr(action.type, "__qualname__", "").startswith("whole_number.")
    ]


@pytest.mark.parametrize(("verb", "option"), _options())
@pytest.mark.parametrize("number", [*HUGE, str(MOST + 1), "-1" + "0" * 400, "many", "1.5", ""])
def test_a_number_that_no_computer_can_do_with_is_a_usage_error(
    verb: str,
    option: str,
    number: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main([verb, *NEEDED.get(verb, []), f"{option}={number}"]) == 2
    told = capsys.readouterr().err
    assert (option in told, len(told) < 200, list(tmp_path.iterdir())) == (True, True, [])


def test_no_option_takes_whole_numbers_without_bounds() -> None:
    parser = build_parser(list(VERBS))
    (verbs,) = (action for action in parser._actions if isinstance(action, argparse._SubParsersAction))
    assert [action.dest for verb in verbs.choices.values() for action in verb._actions if action.type is int] == []
    assert len(_options()) > 30


@pytest.mark.parametrize(("text", "found"), [("0", 0), ("7", 7), ("+9", 9)])
def test_a_number_within_bounds_is_taken(text: str, found: int) -> None:
    assert whole_number(0, 9)(text) == found
    for other in ("-1", "10"):
        with pytest.raises(argparse.ArgumentTypeError):
            whole_number(0, 9)(other)


def test_numbers_that_python_gives_are_bounded_as_well() -> None:
    for wrong in (
        lambda: ServiceLimits(waiting=10**400),
        lambda: Rules(settle_s=10**400),
        lambda: Rules(scans=10**400),
    ):
        with pytest.raises(UsageError):
            wrong()
