"""What a program without types may give the Python interface: plain numbers come out, or a UsageError says why not."""

from __future__ import annotations

import json
import socket
import subprocess
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edge_runtime import CataractAnalyzer, Limits
from edge_runtime.errors import ModelIncompatibleError, UsageError
from edge_runtime.frame.profiles import PixelPitch
from edge_runtime.golden import SAMPLES
from edge_runtime.model.store import BUNDLE
from edge_runtime.reading.files import read_content
from edge_runtime.reading.raster import read_scan

SAMPLE = SAMPLES / "simulated-clear.png"
MODEL = next(Path(BUNDLE).glob("*int8.onnx"))
PIXELS = read_scan(str(SAMPLE)).pixels


@pytest.fixture(scope="module")
def analyzer() -> CataractAnalyzer:
    return CataractAnalyzer()


@pytest.mark.parametrize(
    "wishes",
    [{"limits": Limits(threads=np.int64(1))}, {"profile": PixelPitch(np.float32(9.6), np.float32(9.63))}],  # type: ignore[arg-type]
)
def test_numbers_of_numpy_are_written_as_numbers(wishes: dict[str, Any]) -> None:
    document = json.loads(CataractAnalyzer(**wishes).analyze(SAMPLE).to_json())
    assert document["scans"][0]["cataract_fraction"] is not None


@pytest.mark.parametrize("number", ["2", 1.5, True, np.bool_(True), 0, -1, [1], np.array([1, 2])])
def test_threads_are_a_whole_number(number: Any) -> None:
    with pytest.raises(UsageError):
        Limits(threads=number)


@pytest.mark.parametrize("pitch", ["7", None, True, float("nan"), [7]])
def test_a_pitch_is_a_number(pitch: Any) -> None:
    with pytest.raises(UsageError):
        PixelPitch(pitch, 7.0)


@pytest.mark.parametrize(
    "wishes",
    [{"scans_expected": number} for number in (0, -3, True, 1.5, float("nan"), "6")] + [{"laterality": "left"}],
)
def test_scans_are_judged_together_with_arguments_that_can_be_meant(
    analyzer: CataractAnalyzer, wishes: dict[str, Any]
) -> None:
    result = analyzer.analyze(SAMPLE)
    with pytest.raises(UsageError):
        analyzer.as_eye([result], **wishes)
    assert json.loads(analyzer.as_eye([result], laterality="OD").to_json())["eye"]["laterality"] == "OD"


@pytest.mark.parametrize("scans", [[], [None], None, 5, ["scan.png"]])
def test_only_results_are_judged_together(analyzer: CataractAnalyzer, scans: Any) -> None:
    with pytest.raises(UsageError):
        analyzer.as_eye(scans)


@pytest.mark.parametrize(
    "ask",
    [
        lambda analyzer: analyzer.analyze_exam(None),
        lambda analyzer: analyzer.analyze_exam(5),
        lambda analyzer: analyzer.analyze_exam(frames=5),
        lambda analyzer: analyzer.analyze_exam([SAMPLE], corrected=5),
        lambda analyzer: analyzer.analyze_exam([SAMPLE], graded=5),
        lambda analyzer: analyzer.analyze_pixels(PIXELS, bits=np.array([8, 8])),
        lambda analyzer: CataractAnalyzer(5),
    ],
)
def test_what_is_of_another_kind_is_refused(analyzer: CataractAnalyzer, ask: Callable[[Any], object]) -> None:
    with pytest.raises(UsageError):
        ask(analyzer)


def test_frames_may_come_from_a_generator(analyzer: CataractAnalyzer) -> None:
    shown = (np.roll(PIXELS, shift, axis=1) for shift in (0, 3))
    assert len(analyzer.analyze_exam(frames=shown).scans) == 2  # type: ignore[arg-type]


def test_a_pipe_and_a_socket_are_read_to_their_end() -> None:
    expected = SAMPLE.read_bytes()
    with subprocess.Popen(["cat", SAMPLE], stdout=subprocess.PIPE, bufsize=0) as program:
        assert program.stdout is not None
        assert read_content(program.stdout) == expected  # type: ignore[arg-type]
    here, there = socket.socketpair()
    with subprocess.Popen(["cat", SAMPLE], stdout=there):
        there.close()
        with here, here.makefile("rb", buffering=0) as file:
            assert read_content(file) == expected  # type: ignore[arg-type]


def test_a_model_may_be_bytes_or_an_open_file(analyzer: CataractAnalyzer) -> None:
    content = MODEL.read_bytes()
    for model in (content, BytesIO(content)):
        assert CataractAnalyzer(model).network.sha256 == analyzer.network.sha256
    with pytest.raises(ModelIncompatibleError):
        CataractAnalyzer(b"")
    with pytest.raises(UsageError):
        CataractAnalyzer(BytesIO(content), precision="int4")
