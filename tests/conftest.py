"""Fixtures that several rooms share: a tiny model whose answers are known by heart, and the real command line."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NoReturn

import pytest

from edge_runtime import CataractAnalyzer
from edge_runtime.errors import MissingExtraError
from edge_runtime.report.page.pdf import find_chromium

from .make_tiny_model import TinyModel, tiny_model_bytes

ROOT = Path(__file__).parent.parent
RunProgram = Callable[..., subprocess.CompletedProcess[bytes]]

# In the background, or under nohup, these are ignored, and every program that a test starts would inherit that.
for ignored, heard in ((signal.SIGINT, signal.default_int_handler), (signal.SIGHUP, lambda *_: None)):
    if signal.getsignal(ignored) is signal.SIG_IGN:
        signal.signal(ignored, heard)


@pytest.fixture(autouse=True)
def _untouched_process(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No setting of the developer's shell, and no signal handler of an earlier test, decides a test."""
    for name in ("EDGE_CATARACT_MODEL", "EDGE_CATARACT_THREADS", "EDGE_CATARACT_LOG", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
    before = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, before)


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sealed model file: background below grey 40.5, clear lens up to 120.5, cataract above; grid 4."""
    path = tmp_path_factory.mktemp("model") / "tiny.onnx"
    path.write_bytes(tiny_model_bytes(TinyModel()))
    return path


@pytest.fixture(scope="session")
def analyzer(tiny_model: Path) -> CataractAnalyzer:
    return CataractAnalyzer(tiny_model)


@pytest.fixture(scope="session")
def bundled_analyzer() -> CataractAnalyzer:
    """The analyzer that a user gets; a checkout without its model is a failure in CI."""
    if not (ROOT / "edge_runtime/models/register.json").exists() and not os.environ.get("CI"):
        pytest.skip("this checkout has no bundled model yet")
    return CataractAnalyzer()


@pytest.fixture
def run_program(tiny_model: Path) -> RunProgram:
    """Run ``edge-cataract`` as a user does, in a process of its own, with the tiny model as the environment's."""

    def run(*arguments: str | bytes | Path, env: dict[str, str] | None = None, **options: Any) -> Any:
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "EDGE_CATARACT_MODEL": str(tiny_model), **(env or {})}
        options = {"capture_output": True, "timeout": 60} | options
        command = [sys.executable, "-m", "edge_runtime", *arguments]
        return subprocess.run(command, env=environment, check=False, **options)

    return run


def not_proved(message: str) -> NoReturn:
    """What a test needs is not on this machine: CI fails, and a developer's run goes on without."""
    if os.environ.get("CI"):
        pytest.fail(message)
    pytest.skip(message)


@pytest.fixture(scope="session")
def own_mounts() -> None:
    """A process may have file systems of its own; where it may not, CI fails and a developer's run goes on without."""
    if subprocess.run(["unshare", "-m", "true"], capture_output=True, check=False).returncode:
        not_proved("mounting a file system needs the rights of root: no real disk of a size is tried here")


@pytest.fixture(scope="session")
def strace() -> str:
    """The program; where it is missing or not allowed, CI fails and a developer's run goes on without."""
    path = shutil.which("strace")
    works = (
        path
        and subprocess.run([path, "-f", "-o", "/dev/null", "true"], capture_output=True, check=False).returncode == 0
    )
    if not path or not works:
        not_proved("strace is missing or may not trace: what is written and sent is not proved here (install strace)")
    return path


@pytest.fixture(scope="session")
def program() -> Callable[[str], str]:
    """A program of Debian by its name; where it is missing, CI fails and a developer's run goes on without."""

    def found(name: str) -> str:
        path = shutil.which(name)
        if path is None:
            not_proved(f"{name} is missing: what other programs think of an output is not proved here (see .ci/run)")
        return path

    return found


@pytest.fixture(scope="session")
def chromium() -> str:
    """A browser; where none is installed, CI fails and a developer's run goes on without."""
    try:
        return find_chromium()
    except MissingExtraError:
        not_proved("Chromium is missing: pages are not looked at and not printed here (install chromium)")
