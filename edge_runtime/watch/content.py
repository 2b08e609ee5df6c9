"""What a file holds, as far as it must be known before its exam is judged: its hash, its scans, whether it is whole."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from typing import Any

from edge_runtime.exams.folder import is_own, suffix_may_be_scan
from edge_runtime.machine.faults import known_error
from edge_runtime.reading.files import begins_as_dicom, open_file, read_file
from edge_runtime.reading.headers import read_header
from edge_runtime.reading.sources import sources_of

UNREADABLE = "unreadable"  # stands for the hash of a file that cannot be read
_PART_BYTES = 1 << 20
_TAIL_BYTES = 256
_MOST_BYTES = 1 << 30  # far beyond what is read of any kind of scan
MOMENTARY = frozenset({"missing-file", "unreadable-file", "too-many-open-files"})
_UNFINISHED = ("truncated-", "damaged-", "empty-file", "unsupported-format", "scrambled-pixels", "frame-count")


@dataclass(frozen=True, slots=True)
class Content:
    """What a file holds.

    Attributes
    ----------
    sha256
        Hash of its bytes, or `UNREADABLE`: it cannot be read, or is far too large for a scan.
    scans
        Number of its scans; 0 for what is no scan, such as a picture that this program wrote.
    whole
        Whether all of it is there, as far as its header and its end say. Of what is refused nobody knows: a part of a
        file may look like one of another kind.
    """

    sha256: str
    scans: int
    whole: bool

    @property
    def readable(self) -> bool:
        """Whether its bytes could be read."""
        return self.sha256 != UNREADABLE

    def to_list(self) -> list[Any]:
        """As plain JSON values."""
        return [self.sha256, self.scans, self.whole]


def read_content(path: str, name: str) -> Content:
    """Read a file through; whatever is wrong with it is in what is returned, and nothing is raised.

    Parameters
    ----------
    path
        Where it is.
    name
        Its name without folders.
    """
    named_as_scan = suffix_may_be_scan(name)
    sha256 = UNREADABLE
    try:
        sha256 = _sha256_of(path)
        if is_own(path):
            return Content(sha256, 0, whole=True)
        if begins_as_dicom(path):
            return Content(sha256, len(sources_of(path)), whole=not _ends_in_zeros(path))
        if not named_as_scan:
            return Content(sha256, 0, whole=True)
        read_header(read_file(path))
        return Content(sha256, 1, whole=not _ends_in_zeros(path))
    except Exception as error:  # noqa: BLE001 - one file, whatever is wrong with it, ends no watch
        if _word(error) in MOMENTARY:
            return Content(UNREADABLE, 1 if named_as_scan else 0, whole=False)
        return Content(sha256, 1, whole=False)


def _sha256_of(path: str) -> str:
    """The hash of a file; `UNREADABLE` of one that no scan can be, however long reading it through would take."""
    digest = hashlib.sha256()
    with open_file(path) as file:
        if os.fstat(file.fileno()).st_size > _MOST_BYTES:
            return UNREADABLE
        while part := file.read(_PART_BYTES):
            digest.update(part)
    return digest.hexdigest()


def _ends_in_zeros(path: str) -> bool:
    """Whether a file ends as one of which the size is set, and the end is still to come: so networks copy.

    A scan may end so, too; its exam then waits until its time is out.
    """
    with open_file(path) as file:
        file.seek(max(os.fstat(file.fileno()).st_size - _TAIL_BYTES, 0))
        return not any(file.read(_TAIL_BYTES))


def is_unfinished(word: str) -> bool:
    """Whether a file is refused with this word while it is still being written, or copied block by block."""
    return word.startswith(_UNFINISHED)


def _word(error: Exception) -> str:
    """Why a file is refused, or cannot be read here: then the process that judges finds out, and says so."""
    return "unreadable-file" if isinstance(error, OSError) else known_error(error).word
