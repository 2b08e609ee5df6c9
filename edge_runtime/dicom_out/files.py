"""The files of a result as DICOM: which there are, what they hold, and which of them may be replaced."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from io import BytesIO
from typing import TYPE_CHECKING

from edge_runtime.errors import EdgeCataractError, ScanError, UsageError
from edge_runtime.scan import EXPORT_AGAIN

from .encapsulated_pdf import encapsulated_pdf
from .filing import MAKER, FiledEye
from .library import require_highdicom, silenced
from .segmentation import grouped, segmentations
from .source import check_one_study, read_source
from .structured_report import structured_report

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydicom.dataset import Dataset

    from edge_runtime.results import EyeResult

    from .source import SourceFrame


_STORAGE = "1.2.840.10008.5.1.4.1.1."  # what the classes of stored objects begin with


class Kind(StrEnum):
    """A kind of object, as file names say it."""

    REPORT = "sr"
    PAGE = "pdf"
    SEGMENTATION = "seg"


DEFAULT_KINDS = (Kind.REPORT, Kind.SEGMENTATION)


@dataclass(frozen=True, slots=True, eq=False)
class DicomFiles:
    """The files that one eye's result is written to.

    Attributes
    ----------
    frames
        Where each scan comes from, in the order of the exam.
    folder, name
        Where they go, and what their names begin with; nothing of a patient is in it.
    kinds
        Which objects there will be.
    """

    frames: tuple[SourceFrame, ...]
    folder: str
    name: str
    kinds: tuple[Kind, ...] = DEFAULT_KINDS

    @classmethod
    def of(
        cls, scans: Sequence[tuple[str, int | None]], folder: str, name: str, kinds: Sequence[Kind] = DEFAULT_KINDS
    ) -> DicomFiles:
        """Read the sources of an exam, before any work is done on them.

        Parameters
        ----------
        scans
            The path of each scan's file, and the number of its frame from 1; None for every frame of the file.
        folder, name, kinds
            As the attributes say.

        Raises
        ------
        MissingExtraError
            Without the extra ``dicom-out``.
        UsageError
            ``source-not-dicom``, or ``mixed-studies``.
        ScanError
            ``incomplete-dicom``; otherwise as `read_source` does.
        """
        require_highdicom()
        frames: list[SourceFrame] = []
        read: dict[str, tuple[SourceFrame, ...]] = {}
        for path, number in scans:
            try:
                read[path] = there = read.get(path) or read_source(path)
            except EdgeCataractError as error:
                error.source = path
                raise
            if number is not None and not 1 <= number <= len(there):
                raise ScanError(
                    "incomplete-dicom", f"The DICOM file has {len(there)} frames, and no frame {number}.", EXPORT_AGAIN
                )
            frames += there if number is None else there[number - 1 : number]
        check_one_study(frames)
        return cls(tuple(frames), folder, name, tuple(kinds))

    @property
    def paths(self) -> list[str]:
        """Every file that may be written."""
        paths = [self._path(kind.value) for kind in self.kinds if kind is not Kind.SEGMENTATION]
        if Kind.SEGMENTATION in self.kinds:
            paths += [self._path(f"{place}seg") for place in self._places().values()]
        return paths

    def check_ownership(self) -> None:
        """Refuse to replace a file that is no result of this program, or refers to more than the sources.

        Raises
        ------
        UsageError
            ``output-taken``.
        """
        for path in self.paths:
            if os.path.exists(path) and os.path.getsize(path) and not self._is_own(path):
                raise UsageError(
                    "output-taken",
                    f"{os.path.basename(path)!r} is there already, and no result for these scans.",
                    "Name another output (an exam: --name), or add --overwrite.",
                )

    def contents(
        self, eye: EyeResult, *, created: str | None = None, page: bytes | None = None, variant: str = ""
    ) -> dict[str, bytes]:
        """{path: content} of every file; an eye without a graded scan has no Segmentation.

        Parameters
        ----------
        eye
            The result, whose entries come from `frames`.
        created
            UTC time of the analysis, ISO 8601 with a final ``Z``; None: now.
        page
            The page of the result as PDF; None: there is none, so no Encapsulated PDF.
        variant
            What tells the page from others of the same result, such as its language.
        """
        with silenced():
            filed = FiledEye.of(eye, self.frames, created)
            return {self._path(ending): _encoded(made) for ending, made in self._made(filed, page, variant)}

    def _made(self, filed: FiledEye, page: bytes | None, variant: str) -> Iterator[tuple[str, Dataset]]:
        """Every object with the ending of its file's name."""
        if Kind.REPORT in self.kinds:
            yield Kind.REPORT.value, structured_report(filed)
        if Kind.PAGE in self.kinds and page is not None:
            yield Kind.PAGE.value, encapsulated_pdf(filed, page, variant)
        if Kind.SEGMENTATION in self.kinds:
            places = self._places()
            for first, made in segmentations(filed):
                yield f"{places[grouped(first)]}seg", made

    def _places(self) -> dict[str, str]:
        """What tells the Segmentations of one eye apart: nothing for a single one, else the number of the scan."""
        groups = dict.fromkeys(grouped(frame) for frame in self.frames)
        if len(groups) == 1:
            return dict.fromkeys(groups, "")
        first = [grouped(frame) for frame in self.frames]
        return {group: f"{first.index(group) + 1}." for group in groups}

    def _path(self, ending: str) -> str:
        return os.path.join(self.folder, f"{self.name}.{ending}.dcm")

    def _is_own(self, path: str) -> bool:
        """Whether a file is an object of this program that refers to sources of this exam, and to no other."""
        from pydicom import dcmread

        own = {frame.source.instance for frame in self.frames}
        try:
            with silenced():
                there = dcmread(path, stop_before_pixels=True)
                referred = _referred(there)
                return there.get("Manufacturer") == MAKER and bool(referred) and referred <= own
        except Exception:  # noqa: BLE001  # whatever it is, it is not ours
            return False


def _referred(dataset: Dataset) -> set[str]:
    """The stored objects that a dataset refers to; not its study or its patient, which are referred to alike."""
    found = set()
    if str(dataset.get("ReferencedSOPClassUID", "")).startswith(_STORAGE) and "ReferencedSOPInstanceUID" in dataset:
        found.add(str(dataset.ReferencedSOPInstanceUID))
    for element in dataset:
        if element.VR == "SQ":
            found.update(*(_referred(item) for item in element.value))
    return found


def _encoded(dataset: Dataset) -> bytes:
    """The bytes of a file.

    Raises
    ------
    ScanError
        ``incomplete-dicom`` when the patient or the study of the source cannot be written down.
    """
    buffer = BytesIO()
    try:
        dataset.save_as(buffer, enforce_file_format=True)
    except (MemoryError, OSError):
        raise
    except Exception:  # noqa: BLE001  # the message quotes what cannot be written, a name perhaps
        raise ScanError(
            "incomplete-dicom",
            "The DICOM file names its patient or its study in a way that cannot be copied.",
            "Export it again, or leave out --dicom-out.",
        ) from None
    return buffer.getvalue()
