"""The same numbers on aarch64: an emulated Raspberry Pi 4 against this machine.

``python -m benchmarks.parity.aarch64``.

Debian's arm64 packages and the aarch64 wheels are unpacked into a folder, without installing anything, and qemu runs
the Python in there. It needs the Debian packages qemu-user-static and debootstrap, and a package index. What was
answered stays in the folder, so a run that was stopped goes on.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.provenance import place, save
from edge_runtime import CataractAnalyzer
from edge_runtime.report.png import encode_png
from export.shipping.board import describe_processor, emulated, environment_of
from export.shipping.cross import PYTHON, unpack_debian
from export.shipping.image import WANTED
from train.phantom.cohorts.catalogue import plan_cohort
from train.phantom.patient import make_eye
from train.phantom.render import render

from .answers import Answer, path_of, read

ROOT = Path(__file__).parents[2]
RESULTS = Path(__file__).parents[1] / "results" / "aarch64.json"
SAMPLES = sorted((ROOT / "edge_runtime" / "samples").glob("*.png"))
BUNDLED = sorted((ROOT / "edge_runtime" / "models").glob("edge-*.onnx"))
OLDEST_ONNXRUNTIME = "1.24.4"
PLATFORMS = ("manylinux_2_28_aarch64", "manylinux_2_27_aarch64", "manylinux_2_17_aarch64", "manylinux2014_aarch64")
# Of the lens pixels, that may have another label. int8 is exact (`export.exact`); fp32 adds in another order on ARM.
SHARES = {"int8": 0.0, "fp32": 1e-6}


@dataclass(frozen=True, slots=True)
class Board:
    """An emulated board.

    Attributes
    ----------
    root
        Its file system.
    site
        Its packages.
    """

    root: Path
    site: Path

    @property
    def command(self) -> list[str]:
        """The Python on it, for `subprocess.run`."""
        return emulated(self.root / "usr" / "bin" / "python3")

    @property
    def environment(self) -> dict[str, str]:
        """The environment of that Python."""
        own = {"PYTHONPATH": f"{self.site}:{ROOT}", "PYTHONDONTWRITEBYTECODE": "1"}
        return {**environment_of(self.root), **own}


def make_board(folder: Path, onnxruntime: str) -> Board:
    """Unpack a board with a version of onnxruntime; what is there already is used again."""
    board = Board(folder / "root", folder / f"site-{onnxruntime}")
    if not (board.root / "usr" / "bin" / "python3").exists():
        unpack_debian("arm64", WANTED, board.root)
        describe_processor(board.root)
    if not board.site.exists():
        wheels = folder / f"wheels-{onnxruntime}"
        requirements = [f"{name}=={metadata.version(name)}" for name in ("numpy", "opencv-python-headless")]
        platforms = [word for platform in PLATFORMS for word in ("--platform", platform)]
        subprocess.run(
            [sys.executable, "-m", "pip", "download", "--quiet", "--only-binary=:all:", "--no-deps", *platforms,
             "--python-version", PYTHON, "--dest", wheels, *requirements, f"onnxruntime=={onnxruntime}"],
            check=True,
        )  # fmt: skip
        part = board.site.with_suffix(".part")
        for wheel in wheels.glob("*.whl"):
            shutil.unpack_archive(wheel, part, "zip")
        part.rename(board.site)
    return board


def phantom_scans(folder: Path, each: int) -> list[Path]:
    """Simulated scans of every profile and size that a device exports, `each` of every one."""
    folder.mkdir(parents=True, exist_ok=True)
    found: dict[tuple[str, int, int], list[Path]] = {}
    wanted = 3
    for patient in plan_cohort("training", seed=1404):
        for eye_plan, scans in patient.eyes:
            eye = make_eye(eye_plan)
            for number, plan in enumerate(scans):
                shape = _size(plan.geometry, plan.rows, plan.columns)
                if len(found.get(shape, [])) >= each:
                    continue
                path = folder / f"{eye_plan.patient}-{eye_plan.eye}-{number}.png"
                if not path.exists():
                    part = path.with_suffix(".part")
                    part.write_bytes(encode_png(render(eye, plan).picture))
                    part.replace(path)
                found.setdefault(shape, []).append(path)
        if sum(len(paths) for paths in found.values()) >= wanted * each:
            break
    return [path for paths in found.values() for path in paths]


def _size(geometry: str, rows: int, columns: int) -> tuple[str, int, int]:
    return ("raw" if geometry == "raw" else "picture"), rows, columns


def code_digest() -> str:
    """A digest of the runtime's code: answers of another code are not used again."""
    digest = hashlib.sha256()
    for path in sorted((ROOT / "edge_runtime").rglob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def answers(
    python: Sequence[str], environment: dict[str, str], model: Path, scans: Sequence[Path], folder: Path
) -> list[Answer]:
    """What a Python answers to scans; answers in the folder are used again."""
    words = ["-m", "benchmarks.parity.answers", "--model", str(model), "--out", str(folder), *map(str, scans)]
    subprocess.run([*python, *words], check=True, cwd=ROOT, env=environment)
    return [read(path_of(folder, scan)) for scan in scans]


def differing_labels(here: Answer, there: Answer) -> int:
    """Labels that differ; all of them when another window was labelled."""
    if here.labels.shape != there.labels.shape:
        return max(here.labels.size, there.labels.size)
    return int(np.count_nonzero(here.labels != there.labels))


def same_words(here: Answer, there: Answer) -> bool:
    """Whether decision, borderline and reasons are the same."""
    one, other = (
        (found.document["eye"]["decision"], found.document["eye"]["borderline"], found.document["scans"][0]["reasons"])
        for found in (here, there)
    )
    return bool(one == other)


def compare(board: Board, models: Sequence[Path], scans: Sequence[Path], folder: Path) -> dict[str, Any]:
    """Compare every answer of every model with the board's."""
    selftest = [*board.command, "-m", "edge_runtime", "selftest"]
    done = subprocess.run(selftest, check=False, cwd=ROOT, env=board.environment, stdout=subprocess.DEVNULL)
    vectors = [*board.command, "-m", "benchmarks.parity.vectors"]
    graphs = subprocess.run(vectors, check=False, cwd=ROOT, env=board.environment, stdout=subprocess.DEVNULL)
    found: dict[str, Any] = {
        "scans": len(scans), "selftest": done.returncode, "vectors": graphs.returncode, "models": [],
    }  # fmt: skip
    for model in models:
        network = CataractAnalyzer(model).network
        kept = folder / f"answers-{code_digest()}-{network.sha256[:12]}"
        here = answers([sys.executable], dict(os.environ), model, scans, kept / "here")
        there = answers(board.command, board.environment, model, scans, kept / board.site.name)
        pairs = list(zip(here, there, strict=True))
        found["models"].append(
            {
                "precision": network.metadata.precision,
                "sha256": network.sha256,
                "equal_documents": sum(one.document == other.document for one, other in pairs),
                "other_answers": sum(not same_words(*pair) for pair in pairs),
                "differing_labels": sum(differing_labels(*pair) for pair in pairs),
                "lens_px": sum(scan["lens_px"] for one in here for scan in one.document["scans"]),
            }
        )
    return found


def holds(found: dict[str, Any]) -> bool:
    """Whether no answer differs, self-test and golden vectors pass, and no more labels differ than may."""
    return bool(found["selftest"] == found["vectors"] == 0) and all(
        one["other_answers"] == 0 and one["differing_labels"] <= SHARES[one["precision"]] * one["lens_px"]
        for one in found["models"]
    )


def main() -> int:
    """Compare, print, save; 1 when the promise is not kept."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scans", type=int, default=20, help="of every profile and size")
    parser.add_argument("--model", type=Path, nargs="+", default=BUNDLED, metavar="MODEL.onnx", help="default: bundled")
    parser.add_argument("--folder", type=Path, default=ROOT / "build" / "aarch64")
    parser.add_argument("--out", type=Path, default=RESULTS)
    arguments = parser.parse_args()
    scans = [*SAMPLES, *phantom_scans(arguments.folder / "scans", arguments.scans)]
    models = [model.resolve() for model in arguments.model]
    versions = (OLDEST_ONNXRUNTIME, metadata.version("onnxruntime"))
    content = {
        version: compare(make_board(arguments.folder, version), models, scans, arguments.folder) for version in versions
    }
    save(arguments.out, {**place(), "board": "emulated Cortex-A72", "onnxruntime": content})
    print(json.dumps(content, indent=1))
    return 0 if all(holds(found) for found in content.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
