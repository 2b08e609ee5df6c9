"""An eye of six radial scans, five of them graded, and the DICOM objects that they come from."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from edge_runtime import CataractAnalyzer, Laterality
from edge_runtime.dicom_out.filing import FiledEye
from edge_runtime.dicom_out.source import frames_of
from edge_runtime.results import EyeResult
from tests.edge_runtime.pictures import lens_frame

from .source_files import multi_frame

SHAPE = (365, 430)  # the usual frame at a fifth of its size
CREATED = "2026-01-31T10:11:12Z"
Frame = NDArray[Any]


def small_lens(cataract_rows: int) -> Frame:
    return lens_frame(168, 308, 145, 285, cataract_rows=cataract_rows, shape=SHAPE)


def small_empty() -> Frame:
    frame = np.full(SHAPE, 10, np.uint8)
    frame[::2] += 2
    return frame


@pytest.fixture(scope="session")
def frames() -> list[Frame]:
    return [*(small_lens(4 * step) for step in range(4, 9)), small_empty()]


@pytest.fixture(scope="session")
def eye(analyzer: CataractAnalyzer, frames: list[Frame]) -> EyeResult:
    scans = [analyzer.analyze_pixels(frame) for frame in frames]
    return analyzer.as_eye(scans, laterality=Laterality.OD, scans_expected=6)


@pytest.fixture(scope="session")
def ungradable(analyzer: CataractAnalyzer, frames: list[Frame]) -> EyeResult:
    return analyzer.as_eye([analyzer.analyze_pixels(frames[-1])], laterality=Laterality.OS, scans_expected=6)


@pytest.fixture
def source(frames: list[Frame]) -> Dataset:
    return multi_frame(frames)


@pytest.fixture
def filed(eye: EyeResult, source: Dataset) -> FiledEye:
    return FiledEye.of(eye, frames_of(source), CREATED)
