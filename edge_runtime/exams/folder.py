"""The files with scans in a folder, by their names; what is none is left out and reported."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from edge_runtime.errors import ScanMissingError
from edge_runtime.reading.files import begins_as_dicom
from edge_runtime.reading.picture_mark import picture_mark

from .names import eye_in, natural_key
from .planned import PlannedScan

if TYPE_CHECKING:
    from collections.abc import Callable

SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp", ".dcm", ".dicom"})
DIRECTORY = "DICOMDIR"  # the index of a DICOM medium, whose folders and files have names without a meaning
_OWN_RESULTS = (".sr.dcm", ".pdf.dcm", ".seg.dcm")  # of --dicom-out
_SYSTEM = frozenset({"thumbs.db", "ehthumbs.db", "desktop.ini", "dicomdir", "__macosx"})


@dataclass(slots=True)
class Found:
    """What a folder holds.

    Attributes
    ----------
    scans
        Its files with scans, sorted by folder and name as people count.
    left_out
        Names of files and folders beside them that were not taken.
    """

    scans: list[PlannedScan] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)


def find_scans(folder: str, *, deep: bool, is_own: Callable[[str], bool], without: str | None = None) -> Found:
    """Find the scans of a folder.

    Parameters
    ----------
    folder
        Where.
    deep
        Whether every folder in it is looked into. Otherwise those whose names say an eye, the only one in a folder
        without scans, and all below a DICOMDIR.
    is_own
        Whether a file is a picture that this program wrote.
    without
        A folder that is not looked into, as that of the outputs; None: no such.

    Raises
    ------
    ScanMissingError
        When a folder cannot be read.
    """
    top = os.path.basename(os.path.abspath(folder))
    walk = _Walk(is_own, None if without is None else os.path.realpath(without))
    walk.enter(folder, () if deep else (top,), deep=deep)  # what holds many exams is named after none of their eyes
    walk.found.scans.sort(key=lambda scan: natural_key(os.path.relpath(scan.path, folder)))
    walk.found.left_out.sort(key=natural_key)
    return walk.found


@dataclass(slots=True)
class _Walk:
    is_own: Callable[[str], bool]
    without: str | None
    found: Found = field(default_factory=Found)

    def enter(self, folder: str, names: tuple[str, ...], *, deep: bool) -> None:
        """Take the scans of a folder, and of those folders in it that belong to it."""
        inner: list[os.DirEntry[str]] = []
        has_scans = False
        entries = _entries(folder)
        for entry in entries:
            if is_system(entry.name):
                self.found.left_out.append(entry.name)
            elif _is_folder(entry):
                inner.append(entry)
            elif _may_be_scan(entry) and not self.is_own(entry.path):
                self.found.scans.append(PlannedScan(entry.path, names))
                has_scans = True
            else:
                self.found.left_out.append(entry.name)
        deep = deep or any(entry.name.upper() == DIRECTORY for entry in entries)
        for entry in inner:
            if self.without is not None and os.path.realpath(entry.path) == self.without:
                continue
            if deep or eye_in(entry.name) is not None or (len(inner) == 1 and not has_scans):
                self.enter(entry.path, (*names, entry.name), deep=deep)
            else:
                self.found.left_out.append(entry.name + os.sep)


def _entries(folder: str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return sorted(entries, key=lambda entry: natural_key(entry.name))
    except OSError as error:
        found = f"The folder {os.path.basename(os.path.abspath(folder))} cannot be read."
        raise ScanMissingError("unreadable-file", found, "Check the path and its permissions.") from error


def is_own(path: str) -> bool:
    """Whether a file is a picture or a DICOM result that this program wrote."""
    return path.endswith(_OWN_RESULTS) or picture_mark(path) is not None


def is_system(name: str) -> bool:
    """Whether a name is that of a hidden file, or of one that systems leave in folders."""
    return name.startswith((".", "~$")) or name.casefold() in _SYSTEM


def _is_folder(entry: os.DirEntry[str]) -> bool:
    """Whether it is a folder of its own: a link to one may lead in a circle."""
    try:
        return entry.is_dir(follow_symlinks=False)
    except OSError:
        return False


def suffix_may_be_scan(name: str) -> bool | None:
    """Whether a file of this name is taken for a scan; None where only its content says so, as of DICOM."""
    suffix = os.path.splitext(name)[1].casefold()
    if suffix in SUFFIXES:
        return True
    return False if suffix and not suffix[1:].isdigit() else None


def _may_be_scan(entry: os.DirEntry[str]) -> bool:
    """By its ending; a file of DICOM need have none, or one that is a part of a number, and is known by its mark."""
    named = suffix_may_be_scan(entry.name)
    if named is not None:
        return named and not (entry.is_symlink() and os.path.isdir(entry.path))
    return begins_as_dicom(entry.path)
