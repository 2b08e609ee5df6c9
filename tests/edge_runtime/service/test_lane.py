"""A thread for calls that wait, without which the service can end."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
import weakref

import pytest

from edge_runtime.service.lane import Lane
from tests.conftest import ROOT

from .test_forgetting import until


def test_calls_are_made_one_after_the_other_and_raise_what_they_raise() -> None:
    async def run() -> None:
        lane, made = Lane("calls"), list[int]()
        first, fault, last = lane.call(made.append, 1), lane.call(int, "x"), lane.call(lambda: made[:])
        assert await last == [1]
        with pytest.raises(ValueError, match="invalid literal"):
            await fault
        assert await first is None
        assert lane.end(20)

    asyncio.run(run())


def test_a_call_that_was_made_holds_nothing() -> None:
    class Held(list[bytes]):
        """A list to which a reference may be weak."""

    async def run() -> None:
        lane, held = Lane("calls"), Held([b"scan"])
        look = weakref.ref(held)
        assert await lane.call(len, held) == 1
        del held
        await until(lambda: look() is None)
        assert lane.end(20)

    asyncio.run(run())


def test_a_call_that_never_returns_is_left_within_a_time() -> None:
    async def run() -> None:
        lane = Lane("calls")
        never = lane.call(threading.Event().wait)
        assert not lane.end(0.1)
        never.cancel()

    asyncio.run(run())


@pytest.mark.slow
def test_the_program_ends_although_a_call_never_returns() -> None:
    code = (
        "import asyncio, threading\n"
        "from edge_runtime.service.lane import Lane\n"
        "async def run(): Lane('calls').call(threading.Event().wait)\n"
        "asyncio.run(run())\n"
    )
    ended = subprocess.run([sys.executable, "-c", code], cwd=ROOT, timeout=60, capture_output=True, check=False)
    assert (ended.returncode, ended.stderr) == (0, b"")
