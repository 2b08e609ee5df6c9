"""Many scans to exams, by folders and names."""

from __future__ import annotations

import os
import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .names import LETTER, SEPARATOR, eye_in, eye_words
from .planned import PlannedExam

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from edge_runtime.scan import Laterality

    from .planned import PlannedScan

_NUMBER_THAT_TOUCHES = re.compile(r"\d+$")
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
        below_eye = len(others) < len(folders) or _says_eye_alone(os.path.basename(os.path.abspath(root)))
        return cls("/".join(others), below_eye, os.path.splitext(name)[0])

    @property
    def beginning(self) -> str:
        """What of the name may tell exams apart: what stands before the eye's word, without numbers that count scans.

        Where nothing follows that word, and in a folder of one eye where no word stands, such numbers end the name.
        """
        if words := eye_words(self.stem):
            return words[0].before if words[0].after else _NUMBERS_AT_END.sub("", words[0].before)
        return _NUMBERS_AT_END.sub("", self.stem) if self.below_eye else ""

    @property
    def says_eye(self) -> bool:
        """Whether the name itself has a word for an eye."""
        return bool(eye_words(self.stem))


def labels_by_name(paths: Sequence[str], root: str) -> list[str]:
    """The label of the exam of every file below a folder.

    That is the folder in which a file lies, without those that say an eye. Directly in `root` it is what stands in
    the name before the eye's word, the name of `root` where that is nothing, and all of a name without such a word.
    Where names in another folder begin differently before the eye's word, the beginning is added; without such words,
    in folders of one eye, where a beginning comes more than once in one of them: all others may be numbers of scans.
    """
    places = [_Place.of(path, root) for path in paths]
    several = _with_several_exams(places, [os.path.dirname(path) for path in paths])
    top = os.path.basename(os.path.abspath(root))
    return [_label(place, top, place.beginning if place.folder in several else "") for place in places]


def _with_several_exams(places: Sequence[_Place], directories: Sequence[str]) -> set[str]:
    """The folders, of those that say no eye, whose names tell several exams apart."""
    by_word: dict[str, set[str]] = {}
    by_number: dict[str, Counter[tuple[str, str]]] = {}
    for place, directory in zip(places, directories, strict=True):
        if place.says_eye and place.beginning:
            by_word.setdefault(place.folder, set()).add(place.beginning)
        elif place.beginning:
            by_number.setdefault(place.folder, Counter())[directory, place.beginning] += 1
    several = {folder for folder, beginnings in by_word.items() if len(beginnings) > 1}
    for folder, counts in by_number.items():
        if max(counts.values()) > 1 and len({beginning for _, beginning in counts}) > 1:
            several.add(folder)
    return several


def exams_by_eye(paths: Sequence[str], eyes: Sequence[Laterality | None], root: str) -> dict[Laterality, Counter[str]]:
    """How many scans each exam of an eye has, by the labels of `labels_by_name`; scans of no known eye do not count.

    Parameters
    ----------
    paths
        Files below the folder.
    eyes
        The eye that the name of each says, or its folder; None: none.
    root
        The folder.
    """
    exams: dict[Laterality, Counter[str]] = {}
    for eye, label in zip(eyes, labels_by_name(paths, root), strict=True):
        if eye is not None:
            exams.setdefault(eye, Counter())[label] += 1
    return exams


def label_alone(path: str, root: str) -> str:
    """The label of a file whatever else lies in its folder, so that it stays the same when others come.

    As `labels_by_name`, but the beginning of a name is always added to the folder; in folders of one eye, without the
    number at its end, even where it touches a letter (``IMG0001``).
    """
    place = _Place.of(path, root)
    beginning = place.beginning
    if not place.says_eye and beginning == place.stem:
        beginning = _NUMBER_THAT_TOUCHES.sub("", beginning)
    return _label(place, os.path.basename(os.path.abspath(root)), beginning)


def _says_eye_alone(name: str) -> bool:
    """Whether a folder's name is nothing but an eye's word: ``OD``, ``R``, ``01-left``."""
    words = eye_words(name)
    return eye_in(name) is not None and all(re.search(LETTER, w.before + w.after) is None for w in words)


def _label(place: _Place, top: str, beginning: str) -> str:
    if place.folder:
        return f"{place.folder}/{beginning}" if beginning else place.folder
    words = eye_words(place.stem)
    if words:
        return words[0].before or top
    # In a folder of one eye, numbers at the end of names count its scans; elsewhere they may tell exams apart.
    return (_NUMBERS_AT_END.sub("", place.stem) or top) if place.below_eye else place.stem
