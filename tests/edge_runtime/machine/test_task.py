"""Work in a thread of its own gives back what it returned or raised."""

from __future__ import annotations

import threading

import pytest

from edge_runtime.machine.task import Task


def test_result_is_what_the_work_returned() -> None:
    task = Task(lambda: threading.current_thread().name)
    assert task.result() == task.result() != threading.current_thread().name


def test_error_of_the_work_is_raised_where_the_result_is_asked_for() -> None:
    def fail() -> None:
        raise KeyError("lost")

    task = Task(fail)
    task.wait()
    with pytest.raises(KeyError, match="lost"):
        task.result()


def test_work_starts_at_once() -> None:
    begun = threading.Event()
    task = Task(begun.set)
    assert begun.wait(10)
    task.wait()
