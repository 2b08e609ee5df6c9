"""An image for containers holds what it needs for its architecture and nothing else, and measures as a device does."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from edge_runtime.golden import SAMPLES
from export.shipping import image
from export.shipping.board import EMULATOR, describe_processor, emulated, environment_of
from export.shipping.cross import needed_packages
from export.shipping.steps import ShippingError, run
from tests.conftest import not_proved

from .conftest import released_fraction

SAMPLE = SAMPLES / "simulated-cataract.png"
ELF_MACHINES = {"amd64": 62, "arm64": 183}  # e_machine of ELF
MOST_MB = 560


@dataclass(frozen=True)
class Built:
    """An image in a store of its own, and where it is mounted."""

    buildah: tuple[str, ...]
    name: str
    container: str
    root: Path


def built(arch: str, wheel: Path, work: Path) -> Iterator[Built]:
    for name in ("debootstrap", "buildah", EMULATOR[0]):
        if shutil.which(name) is None or os.geteuid() != 0:
            not_proved(f"{name} is missing, or this is not root: no image is built here (see .ci/run)")
    context = image.make_context(wheel, arch, work / "context")
    store = ("--storage-driver", "vfs", "--root", str(work / "store"), "--runroot", str(work / "run"))
    buildah = ("buildah", *store)
    name = f"edge-cataract:{arch}"
    run(*buildah, "build", "--isolation", "chroot", "--platform", f"linux/{arch}", "--tag", name, context)
    shutil.rmtree(context)
    container = run(*buildah, "from", "--pull-never", "--arch", arch, name).strip()
    root = Path(run(*buildah, "mount", container).strip())
    try:
        yield Built(buildah, name, container, root)
    finally:
        run(*buildah, "rm", "--all")
        shutil.rmtree(work)


@pytest.fixture(scope="module")
def for_arm(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Built]:
    yield from built("arm64", wheel, tmp_path_factory.mktemp("arm64"))


@pytest.fixture(scope="module")
def for_here(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Built]:
    yield from built("amd64", wheel, tmp_path_factory.mktemp("amd64"))


def elf_machines(root: Path) -> set[int]:
    found = set()
    for path in root.rglob("*"):
        if path.is_file() and not path.is_symlink():
            with path.open("rb") as file:
                head = file.read(20)
            if head[:4] == b"\x7fELF":
                found.add(int.from_bytes(head[18:20], "little"))
    return found


def fraction_of(printed: str) -> float:
    fraction: float = json.loads(printed)["scans"][0]["cataract_fraction"]
    return fraction


@pytest.mark.slow
@pytest.mark.network
def test_an_image_for_arm_is_made_here_and_measures_on_an_emulated_board(for_arm: Built) -> None:
    assert elf_machines(for_arm.root) == {ELF_MACHINES["arm64"]}
    assert list((for_arm.root / "usr" / "lib" / "python3.11" / "json" / "__pycache__").glob("decoder.*.pyc"))
    assert (for_arm.root / "usr" / "share" / "doc" / "libc6" / "copyright").is_file()
    assert "libc6 2.36" in (for_arm.root / "usr" / "share" / "doc" / "parts").read_text()
    size = sum(path.lstat().st_size for path in for_arm.root.rglob("*") if path.is_file())
    assert size < MOST_MB * 1e6
    describe_processor(for_arm.root)  # of the board: the engine stumbles over this machine's
    own = {"PYTHONPATH": str(for_arm.root / "opt" / "edge-cataract"), "PYTHONDONTWRITEBYTECODE": "1"}
    environment = environment_of(for_arm.root) | own
    command = [*emulated(for_arm.root / "usr" / "bin" / "python3"), "-m", "edge_runtime"]
    checked = subprocess.run(
        [*command, "selftest"], env=environment, cwd="/", capture_output=True, text=True, check=False
    )
    assert checked.returncode == 0, checked.stderr
    done = subprocess.run(
        [*command, str(SAMPLE), "--json"], env=environment, cwd="/", capture_output=True, text=True, check=False
    )
    assert fraction_of(done.stdout) == released_fraction(SAMPLE.name)


@pytest.mark.slow
@pytest.mark.network
def test_an_image_for_this_machine_runs_as_nobody(for_here: Built) -> None:
    assert elf_machines(for_here.root) == {ELF_MACHINES["amd64"]}
    told = json.loads(run(*for_here.buildah, "inspect", "--type", "image", for_here.name))["OCIv1"]["config"]
    assert told["User"] == "65534:65534"
    assert told["Entrypoint"] == ["/usr/bin/python3", "-m", "edge_runtime"]
    scans = for_here.root / "scans"
    shutil.copy(SAMPLE, scans / "scan.png")
    (scans / "argparse.py").write_text("raise SystemExit('code among the scans was run')\n")

    started = (*for_here.buildah, "run", "--isolation", "chroot", for_here.container, "--")

    def inside(*words: str) -> str:
        return run(*started, *told["Entrypoint"], *words)

    assert "PASS" in inside("selftest")
    assert fraction_of(inside("scan.png", "--json")) == released_fraction(SAMPLE.name)
    look = "import os; print(os.geteuid(), os.access('/opt/edge-cataract', os.W_OK), os.access('/usr', os.W_OK))"
    assert run(*started, "/usr/bin/python3", "-c", look).split() == ["65534", "False", "False"]


def test_a_folder_that_is_there_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "kept").write_text("")
    with pytest.raises(ShippingError, match="is there already"):
        image.make_context(tmp_path / "a.whl", "amd64", tmp_path)
    assert image.main([str(tmp_path / "a.whl"), "--arch", "amd64", "-o", str(tmp_path)]) != 0
    assert [path.name for path in tmp_path.iterdir()] == ["kept"]


def test_packages_are_those_that_are_needed() -> None:
    packages = {
        "python3": {"Depends": "python3.11 (>= 3.11.2), libpython (= 3) | other", "Pre-Depends": "small:any"},
        "python3.11": {"Depends": "awk"},
        "mawk": {"Provides": "awk"},
        "small": {},
        "other": {},
        "dpkg": {},
        "not-needed": {},
    }
    assert needed_packages(packages, ["python3"]) == ["mawk", "other", "python3", "python3.11", "small"]
    with pytest.raises(ShippingError, match="Debian has no absent"):
        needed_packages(packages, ["absent"])
