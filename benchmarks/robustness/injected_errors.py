"""Let every output call of a run fail once: ``python -m benchmarks.robustness.injected_errors``.

Earlier results are in place, as in `kills`. strace counts the system calls by which a run opens, locks, writes, syncs,
links, renames, removes and closes what lies in its output folder, and writes to standard output. Then the run is made
again for each of these calls and each error, and strace makes that one call fail. Looked at are the exit code, the
message, the files, and what the next run in that folder leaves.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.provenance import place, save
from edge_runtime.report.journal import finish_interrupted

from .kills import ROOT, pair_in

if TYPE_CHECKING:
    from collections.abc import Iterator

RESULTS = Path(__file__).parents[1] / "results" / "injected_errors.json"
SAMPLES = ROOT / "edge_runtime" / "samples"
ERRORS = ("ENOSPC", "EIO", "EACCES")
CALLS = (
    "openat,write,fsync,fdatasync,rename,renameat,renameat2,link,linkat,symlink,symlinkat,unlink,unlinkat,flock,"
    "ftruncate,close"
)
TRIES = 6  # imports in two threads shift the number of a call by a few
WITHOUT_RESULT, COMPLETE = {2, 73, 74}, 0
BAD = ("missed", "undocumented", "traceback", "untrue", "lost", "torn", "mixed", "left")
_CALL = re.compile(r"(?P<pid>\d+) +(?P<name>\w+)\((?P<rest>.*)")
_RESUMED = re.compile(r"(?P<pid>\d+) +<\.\.\. \w+ resumed>.*")


@dataclass(frozen=True, slots=True)
class Scenario:
    """A command line over earlier results.

    Attributes
    ----------
    words
        The verb and its options.
    scans
        Names of bundled samples.
    names
        The files that it writes: the document, then the overlays.
    """

    words: tuple[str, ...]
    scans: tuple[str, ...]
    names: tuple[str, ...]

    def command(self, folder: Path, *more: str) -> list[str]:
        """The command line that writes into a folder."""
        scans = [str(SAMPLES / name) for name in self.scans]
        return [sys.executable, "-m", "edge_runtime", *self.words, *scans, "-o", str(folder), "--json", "-q", *more]


SCENARIOS = {
    "scan": Scenario((), ("simulated-cataract.png",), ("simulated-cataract.json", "simulated-cataract.overlay.png")),
    "exam": Scenario(
        ("exam", "--eye", "OD"),
        ("simulated-cataract.png", "simulated-clear.png"),
        ("exam-OD.json", "simulated-cataract.overlay.png", "simulated-clear.overlay.png"),
    ),
}


@dataclass(frozen=True, slots=True)
class Call:
    """An output call, the `number`-th of its name in a run."""

    name: str
    number: int


@dataclass(frozen=True, slots=True)
class Traced:
    """What strace saw of a run.

    Attributes
    ----------
    places
        Of each output call, how many calls of its name its thread had made, itself included.
    failed
        The output call that was made to fail; None when another call was hit.
    """

    places: dict[Call, int]
    failed: Call | None


def read_trace(text: str, folder: str) -> Traced:
    """Find the output calls in what strace wrote with ``-f -y``."""
    made: Counter[tuple[str, str]] = Counter()
    outputs: Counter[str] = Counter()
    last: dict[str, Call | None] = {}
    places: dict[Call, int] = {}
    failed = None
    for line in text.splitlines():
        found = _CALL.match(line)
        if found is not None:
            pid, name = found["pid"], found["name"]
            made[pid, name] += 1
            last[pid] = None
            if folder in found["rest"] or (name == "write" and found["rest"].startswith("1<")):
                outputs[name] += 1
                last[pid] = Call(name, outputs[name])
                places[Call(name, outputs[name])] = made[pid, name]
        else:
            found = _RESUMED.match(line)
        if found is not None and line.endswith("(INJECTED)"):
            failed = last.get(found["pid"])
    return Traced(places, failed)


@dataclass(frozen=True, slots=True)
class Stage:
    """A folder with earlier results, and the runs over copies of it.

    Attributes
    ----------
    scenario
        What is run.
    root
        A folder for everything.
    strace
        The program.
    """

    scenario: Scenario
    root: Path
    strace: str

    @property
    def earlier(self) -> Path:
        """Where the earlier results are."""
        return self.root / "earlier"

    def prepare(self) -> None:
        """Make the earlier results, which a run of another threshold replaces."""
        self.earlier.mkdir()
        subprocess.run(
            self.scenario.command(self.earlier, "--threshold", "0.5"), check=True, stdout=subprocess.DEVNULL, cwd=ROOT
        )

    def run(self, folder: Path, inject: str | None) -> tuple[subprocess.CompletedProcess[bytes], Traced]:
        """Run over a fresh copy of the earlier results under strace; `inject` is its expression, or None."""
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(self.earlier, folder)
        trace = folder.with_suffix(".trace")
        options = ["-f", "-qq", "-y", "-s", "0", "--seccomp-bpf", "-o", str(trace), "-e", f"trace={CALLS}"]
        if inject is not None:
            options += ["-e", f"inject={inject}"]
        command = [self.strace, *options, *self.scenario.command(folder)]
        done = subprocess.run(command, capture_output=True, check=False, cwd=ROOT, timeout=300)
        return done, read_trace(trace.read_text(errors="replace"), f"{folder}")

    def judge(self, folder: Path, done: subprocess.CompletedProcess[bytes]) -> Iterator[str]:
        """The words of everything that is as it must not be after a run, and of which results were found."""
        older, message = (self.earlier / self.scenario.names[0]).read_bytes(), done.stderr.decode()
        before = pair_in(folder, older, self.scenario.names)
        finish_interrupted(str(folder))  # what the next run does first
        after = pair_in(folder, older, self.scenario.names)
        written = not (before.lost or before.older)
        if done.returncode not in (COMPLETE, *WITHOUT_RESULT):
            yield "undocumented"
        if "Traceback" in message or len(message.splitlines()) != bool(done.returncode):
            yield "traceback"
        complete = done.returncode == COMPLETE
        if (complete and not (written and done.stdout.endswith(b"}\n"))) or (
            written and "Nothing was written." in message
        ):
            yield "untrue"
        for word in ("lost", "torn", "mixed"):
            if getattr(before, word) or getattr(after, word):
                yield word
        if {path.name for path in folder.iterdir()} - {*self.scenario.names}:
            yield "left"
        yield "older" if after.older else "newer"

    def fail(self, call: Call, error: str, places: dict[Call, int]) -> tuple[list[str], str]:
        """Make one call fail with one error; returns the words of `judge` and the exit code with the message."""
        folder = self.root / f"{call.name}-{call.number}-{error}"
        known = places
        for _ in range(TRIES):
            done, traced = self.run(folder, f"{call.name}:error={error}:when={known[call]}")
            if traced.failed == call:
                words = list(self.judge(folder, done))
                shutil.rmtree(folder)
                return words, f"{done.returncode} {done.stderr.decode().strip()}"
            known = traced.places if call in traced.places else places
        shutil.rmtree(folder)
        return ["missed"], ""


def injected(scenario: Scenario, strace: str, errors: tuple[str, ...], workers: int, every: int = 1) -> dict[str, int]:
    """Fail the output calls of a scenario, all or each `every`-th; returns how often each word and exit code came."""
    met: Counter[str] = Counter(dict.fromkeys((*BAD, "older", "newer"), 0))
    with tempfile.TemporaryDirectory() as name, ThreadPoolExecutor(workers) as threads:
        stage = Stage(scenario, Path(name).resolve(), strace)
        stage.prepare()
        done, traced = stage.run(stage.root / "whole", None)
        if done.returncode:
            raise RuntimeError(done.stderr.decode())
        jobs = [(call, error) for call in traced.places for error in errors][::every]
        outcomes = threads.map(lambda job: stage.fail(job[0], job[1], traced.places), jobs)
        for (call, error), (words, end) in zip(jobs, outcomes, strict=True):
            met.update(words)
            if end:
                met[f"exit {end.split()[0]}"] += 1
            if set(words) & {*BAD}:
                print(f"{call.name} {call.number} {error}: {', '.join(words)}: {end}", flush=True)
    return {"calls": len(traced.places), "runs": len(jobs), **met}


def main() -> int:
    """Inject, print, save; 1 when something was met that must not be, 2 without strace."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--out", type=Path, default=RESULTS)
    arguments = parser.parse_args()
    strace = shutil.which("strace")
    if strace is None:
        print("strace is not installed: nothing was measured.", file=sys.stderr)
        return 2
    found = {name: injected(scenario, strace, ERRORS, arguments.workers) for name, scenario in SCENARIOS.items()}
    save(arguments.out, {**place(), "errors": list(ERRORS), **found})
    print(found)
    return 1 if any(counts[word] for counts in found.values() for word in BAD) else 0


if __name__ == "__main__":
    sys.exit(main())
