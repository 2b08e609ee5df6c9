"""Damage DICOM files at random and analyse them: ``python -m benchmarks.robustness.damaged_dicom``.

Every file goes through the command line, in a process that is watched, with everything that it says at its loudest
(``-vv --debug``). It must end with a documented exit code, in less than five seconds, within the limits of memory; and
nothing that it writes to standard output, to standard error or into a log may hold a canary: every text element of
every file has one, in place of a name, an identifier or a date of birth.
"""

from __future__ import annotations

import argparse
import io
import logging
import os
import re
import sys
import tempfile
import time
from collections import Counter
from contextlib import ExitStack, contextmanager
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from benchmarks.provenance import place, save, versions
from edge_runtime import cli
from tests.dicom_files import put_canaries, tomography
from tests.make_tiny_model import TinyModel, tiny_model_bytes

from .dicom_damage import damaged
from .dicom_wholes import Whole, frames, wholes
from .supervision import Job, supervised

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import IO

RESULTS = Path(__file__).parents[1] / "results" / "damaged_dicom.json"
CHUNK, ROUNDS = 10, 10
HANG_S = 300.0  # of silence on the wall clock: a machine may be busy, and what is measured is processor time
MOST_S, MOST_MB = 5.0, 1000
DOCUMENTED = {0, 2, 3, 4, 65, 66, 69, 71}
CANARY = re.compile(rb"(?i)canary|19010203|1901-02-03")
_WORD = re.compile(rb"error\[([a-z-]+)\]")
_PEAK = "peak of memory in MB: "


def outcome_of(whole: Whole, data: bytes, folder: Path) -> str:
    """Analyse a file and put what happened into a class."""
    path = folder / "scan.dcm"
    path.write_bytes(data)
    verb = ["exam", "--eye", "OD"] if whole.exam else []
    began = time.process_time()
    with ExitStack() as stack, tempfile.TemporaryFile() as heard:
        stack.enter_context(_heard_by(heard))
        try:
            code: int | str = cli.main(
                [*verb, str(path), "--model", str(_tiny_model(folder)), "--json", "-vv", "--debug"]
            )
        except BaseException as error:  # noqa: BLE001  # what must not happen is counted
            code = type(error).__name__
        stack.close()
        heard.seek(0)
        said = heard.read()
    slow = time.process_time() - began > MOST_S
    words = b", ".join(sorted({*_WORD.findall(said)})).decode()
    if code not in DOCUMENTED:
        return f"FAULT: exit {code}, {words}"
    if CANARY.search(said):
        return f"FAULT: a canary was heard, exit {code}, {words}"
    return f"FAULT: slow, exit {code}, {words}" if slow else f"exit {code}: {words}"


@contextmanager
def _heard_by(heard: IO[bytes]) -> Iterator[None]:
    """Let a file hear both standard outputs of the process, of Python and of every library in it, and every logger."""
    before, saved = (sys.stdout, sys.stderr), [os.dup(descriptor) for descriptor in (1, 2)]
    for stream in before:
        stream.flush()
    both = io.TextIOWrapper(io.FileIO(os.dup(heard.fileno()), "w"), "utf-8", "backslashreplace", write_through=True)
    root, handler = logging.getLogger(), logging.StreamHandler(both)
    level = root.level
    try:
        for descriptor in (1, 2):
            os.dup2(heard.fileno(), descriptor)
        sys.stdout = sys.stderr = both
        root.addHandler(handler)
        root.setLevel(logging.DEBUG)
        yield
    finally:
        root.removeHandler(handler)
        root.setLevel(level)
        sys.stdout, sys.stderr = before
        both.close()
        for descriptor, old in zip((1, 2), saved, strict=True):
            os.dup2(old, descriptor)
            os.close(old)


@cache
def _tiny_model(folder: Path) -> Path:
    """A model that costs nothing: what is tried here comes before it."""
    path = folder / "tiny.onnx"
    path.write_bytes(tiny_model_bytes(TinyModel()))
    return path


def outcomes(name: str, whole: Whole, seed: int, first: int, count: int, folder: Path) -> Iterator[str]:
    """The outcomes of a run of files; each file depends on the seed, its kind and its number alone."""
    for number in range(first, first + count):
        rng = np.random.default_rng([seed, number, *name.encode()])
        damage, data = damaged(whole, rng)
        _forget_peak()
        held = _peak_mb()  # what this process had before is no fault of the file
        outcome = outcome_of(whole, data, folder)
        peak = _peak_mb()
        if peak - held > MOST_MB:
            yield f"FAULT: {peak - held} MB, {outcome}"
        yield f"{_PEAK}{peak}"
        yield f"{outcome} ({damage})" if outcome.startswith("FAULT") else outcome


def _forget_peak() -> None:
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")


def _peak_mb() -> int:
    status = Path("/proc/self/status").read_text(encoding="ascii", errors="replace")
    return int(status.split("VmHWM:")[1].split()[0]) // 1000


def _outcomes(job: Job, seed: int, folder: Path) -> Iterator[str]:
    cv2.setNumThreads(1)
    with tempfile.TemporaryDirectory(dir=folder) as own:
        yield from outcomes(job.name, wholes()[job.name], seed, job.first, job.count, Path(own))


def main() -> int:
    """Damage, analyse, print, save; 1 when something happened that must not."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=17)
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--out", type=Path, default=RESULTS)
    arguments = parser.parse_args()
    names = list(wholes())
    each = -(-arguments.files // len(names))
    found: dict[str, Counter[str]] = {}
    slowest = 0.0
    parts = [range(each)[start::ROUNDS] for start in range(ROUNDS)]
    done = 0
    content: dict[str, Any] = {}
    for length in map(len, parts):  # what was found so far is kept
        jobs = [
            Job(name, first, min(CHUNK, done + length - first))
            for first in range(done, done + length, CHUNK)
            for name in names
        ]
        with tempfile.TemporaryDirectory() as folder:
            work = partial(_outcomes, folder=Path(folder))
            some, slow = supervised(work, jobs, arguments.seed, arguments.workers, HANG_S)
        done, slowest = done + length, max(slowest, slow)
        for name, counts in some.items():
            found.setdefault(name, Counter()).update(counts)
        content = _summary(found, done * len(names), arguments.seed, slowest)
        save(arguments.out, content)
        told = ("files", "faults", "slowest_cpu_s", "peak_mb", "exit_codes")
        print({key: content[key] for key in told}, flush=True)
    return 1 if content["faults"] else 0


def _summary(found: dict[str, Counter[str]], files: int, seed: int, slowest: float) -> dict[str, Any]:
    peaks = [int(word[len(_PEAK) :]) for counts in found.values() for word in counts if word.startswith(_PEAK)]
    told = {
        name: {word: count for word, count in sorted(counts.items()) if not word.startswith(_PEAK)}
        for name, counts in sorted(found.items())
    }
    codes: Counter[str] = Counter()
    for counts in told.values():
        for word, count in counts.items():
            codes[word.split(":")[0]] += count
    return {
        **place(),
        "versions": versions("pydicom", "pylibjpeg", "pylibjpeg-openjpeg", "pyjpegls", "python-gdcm"),
        "seed": seed,
        "files": files,
        "canaries": len(put_canaries(tomography(list(frames())))),
        "faults": codes["FAULT"],
        "slowest_cpu_s": round(slowest, 3),
        "peak_mb": max(peaks),
        "exit_codes": {code: count for code, count in sorted(codes.items()) if code != "FAULT"},
        "outcomes": told,
    }


if __name__ == "__main__":
    sys.exit(main())
