"""What a small device has to do for a scan, and the memory it needs: ``python -m benchmarks.speed.small_devices``.

Instructions are counted by qemu on an emulated Cortex-A72 (the processor of a Raspberry Pi 4) and an emulated Haswell,
one thread each: they say how much work there is, the same at every run, but not how long a board takes. Memory is that
of real processes on this machine: the least --max-memory that is accepted, and what is then used. It needs the Debian
packages qemu-user, qemu-user-static, debootstrap and gcc, and a package index.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

from benchmarks.gate import FRESH
from benchmarks.parity.aarch64 import Board, make_board
from benchmarks.parity.emulated import emulated_environment
from benchmarks.provenance import provenance, save
from edge_runtime import CataractAnalyzer
from edge_runtime.model.precision import PRECISIONS

from .cold_start import COMMAND, run
from .counted_scans import SCENES

ROOT = Path(__file__).parents[2]
RESULTS = Path(__file__).parents[1] / "results" / "small_devices.json"
PLUGIN = Path(__file__).with_name("instructions.c")
MOST_CAP_MB = 1000
MODULE = "benchmarks.speed.counted_scans"
OUTPUTS = {"document": [], "overlay, too": ["--overlay"]}


def build_plugin(folder: Path) -> Path:
    """Compile what counts instructions inside the emulator."""
    library = folder / "instructions.so"
    flags = ["-shared", "-fPIC", "-O2", "-Wall", "-Wextra", "-Werror"]
    subprocess.run(["gcc", *flags, "-o", str(library), str(PLUGIN)], check=True)
    return library


def instructions(
    emulator: Sequence[str], program: Sequence[str], plugin: Path, environment: Mapping[str, str] | None = None
) -> tuple[int, str]:
    """Run a program under an emulator: the instructions that it took, and what it printed.

    Parameters
    ----------
    emulator
        qemu of one architecture and its options.
    program
        An executable of that architecture and its arguments.
    plugin
        Of `build_plugin`.
    environment
        Of the program; None: this process's own.
    """
    with tempfile.TemporaryDirectory() as folder:
        counted = Path(folder) / "instructions"
        command = [*emulator, "-plugin", f"{plugin},out={counted}", *program]
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
        return int(counted.read_text()), done.stdout.strip()


def processors(board: Board) -> dict[str, tuple[list[str], str, dict[str, str]]]:
    """Emulator, Python and environment of each emulated processor."""
    _, *options, python = board.command
    return {
        "Cortex-A72": (["qemu-aarch64", *options], python, board.environment),
        "Haswell (AVX2, no VNNI)": (["qemu-x86_64", "-cpu", "Haswell"], sys.executable, emulated_environment()),
    }


def compile_board(board: Board) -> None:
    """Compile the packages on the board, as an installation does: or every start would count the compiling, too."""
    emulator, python, environment = processors(board)["Cortex-A72"]
    writing = {name: value for name, value in environment.items() if name != "PYTHONDONTWRITEBYTECODE"}
    # Some files of libraries are templates, and compile nowhere.
    subprocess.run([*emulator, python, "-m", "compileall", "-qq", str(board.site)], env=writing, check=False)


def counted(board: Board, plugin: Path) -> list[dict[str, Any]]:
    """Count every scene in every precision on every processor: a process with one scan, and what a second one adds."""
    rows = []
    for processor, (emulator, python, environment) in processors(board).items():
        for precision in PRECISIONS:
            for scene in SCENES:
                words = [python, "-m", MODULE, scene, precision]
                (cold, found), (twice, again) = (
                    instructions(emulator, [*words, scans], plugin, environment) for scans in ("1", "2")
                )
                if found != again:
                    raise RuntimeError(f"{processor}, {scene}: {found}, then {again}")
                row: dict[str, Any] = {"processor": processor, "precision": precision, "scene": scene}
                what = zip(("rows", "columns", "lens_px", "cataract_px"), map(int, found.split()), strict=True)
                rows.append({**row, **dict(what), "cold": cold, "warm": twice - cold})
                print(rows[-1], flush=True)
    return rows


def least_memory(precision: str, extra: Sequence[str]) -> dict[str, Any]:
    """The least cap that the command line accepts for a sample three times, and the peak of the processes under it."""
    command = [*COMMAND, "--precision", precision, "--overwrite", *extra]
    cap = 40
    while True:
        under = [*command, "--max-memory", str(cap)]
        asked = subprocess.run(under, cwd=ROOT, capture_output=True, text=True, check=False)
        if asked.returncode and "memory-cap" not in asked.stderr:
            raise RuntimeError(asked.stderr)
        measured = [] if asked.returncode else [run(under) for _ in range(3)]
        if measured and not any(one.exit_code for one in measured):
            break
        if cap > MOST_CAP_MB:
            raise RuntimeError(f"no cap up to {MOST_CAP_MB} MB is kept three times: {asked.stderr}")
        needs = re.search(r"needs (\d+) MB", asked.stderr)
        cap = max(cap + 1, int(needs[1]) if needs else 0)
    peak_mb = max(one.peak_mb for one in measured)
    return {
        "precision": precision,
        "least_cap_mb": cap,
        "peak_mb": peak_mb,
        "without_cap_mb": run(command).peak_mb,
        "kept": peak_mb <= cap,
    }


def main(words: Sequence[str] | None = None) -> int:
    """Count, measure, print, save; 1 when a cap was broken."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--board", type=Path, default=FRESH.parent / "aarch64", help="the board is unpacked here")
    parser.add_argument("--out", type=Path, default=FRESH / RESULTS.name, help="default: build/benchmarks")
    arguments = parser.parse_args(words)
    facts = provenance(CataractAnalyzer())  # before anything is measured: hours may bring other code
    installed = metadata.version("onnxruntime")
    board = make_board(arguments.board.resolve(), installed)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        memory = [
            {"outputs": title} | least_memory(precision, [*flags, *[str(folder / "overlay.png")] * len(flags)])
            for precision in PRECISIONS
            for title, flags in OUTPUTS.items()
        ]
        print(*memory, sep="\n", flush=True)
        compile_board(board)
        rows = counted(board, build_plugin(folder))
    version = subprocess.run(["qemu-aarch64", "--version"], capture_output=True, check=True, text=True).stdout
    content = {
        **facts, "emulator": version.splitlines()[0], "instructions": rows, "memory": memory,
    }  # fmt: skip
    save(arguments.out, content)
    return int(not all(one["kept"] for one in memory))


if __name__ == "__main__":
    sys.exit(main())
