"""Frames of a lens, and the programs of others that write and check DICOM."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.edge_runtime.pictures import speckled_frame


@pytest.fixture(scope="session")
def dcmtk(program: Callable[[str], str]) -> str:
    return program("dcmcjpeg")


@pytest.fixture(scope="session")
def dciodvfy(program: Callable[[str], str]) -> str:
    return program("dciodvfy")


@pytest.fixture(scope="session")
def frames() -> list[NDArray[Any]]:
    """Three different (365, 430) uint8 frames with speckle."""
    frame = speckled_frame()
    return [frame, np.ascontiguousarray(frame[:, ::-1]), np.ascontiguousarray(frame[::-1])]
