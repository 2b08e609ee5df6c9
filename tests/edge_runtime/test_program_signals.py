"""Signals end the program in order wherever it is, imports included."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time

import pytest

from tests.conftest import ROOT

SAMPLE = ROOT / "edge_runtime" / "samples" / "simulated-clear.png"
PROGRAM = [sys.executable, "-m", "edge_runtime"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)], ids=lambda one: str(one)
)
def test_a_signal_at_any_moment_of_the_start_ends_the_program_in_order(number: signal.Signals, code: int) -> None:
    began = time.monotonic()
    subprocess.run([*PROGRAM, SAMPLE], check=True, capture_output=True)
    whole_s = time.monotonic() - began
    rng = random.Random(int(number))
    for _ in range(12):
        running = subprocess.Popen([*PROGRAM, SAMPLE], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        time.sleep(rng.uniform(0.1, 0.9) * whole_s)
        running.send_signal(number)
        said = running.communicate(timeout=20)[1]
        assert running.returncode in (code, -number, 0)  # before the program listens; or it was done already
        assert b"Traceback" not in said
        assert said.count(b"\n") <= 1


SWALLOWED = """
import gc, sys, time, weakref
from edge_runtime import program_signals
from edge_runtime.program_signals import Interrupted, heard_out, listen
import os, signal

class Slow:
    def __del__(self):
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(0.01)

listen()
sys.unraisablehook = lambda _: None
try:
    Slow()
    time.sleep(5)
except Interrupted as ended:
    heard_out()
    print(ended.number)
    time.sleep(0.1)
"""


def test_a_signal_whose_exception_was_swallowed_comes_again() -> None:
    done = subprocess.run([sys.executable, "-c", SWALLOWED], capture_output=True, check=True, text=True, timeout=20)
    assert done.stdout == f"{int(signal.SIGTERM)}\n"
