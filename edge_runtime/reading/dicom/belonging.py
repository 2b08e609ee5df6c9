"""To which patient and study a DICOM file belongs. Who that is, is read for a moment, and neither kept nor told."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from edge_runtime.belonging import Belonging

from .file import read_header
from .library import guarded, value_of

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

    from edge_runtime.reading.files import ScanFile

_READ = (
    "SpecificCharacterSet", "IssuerOfPatientID", "PatientID", "PatientName", "PatientBirthDate", "StudyInstanceUID",
)  # fmt: skip


def read_belonging(file: ScanFile, room_bytes: int | None = None) -> Belonging:
    """What a DICOM file belongs to.

    Parameters
    ----------
    file
        Its path, or its bytes.
    room_bytes
        Memory that may be used; None: any.

    Raises
    ------
    EdgeCataractError
        As `read_header` does.
    """
    return guarded(lambda: belonging_of(read_header(file, _READ, room_bytes)))


def belonging_of(dataset: Dataset) -> Belonging:
    """What a DICOM object belongs to: its identifier tells a patient, else its name and date of birth; else nothing.

    An identifier means something together with who issued it.
    """
    issuer, identifier, name, born, study = (_text(dataset, keyword) for keyword in _READ[1:])
    name = name.strip("^= ")  # marks between the parts of a name, of which there may be none
    told = ("identifier", issuer, identifier) if identifier else ("name", name, born) if name else None
    return Belonging(None if told is None else _digest(*told), _digest(study))


def _text(dataset: Dataset, keyword: str) -> str:
    value = value_of(dataset, keyword)
    return "" if value is None else str(value).strip("\0 ")


def _digest(*parts: str) -> str:
    return hashlib.sha256(repr(parts).encode("ascii", "backslashreplace")).hexdigest()
