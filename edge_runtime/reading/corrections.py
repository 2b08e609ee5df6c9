"""Read a label map that a person corrected: a PNG as ``--labels`` writes it, or a DICOM segmentation."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from edge_runtime.errors import CorrectionError, ResourceError, ScanError, UsageError
from edge_runtime.label_map import MOST_LABEL, LabelMap

from .decoding import decode_picture
from .files import is_dicom, name_of, read_content
from .headers import read_header
from .picture_mark import mark_in

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from edge_runtime.scan import Exam, Scan, ScanSource

    from .files import ScanFile

_COLOURED = {"alpha-channel", "colour-image", "palette-image"}
_SAVE_AS = "Save it as an 8-bit greyscale PNG with the values 0, 1 and 2, painted without soft edges."
_VALUES_NAMED = 8


def read_label_map(file: ScanFile | LabelMap, frame: int | None = None, *, room_bytes: int | None = None) -> LabelMap:
    """Read a corrected label map.

    Parameters
    ----------
    file
        Its path, its bytes, or a binary file that is open for reading: a PNG of the scan's size with 0 background,
        1 clear lens and 2 cataract; or a binary DICOM segmentation of clear lens and cataract (extra ``dicom``). A
        map that was read already is returned as it is.
    frame
        Which frame of a file of several frames the scan is, from 1; None: its file has one.
    room_bytes
        Memory that may be used; None: any.

    Raises
    ------
    CorrectionError
        When it is no such map; the word says why.
    ScanMissingError, ScanError
        When the file is missing, empty or too large.
    ResourceError
        ``memory-cap`` when its pixels do not fit into `room_bytes`.
    MissingExtraError
        For a DICOM segmentation without the extra ``dicom``.
    """
    if isinstance(file, LabelMap):
        return file
    try:
        data = read_content(file)
        if is_dicom(data):
            from .segmentation import labels_of_segmentation

            labels, instances = labels_of_segmentation(data, frame)
            return LabelMap(labels, hashlib.sha256(data).hexdigest(), instances=instances)
        return _of_png(data, room_bytes)
    except (CorrectionError, ScanError) as error:
        error.source = name_of(file) or None
        raise


def corrected_exam(exam: Exam, maps: Mapping[str, LabelMap]) -> Exam:
    """The exam with what a person labelled in its scans.

    Parameters
    ----------
    exam
        The scans.
    maps
        Label maps by the names of their scans, as the exam's sources have them.

    Raises
    ------
    UsageError
        ``labels-without-scan`` for a map whose name is none of the scans'; ``usage`` for what is no mapping.
    """
    if not isinstance(maps, Mapping):
        raise UsageError("usage", f"A mapping of label maps was expected, got {type(maps).__name__}.", "Give a dict.")
    unknown = maps.keys() - {source.name for source in exam.sources}
    if unknown:
        raise UsageError(
            "labels-without-scan",
            f"{len(unknown)} of {len(maps)} label maps belong to no scan of the exam.",
            "Name each map after its scan.",
        )
    return replace(exam, sources=tuple(_corrected(source, maps.get(source.name)) for source in exam.sources))


def _corrected(source: ScanSource, labels: LabelMap | None) -> ScanSource:
    def read() -> Scan:
        return source.read().corrected_by(labels)

    return source if labels is None else replace(source, read=read)


def _of_png(data: bytes, room_bytes: int | None) -> LabelMap:
    if not data.startswith(b"\x89PNG"):
        raise CorrectionError(
            "labels-format", "The label map is no PNG and no DICOM segmentation.", "Correct the PNG of --labels."
        )
    mark = mark_in(data)
    if mark is not None and mark.picture != "labels":
        raise CorrectionError(
            "labels-other-picture", "This is another picture of this program.", "Correct the PNG of --labels."
        )
    try:
        header = read_header(data)
        if room_bytes is not None and header.decoding_bytes > room_bytes:
            raise ResourceError(
                "memory-cap", "The label map takes more memory than the cap leaves.", "Raise --max-memory."
            )
        pixels = decode_picture(data, header)
    except ScanError as error:
        if error.word in _COLOURED:
            raise _coloured() from error
        raise CorrectionError(
            "labels-damaged", f"The label map cannot be read ({error.word}).", "Save it again, as an 8-bit grey PNG."
        ) from error
    return LabelMap(
        _checked(_grey(pixels)), hashlib.sha256(data).hexdigest(), None if mark is None else mark.scan_sha256
    )


def _grey(pixels: NDArray[Any]) -> NDArray[Any]:
    """One channel; three that are equal are grey, as some painting programs save it."""
    if pixels.ndim == 2:
        return pixels
    if not (np.array_equal(pixels[..., 0], pixels[..., 1]) and np.array_equal(pixels[..., 0], pixels[..., 2])):
        raise _coloured()
    return pixels[..., 0]


def _coloured() -> CorrectionError:
    return CorrectionError("labels-colour", "The label map is in colour, or has a palette or alpha channel.", _SAVE_AS)


def _checked(labels: NDArray[Any]) -> NDArray[np.uint8]:
    """Labels as uint8, whatever they are stored as."""
    wrong = labels > MOST_LABEL
    if wrong.any():
        values = np.unique(labels[wrong])
        named = ", ".join(str(value) for value in values[:_VALUES_NAMED])
        more = " and more" if len(values) > _VALUES_NAMED else ""
        raise CorrectionError(
            "labels-values",
            f"The label map has other values than 0, 1 and 2 in {int(np.count_nonzero(wrong))} pixels: {named}{more}.",
            _SAVE_AS,
        )
    return np.ascontiguousarray(labels, dtype=np.uint8)
