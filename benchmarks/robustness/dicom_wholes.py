"""Whole DICOM files of every class and transfer syntax, with a canary in every text element."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from edge_runtime.reading.raster import read_scan
from tests.dicom_files import (
    LOSSLESS,
    LOSSY,
    dcmtk_is_there,
    file_bytes,
    photograph,
    put_canaries,
    secondary_capture,
    tomography,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pydicom.dataset import Dataset

SAMPLES = Path(__file__).parents[2] / "edge_runtime" / "samples"
SHAPE = (183, 215)  # a tenth of a frame, with pixels as small as those of a whole one: analysing it takes no time
PITCH_UM = (7.675, 7.675)
_BY_DCMTK = {"jpeg-lossless", "jpeg-lossless-sv1", "jpeg-baseline", "jpeg-extended"}


@dataclass(frozen=True, slots=True)
class Whole:
    """A file before it is damaged.

    Attributes
    ----------
    dataset
        What it was made of, with canaries in every text.
    data
        Its bytes.
    exam
        Whether it holds several frames.
    """

    dataset: Dataset
    data: bytes
    exam: bool


@cache
def frames() -> tuple[NDArray[Any], ...]:
    """Two small B-scans."""
    return tuple(
        cv2.resize(read_scan(SAMPLES / name).pixels, SHAPE[::-1], interpolation=cv2.INTER_AREA)
        for name in ("simulated-cataract.png", "simulated-clear.png")
    )


@cache
def wholes() -> dict[str, Whole]:
    """Every kind of file, by name: each class, and Ophthalmic Tomography in each transfer syntax."""
    two = list(frames())
    deep = [frame.astype(np.uint16) * 16 for frame in two]
    datasets = {
        "photograph": photograph(two[0], pitch_um=PITCH_UM),
        "secondary capture": secondary_capture(two[:1], pitch_um=PITCH_UM),
        "secondary capture, frames": secondary_capture(two, pitch_um=PITCH_UM),
        "tomography, one frame": tomography(two[:1], pitch_um=PITCH_UM),
    }
    found = {name: _whole(dataset, LOSSLESS["explicit"]) for name, dataset in datasets.items()}
    for name, syntax in {**LOSSLESS, **LOSSY}.items():
        if name in _BY_DCMTK and not dcmtk_is_there():
            continue
        found[name] = _whole(tomography(two, pitch_um=PITCH_UM), syntax)
        if name not in LOSSY:
            twelve = tomography(deep, pitch_um=PITCH_UM)
            twelve.BitsStored, twelve.HighBit = 12, 11
            found[f"{name}, 12 bits"] = _whole(twelve, syntax)
    return found


def _whole(dataset: Dataset, syntax: str) -> Whole:
    put_canaries(dataset)
    return Whole(dataset, file_bytes(dataset, syntax), int(dataset.get("NumberOfFrames") or 1) > 1)
