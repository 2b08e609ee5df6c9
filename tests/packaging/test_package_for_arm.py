"""The Debian package for ARM is made without running any of it, and proves itself on an emulated board."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from edge_runtime import __version__
from export.shipping.board import EMULATOR, environment_of
from export.shipping.cross import names_of
from export.shipping.package import Release, build_package
from export.shipping.program import PACKAGES, Program
from export.shipping.sbom import parts_list
from export.shipping.steps import run
from export.shipping.trial import SAMPLE, unpack_on_board
from export.shipping.unfrozen import lay_out
from tests.conftest import not_proved

from .conftest import EPOCH, released_fraction
from .parts import files_without_owner

pytestmark = [pytest.mark.slow, pytest.mark.network]


@dataclass(frozen=True)
class ForArm:
    """The program, its parts list and its package."""

    program: Program
    parts: str
    package: Path


@dataclass(frozen=True)
class OnBoard:
    """The command of the unpacked package, the files of the board, and the folder that it is run in."""

    command: list[str]
    root: Path
    scans: Path

    def run(self, *words: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*self.command, *words], env=environment_of(self.root) | environment, check=False, capture_output=True,
            text=True, cwd=self.scans, timeout=600,
        )  # fmt: skip


@pytest.fixture(scope="module")
def for_arm(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> ForArm:
    for name in ("debootstrap", "aarch64-linux-gnu-objdump", EMULATOR[0]):
        if shutil.which(name) is None or os.geteuid() != 0:
            not_proved(f"{name} is missing, or this is not root: no package for ARM is made here (see .ci/run)")
    work = tmp_path_factory.mktemp("arm")
    program = lay_out(wheel, "arm64", work)
    parts = parts_list(program, __version__)
    return ForArm(program, parts, build_package(program, parts, Release(__version__, EPOCH, compression=1), work))


@pytest.fixture(scope="module")
def on_board(for_arm: ForArm, tmp_path_factory: pytest.TempPathFactory) -> OnBoard:
    root = tmp_path_factory.mktemp("board") / "root"
    return OnBoard(unpack_on_board(for_arm.package, root), root, tmp_path_factory.mktemp("scans"))


def test_it_asks_for_the_python_and_the_libraries_that_it_needs(for_arm: ForArm) -> None:
    assert for_arm.package.name == f"edge-cataract_{__version__}_arm64.deb"
    assert run("dpkg-deb", "--field", for_arm.package, "Architecture") == "arm64\n"
    asked = run("dpkg-deb", "--field", for_arm.package, "Depends")
    assert set(names_of(asked)) == {"adduser", "libc6", "libgcc-s1", "libstdc++6", "python3.11", "zlib1g"}
    assert "libc6 (>= 2." in asked
    lines = run("dpkg-deb", "--contents", for_arm.package).splitlines()
    assert {line.split()[1] for line in lines} == {"root/root"}
    assert {line[:10] for line in lines} == {"drwxr-xr-x", "-rwxr-xr-x", "-rw-r--r--", "lrwxrwxrwx"}
    assert [line.split()[-1] for line in lines if line.startswith("-rwx")] == ["./usr/lib/edge-cataract/edge-cataract"]


def test_its_parts_list_names_no_python_and_every_library(for_arm: ForArm) -> None:
    listed = {one["bom-ref"] for one in json.loads(for_arm.parts)["components"]}
    assert {"opencv-python-headless#ffmpeg", "numpy#openblas", "onnxruntime#onnx"} <= listed
    assert not [name for name in listed if name.startswith(("python==", "pyinstaller"))]
    assert files_without_owner(for_arm.program, for_arm.parts) == []


def test_the_same_wheel_gives_the_same_bytes(for_arm: ForArm, wheel: Path, tmp_path: Path) -> None:
    again = lay_out(wheel, "arm64", tmp_path)
    one, other = (
        {path.relative_to(program.folder): path.read_bytes() for path in program.folder.rglob("*") if path.is_file()}
        for program in (for_arm.program, again)
    )
    assert one.keys() == other.keys()
    assert [name for name, content in one.items() if other[name] != content] == []


def test_it_proves_itself_and_measures_as_the_release_did(on_board: OnBoard) -> None:
    proven = on_board.run("selftest")
    assert proven.returncode == 0, proven.stderr
    done = on_board.run(on_board.root / SAMPLE.lstrip("/"), "--json")
    found = json.loads(done.stdout)["scans"][0]["cataract_fraction"]
    assert found == released_fraction(Path(SAMPLE).name)


def test_it_takes_no_module_from_elsewhere(on_board: OnBoard, tmp_path: Path) -> None:
    """Neither from the folder of scans, nor from one that is named by a variable, nor Debian's own packages."""
    for folder in (on_board.scans, tmp_path, on_board.root / "usr" / "lib" / "python3" / "dist-packages"):
        folder.mkdir(parents=True, exist_ok=True)
        for name in ("numpy.py", "argparse.py"):
            (folder / name).write_text("raise SystemExit('code from elsewhere was run')\n")
    done = on_board.run("--version", PYTHONPATH=str(tmp_path))
    assert done.returncode == 0, done.stderr
    assert __version__ in done.stdout
    assert not list((on_board.root / "usr" / "lib" / "edge-cataract").glob("__pycache__"))


def test_it_writes_a_page_in_another_language(on_board: OnBoard, tmp_path: Path) -> None:
    done = on_board.run(on_board.root / SAMPLE.lstrip("/"), "--report", tmp_path / "page.html", "--lang", "ar")
    assert done.returncode == 0, done.stderr
    assert 'dir="rtl"' in (tmp_path / "page.html").read_text(encoding="utf-8")


def test_its_worker_processes_start_in_the_same_way(wheel: Path, tmp_path: Path) -> None:
    """Of this machine's architecture, by this Python: a program of the board could not start another one here."""
    program = lay_out(wheel, "amd64", tmp_path)
    scans = tmp_path / "scans"
    scans.mkdir()
    shutil.copy(program.folder / PACKAGES / "edge_runtime" / "samples" / Path(SAMPLE).name, scans / "eye-OD.png")
    (scans / "numpy.py").write_text("raise SystemExit('code among the scans was run')\n")
    words = ["batch", scans, "-o", tmp_path / "results", "--workers", "2"]
    run(sys.executable, "-BIS", program.executable, *words, cwd=scans)
    summary = json.loads((tmp_path / "results" / "summary.json").read_text(encoding="utf-8"))
    assert summary["exams"] == 1
