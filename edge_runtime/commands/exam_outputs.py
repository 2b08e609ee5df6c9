"""The names of the files of an exam: each eye's documents, overlays and label maps, kept apart."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from edge_runtime.errors import UsageError
from edge_runtime.report.files import descriptor_of

from .outputs import Outputs, PicturePaths, stem

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from edge_runtime.scan import Exam

    from .exam_eyes import ExamOptions


def outputs_of(exams: Sequence[Exam], files: Mapping[str, str], options: ExamOptions) -> list[Outputs]:
    """Where the results of each eye go; overlays say the eye where names of scans are the same in both.

    Parameters
    ----------
    exams
        The eyes.
    files
        The path of the file of each scan, by the scan's name.
    options
        What was asked for.

    Raises
    ------
    UsageError
        When the pictures of two eyes would go to one descriptor.
    """
    stems = [_apart(_stem(files[source.name], source.frame) for source in exam.sources) for exam in exams]
    shared = len(exams) > 1 and bool(set(stems[0]).intersection(*stems[1:]))
    outputs = []
    for exam, names in zip(exams, stems, strict=True):
        name = f"{options.name or 'exam'}-{exam.laterality}"
        outputs.append(
            Outputs(
                options.folder,
                name,
                [files[source.name] for source in exam.sources],
                PicturePaths(eye=_picture(options.picture, exam, several=len(exams) > 1)),
                label=name if options.name else (exam.laterality or "" if shared else ""),
                zones=options.zones,
                stems=names,
                labels=options.labels,
                eye=exam.laterality or "" if shared else "",
            )
        )
    return outputs


def _picture(path: str | None, exam: Exam, *, several: bool) -> str | None:
    """Where the picture of an eye goes; of several eyes, each has a name of its own."""
    if path is None or not several:
        return path
    if descriptor_of(path) is not None:
        raise UsageError("usage", "--picture names one place for two eyes.", "Name a file, or the scans of one eye.")
    head, ending = os.path.splitext(path)
    return f"{head}-{exam.laterality}{ending}"


def _stem(path: str, frame: int | None) -> str:
    return stem(path) + ("" if frame is None else f".{frame:03d}")


def _apart(stems: Iterable[str]) -> list[str]:
    """The names of one eye's scans, numbered from the second on where files of several folders have the same."""
    given = list(stems)
    taken: set[str] = set()
    names = []
    for one in given:
        name, number = one, 1
        while name.casefold() in taken or (number > 1 and name in given):
            number += 1
            name = f"{one}-{number}"
        taken.add(name.casefold())
        names.append(name)
    return names
