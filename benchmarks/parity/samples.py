"""The samples of docs/embedding as programs: built, asked about scans, and held against the runtime.

A scan is given to them as a device's software has it: decoded, as a PGM file; its answer is a dictionary with the same
names from every sample.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import onnxruntime

from edge_runtime.frame.prepare import prepare_frame
from edge_runtime.frame.profiles import PixelPitch
from edge_runtime.measure.locate import view_lens
from edge_runtime.model import store
from export.prepare.release import FILES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from edge_runtime import CataractAnalyzer
    from edge_runtime.scan import Scan

EMBEDDING = Path(__file__).parents[2] / "docs" / "embedding"
WARNINGS = ("-Wall", "-Wextra", "-Werror")
# Reasons of rules that no graph holds: only the runtime knows them (docs/embedding/README.md).
OF_THE_RUNTIME_ALONE = frozenset({"lens-in-part", "unlikely-brightness", "framed-picture"})
COMPARED = ("lens_px", "cataract_px", "dropped_px", "window", "reasons", "decision", "borderline")
MAX_DIFFERENT_FP32 = 1e-6  # share of the pixels of all label maps


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
class Asked:
    """A scan, and what the runtime finds in it.

    Attributes
    ----------
    scan
        The decoded scan.
    pitch
        What an analyzer is told of its pixels; None: by its shape.
    found
        Names of `COMPARED`, and ``labels``: the labels of the largest piece.
    reasons
        Every reason of the runtime.
    """

    scan: Scan
    pitch: PixelPitch | None
    found: dict[str, Any]
    reasons: tuple[str, ...]

    @classmethod
    def of(cls, scan: Scan, analyzer: CataractAnalyzer, pitch: PixelPitch | None = None) -> Asked:
        """Ask the runtime; the analyzer must have been made with the same pitch."""
        view = view_lens(
            prepare_frame(scan, pitch, analyzer.network.metadata.brightness), analyzer.tiled_predictor(), analyzer.look
        )
        result = analyzer.analyze_scan(scan)
        eye, window = analyzer.as_eye([result]), view.window
        known = [word for word in result.reasons if word not in OF_THE_RUNTIME_ALONE]
        found = {
            "lens_px": view.pixels.lens,
            "cataract_px": view.pixels.cataract,
            "dropped_px": view.region.dropped,
            "window": [window.top, window.left, window.rows, window.columns],
            "reasons": known,
            "decision": str(eye.decision),
            "borderline": eye.borderline,
            "labels": view.labels,
        }
        return cls(scan, pitch, found, result.reasons)

    @property
    def judged_by_runtime_alone(self) -> bool:
        """Whether only rules that no graph holds keep it from being graded."""
        return bool(self.reasons) and not self.found["reasons"]

    def different(self, answer: dict[str, Any], labels: NDArray[np.uint8], *, exact: bool) -> list[str]:
        """Names of what a sample finds differently; without `exact`, counts may differ as few labels do."""
        names = [
            name for name in COMPARED if name not in ("decision", "borderline") or not self.judged_by_runtime_alone
        ]
        wrong = [name for name in names if answer.get(name) != self.found[name]]
        if self.different_labels(labels) and exact:
            wrong.append("labels")
        if not exact:
            wrong = [name for name in wrong if not name.endswith("_px")]
        return wrong

    def different_labels(self, labels: NDArray[np.uint8]) -> int:
        """How many pixels of the label map differ; all of them where the map has another shape."""
        wanted = self.found["labels"]
        return int(np.count_nonzero(labels != wanted)) if labels.shape == wanted.shape else int(wanted.size)


def ask_c(
    program: Path, scans: Sequence[Path], precision: str, folder: Path, *options: str, timeout_s: int = 600
) -> list[tuple[dict[str, Any], NDArray[np.uint8]]]:
    """The answers of the C sample and its label maps, which it writes into a folder."""
    command = [*c_command(program, precision, f"labels={folder}", "details=1", *options), *map(str, scans)]
    answers = [json.loads(line) for line in _run(command, timeout_s).splitlines()]
    return [(one, _read_map(folder / f"{one['scan']}.pgm")) for one in answers]


def _read_map(path: Path) -> NDArray[np.uint8]:
    read = cv2.imdecode(np.frombuffer(path.read_bytes(), np.uint8), cv2.IMREAD_UNCHANGED)
    if read is None:
        raise SampleError(f"{path.name} is no label map")
    return read.astype(np.uint8)


def digest(labels: NDArray[np.uint8]) -> str:
    """The sha256 of a label map's bytes, row by row."""
    return hashlib.sha256(np.ascontiguousarray(labels).tobytes()).hexdigest()


def _run(command: Sequence[str | Path], timeout_s: int, **environment: str) -> str:
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
