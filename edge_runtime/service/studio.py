"""The work itself, in whichever process: scans to documents, pictures, words and pages."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from edge_runtime.errors import ScanError, UsageError
from edge_runtime.reading.exams import exam_of_files
from edge_runtime.results import ScanResult
from edge_runtime.scan import Exam

from .limits import MOST_PICTURES
from .tasks import Done, Kind, Progress, Step, Task, Unknown

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from edge_runtime.analyzer import CataractAnalyzer
    from edge_runtime.results import EyeResult
    from edge_runtime.scan import Laterality, Scan, ScanSource

    Tell = Callable[[Progress | Step], None]

PICTURE_COLUMNS = 1120
NAMED = "scan "  # and its number: what documents call a scan without a file


class Studio:
    """Works with one analyzer, and keeps the eye that was measured last, for its words and its report.

    Parameters
    ----------
    analyzer
        Measures scans.
    """

    def __init__(self, analyzer: CataractAnalyzer) -> None:
        self._analyzer = analyzer
        self._key = ""
        self._eye: EyeResult | None = None

    def do(self, task: Task, contents: Sequence[bytes], tell: Tell) -> Done | Unknown:
        """Do one piece of work.

        Parameters
        ----------
        task
            What is asked for.
        contents
            The bytes of its scans.
        tell
            Hears how far an exam is, and of each step of the work that has a time of its own.

        Raises
        ------
        EdgeCataractError
            When there is no result at all.
        """
        match task.kind:
            case Kind.SCAN:
                return Done(self._one_scan(task, contents[0]))
            case Kind.EXAM:
                eye = self._measured(task, contents, tell)
                return Done(eye.to_json(), pictures_of(eye, tell))
            case Kind.FORGET:
                self._key, self._eye = "", None
                return Done()
            case _:
                return self._shown(task, contents, tell)

    def _one_scan(self, task: Task, content: bytes) -> str:
        (source,) = self._exam((1,), [content], task, None).sources
        result = self._analyzer.analyze_scan(source.scan())
        return self._analyzer.as_eye([result], laterality=task.eye, age_years=task.age_years).to_json()

    def _measured(self, task: Task, contents: Sequence[bytes], tell: Tell) -> EyeResult:
        self._key, self._eye = "", None
        exam = self._exam(task.numbers, contents, task, tell)
        numbers = [int(source.name.removeprefix(NAMED)) for source in exam.sources]

        def graded(place: int, fine: bool) -> None:
            tell(Progress(numbers[place - 1], "done" if fine else "refused"))

        self._eye = self._analyzer.analyze_exam(exam, age_years=task.age_years, graded=graded)
        self._key = task.exam
        tell(Step())
        return self._eye

    def _shown(self, task: Task, contents: Sequence[bytes], tell: Tell) -> Done | Unknown:
        if self._eye is None or self._key != task.exam:
            if not contents:
                return Unknown()
            self._measured(task, contents, tell)
        eye = self._eye
        if eye is None:
            return Unknown()
        tell(Step(len(eye.entries)))
        if task.kind is Kind.WORDS:
            from edge_runtime.report.document import to_json

            from .page import eye_words

            return Done(to_json(eye_words(eye, task.language)))
        from edge_runtime.report.page import exam_page

        return Done(exam_page([eye], language=task.language, created=task.created))

    def _exam(self, numbers: Sequence[int], contents: Sequence[bytes], task: Task, tell: Tell | None) -> Exam:
        """The exam of files in memory, whose scans are named by their numbers.

        Raises
        ------
        UsageError
            ``contradicting-eye`` when a file says another eye than the one that was named; ``mixed-studies``.
        ScanError
            ``too-many-scans`` in the files together; ``multi-frame`` where one was asked for.
        """
        found = exam_of_files(contents, task.eye, self._analyzer.room_for_reading, task.named)
        if task.kind is not Kind.SCAN and len(found.sources) > MOST_PICTURES:  # before one of them is read
            raise ScanError(
                "too-many-scans",
                f"The files hold {len(found.sources)} scans; an exam has at most {MOST_PICTURES}.",
                "Send the radial scans of the lens alone.",
            )
        if len(found.sources) != len(numbers):
            if task.kind is Kind.SCAN:
                raise ScanError("multi-frame", "The file holds several scans.", "Send it as a scan of an exam.")
            numbers = range(1, len(found.sources) + 1)  # counted through
        for number, source in zip(numbers, found.sources, strict=True):
            _check_eye(number, source, task.eye)
        sources = [
            replace(source, name=f"{NAMED}{number}", read=partial(_read, source, number, tell))
            for number, source in zip(numbers, found.sources, strict=True)
        ]
        return Exam(tuple(sources), task.eye)


def _check_eye(number: int, source: ScanSource, eye: Laterality | None) -> None:
    if eye is not None and source.laterality is not None and source.laterality.value is not eye:
        raise UsageError(
            "contradicting-eye",
            f"Scan {number}: its file says {source.laterality.value}, and {eye} was named.",
            "Correct one of them: an eye is never guessed.",
        )


def _read(source: ScanSource, number: int, tell: Tell | None) -> Scan:
    if tell is not None:
        tell(Progress(number, "reading"))
    scan = replace(source.read(), source=f"{NAMED}{number}")
    if tell is not None:
        tell(Progress(number, "analysing"))
    return scan


def pictures_of(eye: EyeResult, tell: Tell) -> dict[str, bytes]:
    """The scans of an eye as they were and with their colours, by their place, and the lens from the front, as PNG.

    A scan that could not be read has no picture, and one that was not graded no colours: they would be taken for a
    finding. `tell` hears of each step.
    """
    from edge_runtime.report.eye_picture import draw_map
    from edge_runtime.report.overlay import draw_original, draw_panel, panel_shape

    pictures: dict[str, bytes] = {}
    for number, entry in enumerate(eye.entries, start=1):
        if not isinstance(entry, ScanResult):
            continue
        shape = panel_shape(entry.maps.scan_shape, entry.maps.frame_shape)
        pictures[f"scans/{number}"] = _png(draw_original(entry, shape))
        if entry.gradable:
            pictures[f"overlays/{number}"] = _png(draw_panel(entry, shape))
        tell(Step())
    if eye.findings.measures is not None:
        pictures["en-face"] = _png(draw_map(eye))
    return pictures


def _png(picture: NDArray[Any]) -> bytes:
    import cv2

    from edge_runtime.report.png import encode_png

    rows, columns = picture.shape[:2]
    if columns > PICTURE_COLUMNS:
        smaller = (PICTURE_COLUMNS, max(1, round(rows * PICTURE_COLUMNS / columns)))
        return encode_png(np.asarray(cv2.resize(picture, smaller, interpolation=cv2.INTER_AREA), dtype=np.uint8))
    return encode_png(picture)
