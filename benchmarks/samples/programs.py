"""The samples of docs/embedding as programs: built, and asked about scans.

A scan is given to them as a device's software has it: decoded, as a PGM file; its answer is a dictionary with the same
names from every sample.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import onnxruntime

from edge_runtime.model import store
from export.prepare.release import FILES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from edge_runtime.scan import Scan

EMBEDDING = Path(__file__).parents[2] / "docs" / "embedding"
WARNINGS = ("-Wall", "-Wextra", "-Werror")


class SampleError(RuntimeError):
    """A sample could not be built, or ended in another way than it should."""


def release_files(precision: str) -> dict[str, Path]:
    """The files of the release that every sample opens, by their name."""
    bundle = Path(store.BUNDLE)
    look = json.loads((bundle / store.LOOK_REGISTER).read_text(encoding="utf-8"))["file"]
    network = json.loads((bundle / "register.json").read_text(encoding="utf-8"))[precision]["file"]
    graphs = {name: bundle.with_name("graphs") / FILES[name] for name in ("prepare", "crop", "count")}
    return {**graphs, "look": bundle / look, "network": bundle / network}


def engine_library() -> Path:
    """The library of onnxruntime for C, which its wheel holds."""
    return next((Path(onnxruntime.__file__).parent / "capi").glob("libonnxruntime.so.*"))


def build_c(program: Path, *flags: str, compiler: str = "gcc") -> Path:
    """Compile the C sample; warnings are errors."""
    sources = sorted((EMBEDDING / "c").glob("*.c"))
    _run([compiler, "-std=c11", "-O2", *WARNINGS, *flags, "-o", program, *sources, "-ldl", "-lm"], 120)
    return program


def build_cpp(program: Path, compilers: tuple[str, str] = ("gcc", "g++")) -> Path:
    """Compile the C sample without its program, and the C++ class with its own; warnings are errors."""
    folder = program.parent
    objects: list[Path] = []
    for source in sorted((EMBEDDING / "c").glob("*.c")):
        if source.stem not in ("main", "scan_file"):
            objects.append(folder / f"{source.stem}.o")
            _run([compilers[0], "-std=c11", "-O2", *WARNINGS, "-c", "-o", objects[-1], source], 120)
    sources = [EMBEDDING / "cpp" / "main.cpp", *objects]
    _run([compilers[1], "-std=c++17", "-O2", *WARNINGS, "-o", program, *sources, "-ldl", "-lm"], 120)
    return program


def c_command(program: Path, precision: str, *options: str) -> list[str]:
    """How the C sample is started, but for its scans."""
    files = [f"{name}={path}" for name, path in release_files(precision).items()]
    return [str(program), f"library={engine_library()}", *files, *options]


def write_pgm(path: Path, scan: Scan) -> Path:
    """Write decoded grey levels as the samples read them."""
    pixels = np.ascontiguousarray(scan.pixels)
    header = f"P5\n{scan.columns} {scan.rows}\n{scan.full_scale}\n".encode()
    path.write_bytes(header + pixels.astype(">u2" if pixels.dtype == np.uint16 else np.uint8).tobytes())
    return path


@dataclass(frozen=True, slots=True)
class Machine:
    """Where the C sample runs.

    Attributes
    ----------
    library
        The library of onnxruntime there.
    runner
        What runs a program there: an emulator and its options; empty on this machine.
    environment
        Its environment besides.
    """

    library: Path
    runner: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)


def ask_c(
    program: Path, scans: Sequence[Path], precision: str, folder: Path, *options: str, on: Machine | None = None
) -> list[tuple[dict[str, Any], NDArray[np.uint8]]]:
    """The answers of the C sample and its label maps, which it writes into a folder."""
    machine = Machine(engine_library()) if on is None else on
    command = c_command(program, precision, f"library={machine.library}", f"labels={folder}", "details=1", *options)
    return _answers(_run([*machine.runner, *command, *scans], 3600, **machine.environment), folder)


def ask_node(
    scans: Sequence[Path], precision: str, folder: Path, modules: Path, pitch: Sequence[float] | None = None
) -> list[tuple[dict[str, Any], NDArray[np.uint8]]]:
    """The answers of the sample for Node.js; `modules` holds onnxruntime-node."""
    settings = folder / "files.json"
    files = {name: str(path) for name, path in release_files(precision).items()}
    settings.write_text(json.dumps({**files, "pitch": pitch, "labels": str(folder), "details": True}), encoding="utf-8")
    command = ["node", EMBEDDING / "node" / "edge_cataract.mjs", settings, *scans]
    return _answers(_run(command, 900, NODE_PATH=str(modules)), folder)


def ask_openvino(
    scans: Sequence[Path], folder: Path, packages: Path | None = None
) -> list[tuple[dict[str, Any], NDArray[np.uint8]]]:
    """The answers of the sample for OpenVINO, which is installed, or lies in a folder of packages."""
    release = folder / "release"
    release.mkdir(exist_ok=True)
    for path in release_files("fp32").values():
        (release / path.name).write_bytes(path.read_bytes())
    command = [sys.executable, EMBEDDING / "openvino" / "edge_cataract.py", release, *scans, "--labels", folder]
    environment = {} if packages is None else {"PYTHONPATH": str(packages)}
    return _answers(_run(command, 900, **environment), folder)


def _answers(lines: str, folder: Path) -> list[tuple[dict[str, Any], NDArray[np.uint8]]]:
    """What a sample printed, with the label maps that it wrote beside."""
    answers = [json.loads(line) for line in lines.splitlines()]
    return [(one, _read_map(folder / f"{one['scan']}.pgm")) for one in answers]


def _read_map(path: Path) -> NDArray[np.uint8]:
    read = cv2.imdecode(np.frombuffer(path.read_bytes(), np.uint8), cv2.IMREAD_UNCHANGED)
    if read is None:
        raise SampleError(f"{path.name} is no label map")
    return read.astype(np.uint8)


def _run(command: Sequence[Any], timeout_s: int, **environment: str) -> str:
    """What a program prints.

    Raises
    ------
    SampleError
        When it ends with another code than 0.
    """
    words = [str(word) for word in command]
    done = subprocess.run(
        words, env={**os.environ, **environment}, capture_output=True, text=True, check=False, timeout=timeout_s
    )
    if done.returncode:
        raise SampleError(f"{words[0]} ended with {done.returncode}: {done.stderr[-2000:]}")
    return done.stdout
