"""The same numbers on aarch64: an emulated Raspberry Pi 4 against this machine.

``python -m benchmarks.parity.aarch64``.

Debian's arm64 packages and the aarch64 wheels are unpacked into a folder, without installing anything, and qemu runs
the Python in there. It needs the Debian packages qemu-user-static and debootstrap, and a package index.
"""

from __future__ import annotations

import argparse
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

from benchmarks.provenance import place, save
from edge_runtime.report.png import encode_png
from train.phantom.cohorts.catalogue import plan_cohort
from train.phantom.patient import make_eye
from train.phantom.render import render

ROOT = Path(__file__).parents[2]
RESULTS = Path(__file__).parents[1] / "results" / "aarch64.json"
SAMPLES = sorted((ROOT / "edge_runtime" / "samples").glob("*.png"))
PROGRAMS = ("qemu-aarch64-static", "debootstrap", "dpkg-deb")
DEBIAN = "bookworm"  # its Python is the oldest that is supported
PACKAGES = "python3,libstdc++6,libgomp1"
OLDEST_ONNXRUNTIME = "1.24.4"
PLATFORMS = ("manylinux_2_28_aarch64", "manylinux_2_27_aarch64", "manylinux_2_17_aarch64", "manylinux2014_aarch64")
PRECISIONS = ("int8", "fp32")
MAY_DIFFER = ("created", "runtime")  # and timings of scans
FP32_SHARE = 1e-6  # of the pixels counted, that may differ
# The frames that the network reads are equal to the bit. Inside it, onnxruntime's float entry rounds in another way on
# ARM, and a byte behind it may be one step away: some scans have a few labels more or less at the border of an opacity.
INT8_SHARE = 1e-3

_CORE = """processor\t: {number}
BogoMIPS\t: 108.00
Features\t: fp asimd evtstrm crc32 cpuid
CPU implementer\t: 0x41
CPU architecture: 8
CPU variant\t: 0x0
CPU part\t: 0xd08
CPU revision\t: 3

"""
_CACHES = (("1", "Data", "32K"), ("1", "Instruction", "48K"), ("2", "Unified", "1024K"))


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

    def run(self, *words: str | Path) -> subprocess.CompletedProcess[str]:
        """Run the command line on it."""
        python = self.root / "usr" / "bin" / "python3"
        environment = {
            "QEMU_LD_PREFIX": str(self.root),
            "PYTHONPATH": f"{self.site}:{ROOT}",
            "PYTHONDONTWRITEBYTECODE": "1",
            "PATH": os.environ["PATH"],
        }
        command = ["qemu-aarch64-static", "-cpu", "cortex-a72", python.resolve(), "-m", "edge_runtime", *words]
        return subprocess.run(command, capture_output=True, text=True, check=False, env=environment, timeout=1200)


def missing_programs() -> list[str]:
    """Programs that this needs and this machine lacks."""
    return [name for name in PROGRAMS if shutil.which(name) is None]


def make_board(folder: Path, onnxruntime: str) -> Board:
    """Unpack a board with a version of onnxruntime; what is there already is used again."""
    board = Board(folder / "root", folder / f"site-{onnxruntime}")
    if not (board.root / "usr" / "bin" / "python3").exists():
        _unpack_debian(board.root)
        _describe_processor(board.root)
    if not board.site.exists():
        wheels = folder / f"wheels-{onnxruntime}"
        requirements = [f"{name}=={metadata.version(name)}" for name in ("numpy", "opencv-python-headless")]
        platforms = [word for platform in PLATFORMS for word in ("--platform", platform)]
        subprocess.run(
            [sys.executable, "-m", "pip", "download", "--quiet", "--only-binary=:all:", "--no-deps", *platforms,
             "--python-version", "3.11", "--dest", wheels, *requirements, f"onnxruntime=={onnxruntime}"],
            check=True,
        )  # fmt: skip
        part = board.site.with_suffix(".part")
        for wheel in wheels.glob("*.whl"):
            shutil.unpack_archive(wheel, part, "zip")
        part.rename(board.site)
    return board


def _unpack_debian(root: Path) -> None:
    words = ["--foreign", "--arch=arm64", "--variant=minbase", f"--include={PACKAGES}", DEBIAN, str(root)]
    subprocess.run(["debootstrap", *words], check=True, stdout=subprocess.DEVNULL)
    for package in (root / "var" / "cache" / "apt" / "archives").glob("*.deb"):
        subprocess.run(["dpkg-deb", "-x", package, root], check=True)


def _describe_processor(root: Path) -> None:
    """A Raspberry Pi 4 as its system describes it: onnxruntime from 1.28 on stumbles over the host's description."""
    files = {
        "proc/cpuinfo": "".join(_CORE.format(number=number) for number in range(4)) + "Hardware\t: BCM2835\n",
        **{f"sys/devices/system/cpu/{name}": "0-3\n" for name in ("online", "possible", "present")},
    }
    for core in range(4):
        for index, (level, kind, size) in enumerate(_CACHES):
            cache = f"sys/devices/system/cpu/cpu{core}/cache/index{index}"
            shared = "0-3" if kind == "Unified" else str(core)
            facts = {"level": level, "type": kind, "size": size, "shared_cpu_list": shared, "coherency_line_size": "64"}
            files |= {f"{cache}/{name}": value + "\n" for name, value in facts.items()}
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)


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
                path.write_bytes(encode_png(render(eye, plan).picture))
                found.setdefault(shape, []).append(path)
        if sum(len(paths) for paths in found.values()) >= wanted * each:
            break
    return [path for paths in found.values() for path in paths]


def _size(geometry: str, rows: int, columns: int) -> tuple[str, int, int]:
    return ("raw" if geometry == "raw" else "picture"), rows, columns


def documents_here(scans: Sequence[Path], precision: str) -> list[dict[str, Any]]:
    """The documents of scans on this machine."""
    command = [sys.executable, "-m", "edge_runtime", *map(str, scans), "--json", "--precision", precision]
    return _documents(subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT))


def documents_on(board: Board, scans: Sequence[Path], precision: str) -> list[dict[str, Any]]:
    """The documents of scans on a board."""
    return _documents(board.run(*scans, "--json", "--precision", precision))


def _documents(done: subprocess.CompletedProcess[str]) -> list[dict[str, Any]]:
    if done.returncode not in (0, 3, 4):
        raise RuntimeError(f"exit code {done.returncode}: {done.stderr}")
    documents = [json.loads(line) for line in done.stdout.splitlines()]
    for document in documents:
        for name in MAY_DIFFER:
            del document[name]
        for scan in document["scans"]:
            del scan["timings_ms"]
    return documents


def differing_pixels(here: dict[str, Any], there: dict[str, Any]) -> int | None:
    """Lens and cataract pixels by which two documents differ; None when they differ in an answer or a word."""
    pixels = 0
    for one, other in zip(here["scans"], there["scans"], strict=True):
        pixels += abs(one["lens_px"] - other["lens_px"]) + abs(one["cataract_px"] - other["cataract_px"])
    answers = [(doc["eye"]["decision"], doc["eye"]["borderline"], doc["scans"][0]["reasons"]) for doc in (here, there)]
    return pixels if answers[0] == answers[1] else None


def compare(board: Board, scans: Sequence[Path]) -> dict[str, Any]:
    """Compare every document, in both precisions."""
    found: dict[str, Any] = {"scans": len(scans), "selftest": board.run("selftest").returncode}
    for precision in PRECISIONS:
        here, there = documents_here(scans, precision), documents_on(board, scans, precision)
        pairs = list(zip(here, there, strict=True))
        differences = [differing_pixels(*pair) for pair in pairs]
        found[precision] = {
            "equal_documents": sum(one == other for one, other in pairs),
            "other_answers": sum(pixels is None for pixels in differences),
            "differing_px": sum(pixels or 0 for pixels in differences),
            "lens_px": sum(scan["lens_px"] for document in here for scan in document["scans"]),
        }
    return found


def holds(found: dict[str, Any]) -> bool:
    """Whether no answer differs, the self-test passes, and no more pixels differ than may."""
    shares = (("int8", INT8_SHARE), ("fp32", FP32_SHARE))
    return bool(found["selftest"] == 0) and all(
        found[precision]["other_answers"] == 0
        and found[precision]["differing_px"] <= share * found[precision]["lens_px"]
        for precision, share in shares
    )


def main() -> int:
    """Compare, print, save; 1 when the promise is not kept."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scans", type=int, default=20, help="of every profile and size")
    parser.add_argument("--folder", type=Path, default=ROOT / "build" / "aarch64")
    parser.add_argument("--out", type=Path, default=RESULTS)
    arguments = parser.parse_args()
    scans = [*SAMPLES, *phantom_scans(arguments.folder / "scans", arguments.scans)]
    versions = (OLDEST_ONNXRUNTIME, metadata.version("onnxruntime"))
    content = {version: compare(make_board(arguments.folder, version), scans) for version in versions}
    save(arguments.out, {**place(), "board": "emulated Cortex-A72", "onnxruntime": content})
    print(json.dumps(content, indent=1))
    return 0 if all(holds(found) for found in content.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
