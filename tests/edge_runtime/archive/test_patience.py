"""Requests are repeated while a store refuses them for a while, and not for ever."""

from __future__ import annotations

import pytest

from edge_runtime.archive import patience as module
from edge_runtime.archive.patience import PassingError, RetryPolicy
from edge_runtime.errors import AnalysisCancelledError, OutputError


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FIRST_PAUSE_S", 0.001)
    monkeypatch.setattr(module, "LONGEST_PAUSE_S", 0.002)


class Store:
    def __init__(self, refusals: int) -> None:
        self.refusals = refusals

    def ask(self) -> str:
        if self.refusals:
            self.refusals -= 1
            raise PassingError("SlowDown")
        return "content"


def test_a_request_is_repeated_until_it_is_answered() -> None:
    patience = RetryPolicy()
    assert patience.ask(Store(5).ask) == "content"
    assert (patience.requests, patience.repeated) == (6, 5)


def test_a_store_that_refuses_too_long_ends_the_run_with_what_it_said() -> None:
    with pytest.raises(OutputError, match="SlowDown") as ended:
        RetryPolicy(0.0).ask(Store(1000).ask)
    assert ended.value.word == "store-unreachable"


def test_who_waits_is_freed_when_the_run_is_stopped() -> None:
    patience = RetryPolicy()
    patience.stopped.set()
    with pytest.raises(AnalysisCancelledError):
        patience.ask(Store(1000).ask)


def test_what_is_no_passing_error_is_not_repeated() -> None:
    patience = RetryPolicy()
    with pytest.raises(ZeroDivisionError):
        patience.ask(lambda: 1 // 0)
    assert patience.requests == 1
