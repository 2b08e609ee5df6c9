"""Frames of a lens, and the programs of others that write and check DICOM."""

from __future__ import annotations

import os
import shutil
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.edge_runtime.pictures import speckled_frame


def needed_program(name: str, package: str) -> str:
    path = shutil.which(name)
    if path is None:
        message = f"{name} is missing (install {package})"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    return path


@pytest.fixture(scope="session")
def dcmtk() -> str:
    return needed_program("dcmcjpeg", "dcmtk")


@pytest.fixture(scope="session")
def dciodvfy() -> str:
    return needed_program("dciodvfy", "dicom3tools")


@pytest.fixture(scope="session")
def frames() -> list[NDArray[Any]]:
    """Three different (365, 430) uint8 frames with speckle."""
    frame = speckled_frame()
    return [frame, np.ascontiguousarray(frame[:, ::-1]), np.ascontiguousarray(frame[::-1])]
