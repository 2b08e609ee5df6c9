"""Judge one exam of a watched folder, in a process of its own: what is recorded of it, and the files of its result."""

from __future__ import annotations

import hashlib
import os
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from edge_runtime.batch.record import ExamRecord
from edge_runtime.batch.work import measure_exam
from edge_runtime.printable import printable
from edge_runtime.report.document import to_json
from edge_runtime.results import ScanResult

if TYPE_CHECKING:
    from edge_runtime.analyzer import CataractAnalyzer
    from edge_runtime.batch.plan import Job
    from edge_runtime.results import EyeResult

_MOST_BYTES = 100  # of a name: with what is added to it, every file system takes it
_FRAME = re.compile(r"(?P<name>.*)#(?P<frame>\d+)")


@dataclass(frozen=True, slots=True)
class Judged:
    """A judged exam.

    Attributes
    ----------
    record
        Its eyes, and what became of its files.
    files
        The files of its result by their names.
    """

    record: ExamRecord
    files: dict[str, bytes] = field(default_factory=dict)


NOTHING = Judged(ExamRecord([], {}))


def judge(analyzer: CataractAnalyzer, job: Job, *, overlays: bool = True) -> Judged:
    """Measure the eyes of an exam, and make documents and overlays of them."""
    maker = _FileMaker(overlays=overlays)
    record = measure_exam(analyzer, job, maker)
    return Judged(record, maker.files)


def document_name(eye: str | None) -> str:
    """Name of the document of an eye, as ``exam`` writes it."""
    return f"exam-{eye}.json"


def file_name(text: str) -> str:
    """Text of others as the beginning of a file's name, on any system."""
    plain = re.sub(r"[^\w.+-]", "_", printable(text)).lstrip(".")
    return plain.encode("utf-8")[:_MOST_BYTES].decode("utf-8", "ignore").rstrip(".") or "_"


class _FileMaker:
    """Makes the files of each eye while its pixels are at hand."""

    def __init__(self, *, overlays: bool) -> None:
        self._overlays = overlays
        self.files: dict[str, bytes] = {}

    def judged(self, eye: EyeResult, document: dict[str, Any]) -> None:
        """Make the document of an eye, and the overlays of its scans."""
        content = to_json(document, indent=2).encode() + b"\n"
        made: dict[str, bytes] = {}
        if self._overlays:
            from edge_runtime.report.overlay import draw_overlay
            from edge_runtime.report.png import PictureMark, encode_png

            digest, date = hashlib.sha256(content).hexdigest(), document["created"][:10]
            for entry in eye.entries:
                if isinstance(entry, ScanResult):
                    mark = PictureMark("overlay", entry.scan.sha256, digest)
                    picture = draw_overlay(entry, laterality=eye.laterality, date=date)
                    made[self._free(f"{_stem(entry.scan.source)}.{eye.laterality}", made)] = encode_png(picture, mark)
        made[document_name(eye.laterality)] = content
        self.files.update(made)

    def _free(self, stem: str, made: dict[str, bytes]) -> str:
        """A name that no other overlay has."""
        name, number = f"{stem}.overlay.png", 1
        while name in made or name in self.files:
            number += 1
            name = f"{stem}-{number}.overlay.png"
        return name


def _stem(source: str) -> str:
    """What the name of an overlay begins with: that of the scan, and the number of its frame."""
    frame = _FRAME.fullmatch(source)
    if frame is None:
        return file_name(os.path.splitext(source)[0])
    return f"{file_name(os.path.splitext(frame['name'])[0])}.{int(frame['frame']):03d}"
