"""A folder of exams for benchmarks of batches: a few simulated scans under many names, some of them spoilt."""

from __future__ import annotations

import io
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from edge_runtime.scan import Laterality
from train.phantom.eye.plan import EyePlan
from train.phantom.imaging.plan import ScanPlan
from train.phantom.render import simulate

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

SCANS_PER_EYE, DEGREES = 6, 30
SCANS_PER_EXAM = 2 * SCANS_PER_EYE
# DICOM where the extra is installed, and this version reads it.
DICOM = find_spec("pydicom") is not None and find_spec("edge_runtime.reading.dicom") is not None
ENDINGS = (".png", ".tif", *((".dcm",) if DICOM else ()))
SPACING_MM = (14.0 / 1824, 16.5 / 2150)
NOTE = "distinct simulated scans: one clear and one cataract eye, under many names; a file is copied, not linked"


@dataclass(frozen=True, slots=True)
class MadeScans:
    """What was written.

    Attributes
    ----------
    files, bad
        How many, and how many of them are spoilt.
    """

    files: int
    bad: int


def make_scans(folder: Path, exams: int, bad_share: float, seed: int) -> MadeScans:
    """Write exams of two eyes with six scans each; a share of the files is spoilt: cut, empty, text or in colour.

    Parameters
    ----------
    folder
        Where; each exam is a prefix of names, ``E0001_OD_030deg.png``.
    exams
        How many.
    bad_share
        Share of spoilt files.
    seed
        Of the draw which files are spoilt.
    """
    folder.mkdir(parents=True, exist_ok=True)
    contents = {eye: contents_of(eye) for eye in Laterality}
    rng = np.random.default_rng(seed)
    count = exams * SCANS_PER_EXAM
    bad = set(rng.choice(count, round(bad_share * count), replace=False).tolist())
    number = 0
    for exam in range(1, exams + 1):
        for eye in Laterality:
            for place in range(SCANS_PER_EYE):
                ending = ENDINGS[(exam + place) % len(ENDINGS)]
                content = contents[eye][place, ending]
                if number in bad:
                    content = _spoilt(content, number)
                (folder / f"E{exam:04d}_{eye}_{DEGREES * place:03d}deg{ending}").write_bytes(content)
                number += 1
    return MadeScans(number, len(bad))


def contents_of(eye: Laterality) -> dict[tuple[int, str], bytes]:
    """The files of one eye by meridian and ending."""
    plan = EyePlan("batch", "p1", eye.value, 66.0, eye is Laterality.OD, dilated=True)
    pictures = [simulate(plan, ScanPlan(1, float(DEGREES * place))).picture for place in range(SCANS_PER_EYE)]
    return {
        (place, ending): dicom_of(picture, eye) if ending == ".dcm" else _encoded(ending, picture)
        for place, picture in enumerate(pictures)
        for ending in ENDINGS
    }


def _encoded(ending: str, picture: NDArray[np.uint8] | NDArray[np.uint16]) -> bytes:
    done, data = cv2.imencode(ending, picture)
    if not done:
        raise RuntimeError(f"{ending} could not be encoded")
    return data.tobytes()


def dicom_of(picture: NDArray[np.uint8] | NDArray[np.uint16], eye: Laterality) -> bytes:
    """Make a picture a Secondary Capture file of nobody."""
    dataset, uid = import_module("pydicom.dataset"), import_module("pydicom.uid")
    bits = picture.dtype.itemsize * 8
    ds: Any = dataset.Dataset()
    ds.file_meta = dataset.FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = uid.ExplicitVRLittleEndian
    ds.SOPClassUID = ds.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.7"
    ds.SOPInstanceUID = ds.file_meta.MediaStorageSOPInstanceUID = uid.generate_uid(
        entropy_srcs=[picture.tobytes().hex()]
    )
    ds.Modality, ds.ImageLaterality, ds.BurnedInAnnotation = "OPT", "R" if eye is Laterality.OD else "L", "NO"
    ds.PixelSpacing = list(SPACING_MM)
    ds.Rows, ds.Columns = picture.shape
    ds.SamplesPerPixel, ds.PhotometricInterpretation, ds.PixelRepresentation = 1, "MONOCHROME2", 0
    ds.BitsAllocated = ds.BitsStored = bits
    ds.HighBit = bits - 1
    ds.PixelData = picture.tobytes()
    file = io.BytesIO()
    ds.save_as(file, enforce_file_format=True)
    return file.getvalue()


def _spoilt(content: bytes, number: int) -> bytes:
    kinds = (
        content[: len(content) // 2],
        b"",
        b"no picture at all\n" * 100,
        _encoded(".png", np.dstack([np.full((300, 400), grey, np.uint8) for grey in (10, 90, 200)])),
        content[:-9],
    )
    return kinds[number % len(kinds)]
