"""What is freed stays: measured by the pages that a process asks for again."""

from __future__ import annotations

import subprocess
import sys

from tests.conftest import ROOT

FAULTS = """
import resource, sys
import numpy as np
from train.fit.heap import keep_freed_memory
if sys.argv[1] == "keep":
    keep_freed_memory()
def round_of_work():
    return [np.ones(2_000_000) for _ in range(4)]
round_of_work()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(10):
    round_of_work()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def faults(word: str) -> int:
    command = [sys.executable, "-c", FAULTS, word]
    return int(subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=60).stdout)


def test_memory_that_was_freed_is_not_asked_for_again() -> None:
    assert faults("keep") < faults("give back") / 10


def test_processes_to_come_keep_it_too() -> None:
    child = "from train.fit.heap import keep_freed_memory, OPTIONS; import os, subprocess, sys; keep_freed_memory(); "
    child += "sys.exit(subprocess.call([sys.executable, '-c', 'import os; print(os.environ[\"MALLOC_TOP_PAD_\"])']))"
    printed = subprocess.run([sys.executable, "-c", child], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert int(printed) > 1e7
