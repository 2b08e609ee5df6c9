"""The wheel holds the runtime and nothing else, and works in an empty environment."""

from __future__ import annotations

import email
import json
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from edge_runtime import __version__
from tests.conftest import ROOT

pytestmark = pytest.mark.network

BASE = {"numpy", "onnxruntime", "opencv-python-headless"}
EXTRAS = {"train", "dev"}


@pytest.fixture(scope="session")
def names(wheel: Path) -> set[str]:
    return set(zipfile.ZipFile(wheel).namelist())


@pytest.fixture(scope="session")
def metadata(wheel: Path) -> email.message.Message:
    with zipfile.ZipFile(wheel) as archive:
        return email.message_from_bytes(archive.read(f"edge_cataract-{__version__}.dist-info/METADATA"))


def test_wheel_is_for_every_platform(wheel: Path) -> None:
    assert wheel.name == f"edge_cataract-{__version__}-py3-none-any.whl"


def test_wheel_holds_the_runtime_only(names: set[str]) -> None:
    assert {name.split("/")[0] for name in names} == {"edge_runtime", f"edge_cataract-{__version__}.dist-info"}


def test_wheel_holds_every_file_of_the_runtime(names: set[str]) -> None:
    packed = {name for name in names if name.startswith("edge_runtime/")}
    there = {
        str(path.relative_to(ROOT))
        for path in (ROOT / "edge_runtime").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert packed == there
    assert {"edge_runtime/py.typed", "edge_runtime/schema/result-1.json"} <= packed


def test_wheel_holds_the_models_of_the_register_and_the_samples(bundled_analyzer: object, names: set[str]) -> None:
    register = json.loads((ROOT / "edge_runtime/models/register.json").read_text())
    golden = json.loads((ROOT / "edge_runtime/samples/golden.json").read_text())
    assert {f"edge_runtime/models/{entry['file']}" for entry in register.values()} <= names
    assert {f"edge_runtime/samples/{scan['source']}" for scan in golden["scans"]} <= names


def test_base_dependencies_are_the_three_of_the_contract(metadata: email.message.Message) -> None:
    required = metadata.get_all("Requires-Dist") or []
    base = [line for line in required if "extra ==" not in line]
    assert {re.match(r"[A-Za-z0-9-]+", line)[0] for line in base} == BASE  # type: ignore[index]
    assert any(line.replace(" ", "").startswith("onnxruntime>=1.24.4") for line in base)
    assert set(metadata.get_all("Provides-Extra") or []) >= EXTRAS
    assert any(line.replace(" ", "").startswith("torch==2.13.0") for line in required)


def test_metadata_says_licence_and_python(metadata: email.message.Message) -> None:
    assert (metadata["License-Expression"], metadata["Requires-Python"]) == ("Apache-2.0", ">=3.11")


def test_wheel_works_in_an_empty_environment(wheel: Path, tmp_path: Path, tiny_model: Path) -> None:
    from tests.edge_runtime.pictures import encoded, lens_frame

    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "venv"], check=True, timeout=120)
    python = tmp_path / "venv/bin/python"
    installed = subprocess.run(
        [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", wheel],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=540,
    )
    assert installed.returncode == 0, installed.stderr
    listed = json.loads(
        subprocess.run(
            [python, "-m", "pip", "list", "--format", "json"], env=environment, capture_output=True, check=True
        ).stdout
    )
    found = {entry["name"].lower() for entry in listed}
    assert found >= BASE
    assert not found & {"torch", "onnx", "onnxscript", "scipy", "scikit-learn", "matplotlib", "lightning"}

    (tmp_path / "scan.png").write_bytes(encoded(".png", lens_frame()))
    bundled = (ROOT / "edge_runtime/models/register.json").exists()
    command = [tmp_path / "venv/bin/edge-cataract", *([] if bundled else ["--model", tiny_model])]

    def run(*words: str | Path) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(words, cwd=tmp_path, env=environment, capture_output=True, check=False, timeout=60)

    finished = run(command[0], "scan.png", "--json", *command[1:])
    assert finished.returncode in (0, 3), finished.stderr  # the painted lens may be no lens to the bundled model
    assert json.loads(finished.stdout)["tool"]["version"] == __version__
    if bundled:
        finished = run(command[0], "selftest")
        assert (finished.returncode, finished.stderr) == (0, b"")
