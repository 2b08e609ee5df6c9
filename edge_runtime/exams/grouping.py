"""Many scans to exams, by folders and names."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .names import LETTER, SEPARATOR, eye_in, eye_words
from .planned import PlannedExam

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from .planned import PlannedScan

_NUMBERS_AT_END = re.compile(rf"((^|{SEPARATOR}+)\d+(deg|°)?)+$", re.IGNORECASE)


def exams_of(labelled: Iterable[tuple[str, PlannedScan]]) -> tuple[PlannedExam, ...]:
    """Gather scans with the label of their exam; exams come in the order of their first scans."""
    exams: dict[str, list[PlannedScan]] = {}
    for label, scan in labelled:
        exams.setdefault(label, []).append(scan)
    return tuple(PlannedExam(label, tuple(scans)) for label, scans in exams.items())


def exams_by_name(scans: Sequence[PlannedScan], root: str) -> tuple[PlannedExam, ...]:
    """Group the scans of a folder: one exam per folder in it, and per beginning of names before the eye's word.

    Parameters
    ----------
    scans
        Files below the folder.
    root
        The folder.
    """
    return exams_of(zip(labels_by_name([scan.path for scan in scans], root), scans, strict=True))


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a file lies: folders that say no eye, joined by slashes; whether another does; the name without ending."""

    folder: str
    below_eye: bool
    stem: str

    @classmethod
    def of(cls, path: str, root: str) -> _Place:
        *parts, name = os.path.relpath(path, root).split(os.sep)
        folders = [part for part in parts if part not in (os.pardir, os.curdir)]
        others = [folder for folder in folders if not _says_eye_alone(folder)]
        return cls("/".join(others), len(others) < len(folders), os.path.splitext(name)[0])

    @property
    def beginning(self) -> str:
        """What stands before the eye's word, where something stands after it, too; "" otherwise."""
        words = eye_words(self.stem)
        return words[0].before if words and words[0].after else ""


def labels_by_name(paths: Sequence[str], root: str) -> list[str]:
    """The label of the exam of every file below a folder.

    That is the folder in which a file lies, without those that say an eye. Directly in `root` it is what stands in
    the name before the eye's word, the name of `root` where that is nothing, and all of a name without such a word.
    Where names in another folder begin differently before the eye's word, and go on after it, the beginning is added.
    """
    places = [_Place.of(path, root) for path in paths]
    beginnings: dict[str, set[str]] = {}
    for place in places:
        beginnings.setdefault(place.folder, set()).add(place.beginning)
    top = os.path.basename(os.path.abspath(root))
    return [_label(place, top, several=len(beginnings[place.folder] - {""}) > 1) for place in places]


def label_alone(path: str, root: str) -> str:
    """The label of a file whatever else lies in its folder, so that it stays the same when others come.

    As `labels_by_name`, but what stands in the name before the eye's word is always added to the folder.
    """
    return _label(_Place.of(path, root), os.path.basename(os.path.abspath(root)), several=True)


def _says_eye_alone(name: str) -> bool:
    """Whether a folder's name is nothing but an eye's word: ``OD``, ``R``, ``01-left``."""
    words = eye_words(name)
    return eye_in(name) is not None and all(re.search(LETTER, w.before + w.after) is None for w in words)


def _label(place: _Place, top: str, *, several: bool) -> str:
    if place.folder:
        return f"{place.folder}/{place.beginning}" if several and place.beginning else place.folder
    words = eye_words(place.stem)
    if words:
        return words[0].before or top
    # In a folder of one eye, numbers at the end of names count its scans; elsewhere they may tell exams apart.
    return (_NUMBERS_AT_END.sub("", place.stem) or top) if place.below_eye else place.stem
