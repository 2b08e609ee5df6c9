"""One wheel, frozen program and Debian package for all tests of this folder: each takes a minute or more to make."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from edge_runtime import __version__
from edge_runtime.golden import GOLDEN
from export.shipping.freeze import Environment, freeze
from export.shipping.package import Release, build_package
from export.shipping.program import Program
from export.shipping.sbom import parts_list
from export.shipping.steps import ShippingError
from export.shipping.trial import Machine, booted, bootstrap
from export.shipping.wheel import build_wheel
from tests.conftest import ROOT, not_proved

EPOCH = 1_700_000_000


def released_fraction(source: str) -> float:
    """The Cataract Fraction that the release computed for a bundled sample with the model that answers by default."""
    (golden,) = (scan for scan in json.loads(GOLDEN.read_text())["scans"] if scan["source"] == source)
    fraction: float = golden["int8"]["cataract_px"] / golden["int8"]["lens_px"]
    return fraction


@dataclass(frozen=True)
class Installed:
    """A booted Debian with the package, and what was there before."""

    machine: Machine
    before: dict[str, bytes]


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from a copy, so that no build folder is left in the checkout; pip fetches the build backend."""
    source, target = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    for name in ("edge_runtime", "train", "export", "benchmarks", "tests"):
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    built = subprocess.run(
        [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", target, source],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert built.returncode == 0, built.stderr
    (path,) = target.glob("*.whl")
    return path


@pytest.fixture(scope="session")
def frozen(tmp_path_factory: pytest.TempPathFactory) -> Program:
    """Made in an environment that has nothing of this checkout, from a copy, so that no build folder is left here."""
    source, work = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("frozen")
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    shutil.copytree(ROOT / "edge_runtime", source / "edge_runtime", ignore=shutil.ignore_patterns("__pycache__"))
    environment = Environment.made(work / "environment")
    wheel = build_wheel(environment, source, work / "wheel", EPOCH)
    return freeze(environment, wheel, work)


@pytest.fixture(scope="session")
def parts(frozen: Program) -> str:
    return parts_list(frozen, __version__)


@pytest.fixture(scope="session")
def package(frozen: Program, parts: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    work = tmp_path_factory.mktemp("package")
    return build_package(frozen, parts, Release(__version__, EPOCH, compression=1), work)


@pytest.fixture(scope="module")
def installed(package: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installed]:
    """The package in a Debian of its own, which runs in a container without a network."""
    for name in ("debootstrap", "systemd-nspawn", "curl"):
        if shutil.which(name) is None or os.geteuid() != 0:
            not_proved(f"{name} is missing, or this is not root: the package is not tried here (see .ci/run)")
    root = bootstrap(tmp_path_factory.mktemp("debian") / "root")
    try:
        with booted(root) as machine:
            before = machine.traces()
            machine.install(package)
            yield Installed(machine, before)
    except ShippingError as error:
        if error.code != "no-boot":
            raise
        not_proved(str(error))
    finally:
        shutil.rmtree(root, ignore_errors=True)
