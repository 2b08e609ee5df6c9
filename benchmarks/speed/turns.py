"""What is compared takes turns: each contender in a process of its own, and all but one of them idle.

Two libraries in one process disturb each other: the threads of one spin while the other works.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from time import perf_counter, process_time
from typing import Any, Self

from edge_runtime.machine.memory import resident_bytes

ROOT = Path(__file__).resolve().parents[2]


def serve(start: Callable[[], Callable[[], Any]]) -> None:
    """Be a contender: start, run once, then run as often as each line of standard input asks for.

    Parameters
    ----------
    start
        Returns what is timed. That returns what it found, as JSON knows it.
    """
    channel = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what a library prints must not look like an answer
    run = start()
    print(json.dumps({"found": run()}), file=channel, flush=True)
    for line in sys.stdin:
        run()  # untimed: the others had the caches in between
        seconds, busy = [], process_time()
        for _ in range(int(line)):
            started = perf_counter()
            run()
            seconds.append(perf_counter() - started)
        answer = {
            "seconds": seconds,
            "processor_s": (process_time() - busy) / len(seconds),
            "peak_memory_mb": round(resident_bytes(peak=True) / 1e6, 1),
        }
        print(json.dumps(answer), file=channel, flush=True)


class Contender:
    """A process that serves.

    Attributes
    ----------
    first_result_s
        From starting the process to its first result.
    found
        That result.
    processor_s
        Seconds of all processors that a run took, mean of the latest turn.
    peak_memory_mb
        Resident memory at its largest, after the latest turn.
    """

    def __init__(self, command: Sequence[str]) -> None:
        self._started = perf_counter()
        self._process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.peak_memory_mb = self.processor_s = 0.0
        self.found = self._answer()["found"]
        self.first_result_s = perf_counter() - self._started

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()  # closes its input: it ends

    def begin(self, runs: int) -> None:
        """Ask for a turn; others may be asked before `end`."""
        print(runs, file=self._process.stdin, flush=True)

    def end(self) -> list[float]:
        """Wait for the turn that was asked for: seconds of every run."""
        answer = self._answer()
        self.peak_memory_mb, self.processor_s = answer["peak_memory_mb"], answer["processor_s"]
        return [float(seconds) for seconds in answer["seconds"]]

    def _answer(self) -> dict[str, Any]:
        line = self._process.stdout.readline() if self._process.stdout else ""
        if not line:
            self._process.communicate()
            raise RuntimeError(f"{self._process.args!r} ended with {self._process.returncode}")
        answer: dict[str, Any] = json.loads(line)
        return answer


def seconds_of(work: Callable[[], Any]) -> float:
    """Time one run in this process."""
    started = perf_counter()
    work()
    return perf_counter() - started


@dataclass(frozen=True, slots=True)
class Timed:
    """All turns of one contender.

    Attributes
    ----------
    rounds_ms
        Median of each turn.
    processor_ms
        Of all processors, mean of each turn.
    first_result_s, peak_memory_mb, found
        As `Contender`.
    """

    rounds_ms: tuple[float, ...]
    processor_ms: tuple[float, ...]
    first_result_s: float
    peak_memory_mb: float
    found: Any


def take_turns(commands: Mapping[str, Sequence[str]], runs: Mapping[str, int], rounds: int) -> dict[str, Timed]:
    """Start every contender, one after the other, and let them take turns.

    Parameters
    ----------
    commands
        What starts a contender, by its name.
    runs
        Timed runs of each in a turn.
    rounds
        Turns of each.
    """
    with ExitStack() as stack:
        contenders = {name: stack.enter_context(Contender(command)) for name, command in commands.items()}
        medians: dict[str, list[float]] = {name: [] for name in contenders}
        processor: dict[str, list[float]] = {name: [] for name in contenders}
        for number in range(rounds):
            for name, contender in contenders.items():
                contender.begin(runs[name])
                medians[name].append(1000 * median(contender.end()))
                processor[name].append(1000 * contender.processor_s)
            print(f"round {number + 1} of {rounds}", file=sys.stderr)
        return {
            name: Timed(tuple(medians[name]), tuple(processor[name]), one.first_result_s, one.peak_memory_mb, one.found)
            for name, one in contenders.items()
        }


def throughput(command: Sequence[str], processes: int, runs: int) -> float:
    """Measure how many runs per second several such contenders make at once."""
    with ExitStack() as stack:
        contenders = [stack.enter_context(Contender(command)) for _ in range(processes)]
        for contender in contenders:
            contender.begin(runs)
        # Each process by its own clock: the untimed run before does not count.
        return sum(runs / sum(contender.end()) for contender in contenders)


def about(values: Sequence[float]) -> dict[str, float]:
    """Return the median, the least and the largest value."""
    return {"median": median(values), "min": min(values), "max": max(values)}


def ratio(slower: Timed, faster: Timed) -> dict[str, float]:
    """Return the ratio of the medians of each round: neighbours in time, so that what slows the machine slows both."""
    return about([one / other for one, other in zip(slower.rounds_ms, faster.rounds_ms, strict=True)])
