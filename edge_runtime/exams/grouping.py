"""Many scans to exams, by folders and names."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from .names import eye_in, eye_words
from .planned import PlannedExam

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from .planned import PlannedScan


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


def labels_by_name(paths: Sequence[str], root: str) -> list[str]:
    """The label of the exam of every file below a folder.

    That is the folder in which a file lies, without those that say an eye. Directly in `root` it is what stands in
    the name before the eye's word, the name of `root` where that is nothing, and all of a name without such a word.
    Where names in another folder begin differently before the eye's word, and go on after it, the beginning is added.
    """
    places = [_place(path, root) for path in paths]
    beginnings: dict[str, set[str]] = {}
    for folder, stem in places:
        beginnings.setdefault(folder, set()).add(_beginning(stem))
    top = os.path.basename(os.path.abspath(root))
    return [_label(folder, stem, beginnings[folder] - {""}, top) for folder, stem in places]


def _place(path: str, root: str) -> tuple[str, str]:
    """The folders below the root that say no eye, joined by slashes, and the name without its ending."""
    parts = os.path.relpath(path, root).split(os.sep)
    folders = [part for part in parts[:-1] if part not in (os.pardir, os.curdir) and not _says_eye_alone(part)]
    return "/".join(folders), os.path.splitext(parts[-1])[0]


def _says_eye_alone(name: str) -> bool:
    """Whether a folder's name is nothing but an eye's word: ``OD``, ``R``, ``01-left``."""
    words = eye_words(name)
    return eye_in(name) is not None and all(re.search(r"[^\W\d_]", w.before + w.after) is None for w in words)


def _beginning(stem: str) -> str:
    """What stands before the eye's word, where something stands after it, too; "" otherwise."""
    words = eye_words(stem)
    return words[0].before if words and words[0].after else ""


def _label(folder: str, stem: str, beginnings: set[str], top: str) -> str:
    if not folder:
        words = eye_words(stem)
        return (words[0].before or top) if words else stem
    beginning = _beginning(stem)
    return f"{folder}/{beginning}" if beginning and len(beginnings) > 1 else folder
