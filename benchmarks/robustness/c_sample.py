"""Leaks and crashes of the C sample: ``python -m benchmarks.robustness.c_sample``.

Whole frames and damaged files go through it under AddressSanitizer and UndefinedBehaviorSanitizer, and parts of frames
under valgrind. An answer or a word for every file is asked for, no finding of a checker, and no byte that is lost for
one scan more. Ends with 1 otherwise.

No finding: copies of a place onto itself, which onnxruntime makes when it starts, and reads of the loader of libraries,
which compares names by whole words.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as Tree

import numpy as np

from benchmarks.gate import FRESH
from benchmarks.provenance import place, save, versions
from benchmarks.samples.frames import variants
from benchmarks.samples.programs import build_c, c_command, write_pgm
from edge_runtime.golden import SAMPLES
from edge_runtime.reading.raster import read_scan
from edge_runtime.scan import scan_from_pixels

if TYPE_CHECKING:
    from numpy.typing import NDArray

RESULTS = Path(__file__).parents[1] / "results" / "c_sample.json"
SEED, FRAMES, DAMAGED, BATCH = 4712, 1000, 1000, 20
SIDE = 300  # of a part of a frame: valgrind takes a second for it
SANITIZERS = ("-O1", "-g", "-fno-omit-frame-pointer", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")
PITCH = "pitch=7.675,7.675"
ENDS = (0, 65)  # every scan has its answer; some were refused
LOST = ("Leak_DefinitelyLost", "Leak_IndirectlyLost")


def frames(rng: np.random.Generator, side: int | None) -> Iterator[NDArray[Any]]:
    """The samples and other views of them, without end; with `side` square parts of them."""
    whole = [read_scan(str(path)).pixels for path in sorted(SAMPLES.glob("*.png"))]
    while True:
        for pixels in whole:
            for one in variants(pixels, rng):
                if side is None and one.shape == pixels.shape:  # another shape is of no known device
                    yield one
                elif side is not None:
                    top, left = (int(rng.integers(0, length - side)) for length in one.shape)
                    yield one[top : top + side, left : left + side]


def damaged(whole: bytes, rng: np.random.Generator) -> bytes:
    """A PGM file that was cut, lengthened, overwritten in its header or anywhere, or announces another size."""
    header = whole.index(b"255\n") + 4
    changed = bytearray(whole)
    match int(rng.integers(6)):
        case 0:
            return whole[: int(rng.integers(0, len(whole)))]
        case 1:
            return whole + rng.bytes(int(rng.integers(1, 50)))
        case 2:
            changed[int(rng.integers(header))] = int(rng.integers(256))
        case 3:
            sizes = rng.integers(0, 2 ** rng.integers(1, 62, 3)).tolist()
            return "P5\n{} {}\n{}\n".format(*sizes).encode() + whole[header:]
        case 4:
            start, length = int(rng.integers(header)), int(rng.integers(1, 30))
            changed[start : start + length] = rng.bytes(length)
        case _:
            for place in rng.integers(header, len(whole), 1000):
                changed[place] = int(rng.integers(256))
    return bytes(changed)


def batches(count: int, rng: np.random.Generator, side: int | None, *, broken: bool) -> Iterator[list[bytes]]:
    """Files of PGM, some at a time."""
    source = frames(rng, side)
    with tempfile.TemporaryDirectory() as folder:
        for start in range(0, count, BATCH):
            files = []
            for _ in range(min(BATCH, count - start)):
                whole = write_pgm(Path(folder) / "scan.pgm", scan_from_pixels(np.array(next(source)))).read_bytes()
                files.append(damaged(whole, rng) if broken else whole)
            yield files


def ask(command: Sequence[str], files: Sequence[bytes], seen: Counter[str], **environment: str) -> list[str]:
    """Run the sample on files; what is wrong with how it ended."""
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / f"{number}.pgm" for number in range(len(files))]
        for path, content in zip(paths, files, strict=True):
            path.write_bytes(content)
        done = subprocess.run(
            [*command, *map(str, paths)], env={**os.environ, **environment}, capture_output=True, check=False
        )
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    seen.update(one.get("error", "answered") for one in answers)
    if done.returncode in ENDS and len(answers) == len(files):
        return []
    return [f"ended with {done.returncode} after {len(answers)} of {len(files)}: {done.stderr[-800:].decode()}"]


def sanitized(counts: tuple[int, int], folder: Path, rng: np.random.Generator) -> dict[str, Any]:
    """Whole frames and damaged files under the sanitizers."""
    command = c_command(build_c(folder / "sanitized", *SANITIZERS), "int8")
    seen: Counter[str] = Counter()
    wrong: list[str] = []
    for count, broken in zip(counts, (False, True), strict=True):
        for files in batches(count, rng, None, broken=broken):
            wrong += ask(command, files, seen, ASAN_OPTIONS="detect_leaks=1:exitcode=99")
    return {"frames": counts[0], "damaged": counts[1], "seen": dict(sorted(seen.items())), "wrong": wrong}


def checked(counts: tuple[int, int], folder: Path, rng: np.random.Generator) -> dict[str, Any]:
    """Parts of frames and damaged files under valgrind, in one process, beside a process that reads none to its end."""
    program = build_c(folder / "checked", "-O1", "-g")
    report = folder / "valgrind.xml"
    tool = [*valgrind(report), *c_command(program, "int8", PITCH)]
    seen: Counter[str] = Counter()
    files = [one for batch in batches(counts[0], rng, SIDE, broken=False) for one in batch]
    files += [one for batch in batches(counts[1], rng, SIDE, broken=True) for one in batch]
    nothing = ask(tool, files[:1], Counter())
    errors, alone = findings(report)
    wrong = [*nothing, *ask(tool, files, seen)]
    more_errors, together = findings(report)
    wrong += [*errors, *more_errors]
    if together != alone:
        wrong.append(f"{together} bytes are lost for {len(files)} files, {alone} for one")
    return {
        "frames": counts[0],
        "damaged": counts[1],
        "side": SIDE,
        "seen": dict(sorted(seen.items())),
        "lost_by_the_engine_at_its_start": alone,
        "wrong": wrong,
    }


def valgrind(report: Path) -> list[str]:
    """The checker, which writes its report into a file."""
    return ["valgrind", "--leak-check=full", "--xml=yes", f"--xml-file={report}"]


def findings(report: Path) -> tuple[list[str], int]:
    """Errors of a report, and how many bytes were lost."""
    errors, lost = [], 0
    for error in Tree.parse(report).iter("error"):  # noqa: S314  # valgrind's own
        kind = error.findtext("kind", "")
        if kind in LOST:
            lost += int(error.findtext("xwhat/leakedbytes", "0"))
        elif not kind.startswith("Leak_") and not _is_of_the_start(error, kind):
            frame = error.find("stack/frame")
            where = "" if frame is None else f"{frame.findtext('fn', '?')} in {Path(frame.findtext('obj', '?')).name}"
            errors.append(f"{kind}: {where}")
    return errors, lost


def _is_of_the_start(error: Tree.Element, kind: str) -> bool:
    objects = [Path(frame.findtext("obj", "")).name for frame in error.iterfind("stack/frame")]
    copies = kind == "Overlap" and any(name.startswith("libonnxruntime") for name in objects[:2])
    return copies or objects[0].startswith("ld-linux")


def main(words: Sequence[str] | None = None) -> int:
    """Measure, print, save."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frames", type=int, default=FRAMES, help=f"default: {FRAMES}")
    parser.add_argument("--damaged", type=int, default=DAMAGED, help=f"default: {DAMAGED}")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--only", choices=["sanitizers", "valgrind"])
    parser.add_argument("--out", type=Path, default=FRESH / RESULTS.name, help="default: build/benchmarks")
    arguments = parser.parse_args(words)
    counts, found = (arguments.frames, arguments.damaged), {}
    with tempfile.TemporaryDirectory() as folder:
        for name, check in (("sanitizers", sanitized), ("valgrind", checked)):
            if arguments.only in (None, name):
                found[name] = check(counts, Path(folder), np.random.default_rng(arguments.seed))
                print(name, found[name], flush=True)
    if arguments.out.exists() and arguments.only:  # the other half of an earlier run stays
        found = json.loads(arguments.out.read_text(encoding="utf-8")).get("checks", {}) | found
    save(arguments.out, {**place(), "versions": versions("onnxruntime"), "seed": arguments.seed, "checks": found})
    return int(any(one["wrong"] for one in found.values()))


if __name__ == "__main__":
    sys.exit(main())
