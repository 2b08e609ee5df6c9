"""What another engine is given, and what it must find: the bundled models, the exact network input, the counts."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from edge_runtime import CataractAnalyzer
from edge_runtime.golden import SAMPLES
from edge_runtime.measure.lens import LensPixels
from edge_runtime.model.network import Network
from edge_runtime.model.predictor import Prediction
from edge_runtime.model.store import read_model
from export.bundle import BUNDLE

REGISTER = json.loads((BUNDLE / "register.json").read_text(encoding="utf-8"))
WINDOWS = ("simulated-cataract.png", "simulated-clear.png", "noise")
MAX_CF_DRIFT_INT8 = 0.005  # engines may round the steps between int8 layers differently; fp32 counts are equal
Install = Callable[..., Path]


@dataclass(frozen=True)
class Question:
    """One model, one window, and the counts of the runtime.

    Attributes
    ----------
    arguments
        Model file, file of the window's raw bytes, rows, columns.
    precision
        Of the model.
    expected
        Counts of the model's labels in onnxruntime, under the session options of deployment.
    """

    arguments: tuple[str, ...]
    precision: str
    expected: LensPixels

    def check(self, answer: bytes) -> None:
        """Compare with the counts that another engine printed."""
        counts = json.loads(answer)
        found = LensPixels(counts["lens_px"], counts["cataract_px"])
        if self.precision == "fp32":
            assert found == self.expected
        else:
            assert abs(found.cataract_fraction - self.expected.cataract_fraction) <= MAX_CF_DRIFT_INT8


class _Recorder:
    """A network that keeps the last window it was given."""

    def __init__(self, network: Network) -> None:
        self.metadata, self.sha256, self.threads = network.metadata, network.sha256, network.threads
        self.window = np.zeros((0, 0), np.uint8)
        self._network = network

    def predict(self, window: NDArray[np.uint8]) -> Prediction:
        self.window = window
        return self._network.predict(window)


@pytest.fixture(scope="session", params=WINDOWS)
def window(request: pytest.FixtureRequest) -> NDArray[np.uint8]:
    """What the network is given for a sample, cut out and brought to its scale of brightness; or noise."""
    if request.param == "noise":
        return np.random.default_rng(0).integers(0, 256, (367, 501), dtype=np.uint8)
    recorder = _Recorder(Network(read_model(None, "fp32"), 1))
    CataractAnalyzer(recorder).analyze(SAMPLES / request.param)
    return np.ascontiguousarray(recorder.window)


@pytest.fixture(scope="session", params=REGISTER)
def question(
    request: pytest.FixtureRequest, window: NDArray[np.uint8], tmp_path_factory: pytest.TempPathFactory
) -> Question:
    file = tmp_path_factory.mktemp("window") / "window.raw"
    file.write_bytes(window.tobytes())
    model = BUNDLE / REGISTER[request.param]["file"]
    network = Network(read_model(None, request.param), 1)
    expected = LensPixels.counted(network.predict(window).labels)
    return Question((str(model), str(file), *map(str, window.shape)), request.param, expected)


@pytest.fixture(scope="session")
def install(request: pytest.FixtureRequest) -> Install:
    """Put an engine into a folder of its own, once; where that fails, CI fails and a developer's run goes on without.

    The folder stays in pytest's cache, so that a second run needs no network.
    """

    def into_cache(name: str, *command: str, **environment: str) -> Path:
        folder = request.config.cache.mkdir("engines") / name
        if folder.exists():
            return folder
        part = folder.with_name(f"{name}.part")
        words = [word.format(folder=part) for word in command]
        try:
            finished = subprocess.run(
                words, env={**os.environ, **environment}, capture_output=True, text=True, check=False, timeout=300
            )
            problem = finished.stderr if finished.returncode else ""
        except FileNotFoundError as error:
            problem = str(error)
        if problem and os.environ.get("CI"):
            pytest.fail(f"{name} cannot be installed: {problem}")
        if problem:
            pytest.skip(f"{name} cannot be installed, so nothing is proved here: {problem}")
        return part.rename(folder)

    return into_cache


@pytest.fixture(scope="session")
def node_modules(install: Install) -> Path:
    """What drives Chromium and looks at pages in it."""
    npm = (
        "npm",
        "install",
        "--no-audit",
        "--no-fund",
        "--prefix",
        "{folder}",
        "playwright-core@^1.50",
        "axe-core@^4.10",
    )
    return install("browser", *npm, PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD="1") / "node_modules"
