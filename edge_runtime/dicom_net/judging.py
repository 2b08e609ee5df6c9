"""From the files of an exam to the DICOM objects of its eyes: what a worker process does."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from edge_runtime.dicom_out.files import DicomFiles, Kind
from edge_runtime.errors import ScanError
from edge_runtime.exams.eyes import split_eyes
from edge_runtime.exams.opening import open_scans
from edge_runtime.exams.planned import PlannedScan
from edge_runtime.machine.faults import forget_pixels, known_error
from edge_runtime.report.document import document
from edge_runtime.workers.bounds import unbounded

if TYPE_CHECKING:
    from edge_runtime.analyzer import CataractAnalyzer
    from edge_runtime.errors import EdgeCataractError
    from edge_runtime.results import EyeResult

    from .settings import Wishes

MOST_SCANS = 128  # of one exam: all are held until it is judged, 12 MB each, below the 2 GiB of the unit


@dataclass(frozen=True, slots=True)
class Judged:
    """What a worker made of an exam.

    Attributes
    ----------
    contents
        {name: content} of each DICOM object.
    documents
        The result document of each eye that was judged.
    fault
        Why an eye has no result; None: all have.
    """

    contents: dict[str, bytes] = field(default_factory=dict)
    documents: list[dict[str, Any]] = field(default_factory=list)
    fault: EdgeCataractError | None = None


def judge(analyzer: CataractAnalyzer, paths: list[str], wishes: Wishes) -> Judged:
    """Judge the eyes of an exam. Whatever is wrong with it is in what is returned; nothing is raised.

    Parameters
    ----------
    analyzer
        The model, loaded.
    paths
        The files of the exam.
    wishes
        What is made of it.
    """
    judged = Judged()
    try:
        _check_number(len(paths))
        opened = open_scans([PlannedScan(path) for path in paths], analyzer.room_for_reading)
        _check_number(sum(len(scan.sources) for scan in opened))
        eyes = split_eyes(opened)
    except Exception as error:  # noqa: BLE001  # one exam, whatever is wrong with it, ends no receiver
        return Judged(fault=known_error(error))
    path_of = {source.name: scan.planned.path for scan in opened for source in scan.sources}
    fault = next((stray.error for stray in eyes.strays), None)
    created = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    for exam in eyes.exams:
        try:
            files = DicomFiles.of(
                [(path_of[source.name], source.frame) for source in exam.sources],
                "",
                exam.laterality or "eye",
                wishes.kinds,
            )
            eye = analyzer.analyze_exam(exam)
            made = files.contents(eye, created=created, page=_page(eye, created, wishes), variant=wishes.language)
        except Exception as error:  # noqa: BLE001  # the other eye has its result all the same
            fault = known_error(error)
            forget_pixels(fault)
            continue
        judged.contents.update({os.path.basename(path): content for path, content in made.items()})
        judged.documents.append(document(eye, created=created))
    return Judged(judged.contents, judged.documents, fault)


def _check_number(scans: int) -> None:
    """Raise where an exam has more scans than any has: each takes time, and its map memory until the last is done."""
    if scans > MOST_SCANS:
        raise ScanError(
            "too-many-scans",
            f"The exam has {scans} scans; at most {MOST_SCANS} are judged.",
            "Have the device send each exam as a series of its own.",
        )


def _page(eye: EyeResult, created: str, wishes: Wishes) -> bytes | None:
    if Kind.PAGE not in wishes.kinds:
        return None
    from edge_runtime.report.page import exam_page
    from edge_runtime.report.page.pdf import print_pdf

    page = exam_page([eye], language=wishes.language, created=created)
    with unbounded():
        return print_pdf(page)
