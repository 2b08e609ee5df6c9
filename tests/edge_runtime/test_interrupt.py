"""Ctrl-C and SIGTERM end the program within a second, in the middle of an inference, with nothing half-written."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.conftest import ROOT

from .pictures import encoded, lens_frame

# Reports on standard output, which nobody else uses before the end, when the engine begins and when it is done.
# A job in the background is started with SIGINT ignored: what is tested here is a program that hears it.
_TELLING = """
import signal
import sys
import edge_runtime.model.session as session
signal.signal(signal.SIGINT, signal.default_int_handler)
original = session.Session._run
def told(self, *what):
    print("begun", flush=True)
    found = original(self, *what)
    print("ended", flush=True)
    return found
session.Session._run = told
from edge_runtime.cli import main
sys.exit(main(sys.argv[1:]))
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("number", "code", "word"), [(signal.SIGINT, 130, "interrupted"), (signal.SIGTERM, 143, "terminated")]
)
def test_signal_during_inference_ends_the_program_before_the_network(
    number: signal.Signals, code: int, word: str, slow_model: Path, tmp_path: Path
) -> None:
    (tmp_path / "scan.png").write_bytes(encoded(".png", lens_frame()))
    (tmp_path / "out").mkdir()
    process = subprocess.Popen(
        [
            sys.executable, "-c", _TELLING, "scan.png", "--model", slow_model, "-o", "out", "--threads", "1",
            "--labels", "out/labels.png",
        ],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdout.readline() == b"begun\n"
    time.sleep(0.5)
    assert process.poll() is None, "the model is too fast for this test"
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (code, b""), "the program waited for the network to end"
    assert err.decode() == f"edge-cataract: {word}. Nothing half-written was left.\n"
    assert os.listdir(tmp_path / "out") == []
