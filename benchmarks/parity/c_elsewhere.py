"""The C sample with the oldest engine, and on an emulated board: ``python -m benchmarks.parity.c_elsewhere``.

Frames of every kind go through it with the oldest onnxruntime that is supported and the one that is installed, here and
on an emulated Raspberry Pi 4, and are held against the runtime of this machine. What was found before with the same
models and as many frames stays, batch by batch, so a run that was stopped goes on. It needs the Debian packages
gcc-aarch64-linux-gnu, qemu-user-static and debootstrap, and a package index. Ends with 1 when something differs.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

from benchmarks.gate import FRESH
from benchmarks.provenance import provenance, save
from benchmarks.samples.asked import MAX_DIFFERENT_FP32, Asked
from benchmarks.samples.programs import Machine, ask_c, build_c, engine_library, write_pgm
from edge_runtime import CataractAnalyzer
from export.shipping.board import EMULATOR

from .aarch64 import OLDEST_ONNXRUNTIME, Board, make_board
from .frames import NATIVE, Frame, chosen_frames
from .graphs import SEED

RESULTS = Path(__file__).parents[1] / "results" / "c_elsewhere.json"
FRAMES, PER_COHORT, BATCH = 40, 3, 20
CROSS = "aarch64-linux-gnu-gcc"


def library(folder: Path) -> Path:
    """The library in a folder of unpacked wheels."""
    return next((folder / "onnxruntime" / "capi").glob("libonnxruntime.so.*"))


def oldest_here(folder: Path) -> Machine:
    """The machine that this runs on, with the oldest engine; what was unpacked is used again."""
    site = folder / f"here-{OLDEST_ONNXRUNTIME}"
    if not site.exists():
        wheels = folder / f"wheels-here-{OLDEST_ONNXRUNTIME}"
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"]
        subprocess.run([*command, "--dest", wheels, f"onnxruntime=={OLDEST_ONNXRUNTIME}"], check=True)
        part = site.with_suffix(".part")
        shutil.unpack_archive(next(wheels.glob("*.whl")), part, "zip")
        part.rename(site)
    return Machine(library(site))


def on_board(board: Board) -> Machine:
    """An emulated board with its version of the engine."""
    return Machine(library(board.site), EMULATOR, {"QEMU_LD_PREFIX": str(board.root)})


def compare(machine: Machine, program: Path, asked: Sequence[Asked], precision: str, folder: Path) -> dict[str, Any]:
    """What a machine finds differently."""
    seen: Counter[str] = Counter()
    different: list[dict[str, Any]] = []
    for pitch in (None, NATIVE):
        alike = [place for place, one in enumerate(asked) if one.pitch == pitch]
        files = [write_pgm(folder / f"{place}.in.pgm", asked[place].scan) for place in alike]
        options = [f"pitch={pitch.row_um},{pitch.column_um}"] if pitch else []
        answers = ask_c(program, files, precision, folder, *options, on=machine) if files else []
        for place, (answer, labels) in zip(alike, answers, strict=True):
            one = asked[place]
            pixels = one.different_labels(labels)
            seen.update(frames=1, pixels=one.found["labels"].size, different_pixels=pixels)
            if wrong := one.different(answer, labels, exact=precision == "int8"):
                different.append({"frame": place, "different": wrong})
    broken = bool(different) or seen["different_pixels"] > MAX_DIFFERENT_FP32 * seen["pixels"]
    return {**seen, "different": different, "broken": broken}


def done_of(known: dict[str, Any] | None, wanted: int) -> int:
    """How many of so many frames were compared before; of another choice of frames none counts."""
    if known is None or known.get("of", known["frames"]) != wanted:
        return 0
    frames: int = known["frames"]
    return frames


def together(known: dict[str, Any], part: dict[str, Any], start: int) -> dict[str, Any]:
    """What was found in the first `start` frames, and in those after them."""
    sums = {name: known[name] + part[name] for name in ("frames", "pixels", "different_pixels")}
    later = [{**one, "frame": start + one["frame"]} for one in part["different"]]
    different = [*known["different"], *later]
    broken = bool(different) or sums["different_pixels"] > MAX_DIFFERENT_FP32 * sums["pixels"]
    return {**sums, "different": different, "broken": broken}


def asked_of(chosen: Sequence[Frame], precision: str) -> list[Asked]:
    """What the runtime finds in frames."""
    analyzers = {pitch: CataractAnalyzer(precision=precision, profile=pitch) for pitch in (None, NATIVE)}
    return [Asked.of(frame.scan, analyzers[frame.pitch], frame.pitch) for frame in chosen]


def earlier(path: Path, facts: dict[str, Any]) -> dict[str, Any]:
    """What was found before with the same models, by precision and machine."""
    if not path.exists():
        return {}
    content = json.loads(path.read_text(encoding="utf-8"))
    same = all(content.get(name) == facts[name] for name in ("model", "look_sha256")) and content["seed"] == SEED
    found: dict[str, Any] = content["found"] if same else {}
    return found


def main(words: Sequence[str] | None = None) -> int:
    """Compare, print, save."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frames", type=int, default=FRAMES, help=f"default: {FRAMES}")
    parser.add_argument("--precision", nargs="+", default=["int8", "fp32"])
    parser.add_argument("--folder", type=Path, default=FRESH / "graph-scans", help="simulated scans are kept here")
    parser.add_argument("--real", type=Path, metavar="FOLDER", help="scans that are asked about, too")
    parser.add_argument("--board", type=Path, default=FRESH.parent / "aarch64", help="boards are unpacked here")
    parser.add_argument("--out", type=Path, default=FRESH / RESULTS.name, help="default: build/benchmarks")
    arguments = parser.parse_args(words)
    installed = metadata.version("onnxruntime")
    chosen = chosen_frames(arguments.frames, PER_COHORT, arguments.folder, arguments.real)
    facts = provenance(CataractAnalyzer())
    found = earlier(arguments.out, facts)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        here, there = build_c(folder / "here"), build_c(folder / "there", compiler=CROSS)
        machines = {
            f"x86-64, {installed}": (Machine(engine_library()), here),
            f"x86-64, {OLDEST_ONNXRUNTIME}": (oldest_here(arguments.board), here),
            f"Cortex-A72, {installed}": (on_board(make_board(arguments.board, installed)), there),
            f"Cortex-A72, {OLDEST_ONNXRUNTIME}": (on_board(make_board(arguments.board, OLDEST_ONNXRUNTIME)), there),
        }
        for precision in arguments.precision:
            known = found.setdefault(precision, {})
            left = {one: done for one in machines if (done := done_of(known.get(one), len(chosen))) < len(chosen)}
            asked = asked_of(chosen, precision) if left else []
            for machine, done in left.items():
                for start in range(done, len(chosen), BATCH):
                    part = compare(*machines[machine], asked[start : start + BATCH], precision, folder)
                    known[machine] = together(known[machine], part, start) if start else part
                    known[machine]["of"] = len(chosen)
                    print(precision, machine, json.dumps(known[machine]), flush=True)
                    save(arguments.out, {**facts, "seed": SEED, "found": found})
    return int(any(one["broken"] for machines in found.values() for one in machines.values()))


if __name__ == "__main__":
    sys.exit(main())
