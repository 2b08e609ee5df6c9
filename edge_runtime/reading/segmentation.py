"""Read the labels of a binary DICOM segmentation of clear lens and cataract (extra ``dicom``)."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import numpy as np

from edge_runtime.errors import CorrectionError, MissingExtraError
from edge_runtime.scan import MAX_PIXELS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray

Sources = frozenset[tuple[str, int | None]]

_SEGMENTATION = "1.2.840.10008.5.1.4.1.1.66.4"
_UNCOMPRESSED = ("1.2.840.10008.1.2", "1.2.840.10008.1.2.1")
_DEFLATED = b"1.2.840.10008.1.2.1.99"  # unpacked as a whole when it is read, however large that is
_FILE_META = 2048  # bytes in which the transfer syntax stands, long before the pixels
# Nothing else is looked at, so that nothing of a person can reach a message.
_READ = (
    "SOPClassUID", "SegmentationType", "Rows", "Columns", "SegmentSequence", "SharedFunctionalGroupsSequence",
    "PerFrameFunctionalGroupsSequence", "ReferencedSeriesSequence", "PixelData",
)  # fmt: skip
_LENS, _CATARACT = 1, 2
_CODES = {"78076003": _LENS, "193570009": _CATARACT}  # SNOMED CT: lens of the eye, cataract
_EXPORT_BINARY = "Export it as one binary segmentation of clear lens and cataract, uncompressed."


def labels_of_segmentation(data: bytes, frame: int | None = None) -> tuple[NDArray[np.uint8], Sources]:
    """Labels of one scan, and which scan it is.

    Segments are recognised by their label (``clear lens``, ``lens``, ``cataract``), else by their SNOMED CT code. Where
    a segment of the lens and one of cataract overlap, it is cataract.

    Parameters
    ----------
    data
        The bytes of the file.
    frame
        The frame of the source, from 1, whose labels are wanted; None: its file has one.

    Returns
    -------
    tuple
        (rows, columns) uint8: 0 background, 1 clear lens, 2 cataract; and the frames that were segmented: UID of the
        object, and number of the frame, or None where that is not said. None where the segmentation names none.

    Raises
    ------
    CorrectionError
        ``labels-format``, ``labels-damaged``, ``labels-segments`` or ``labels-frames``.
    MissingExtraError
        Without pydicom.
    """
    try:
        import pydicom
    except ModuleNotFoundError as error:
        raise MissingExtraError(
            "missing-extra", "pydicom is not installed.", "Install the extra: pip install 'edge-cataract[dicom]'."
        ) from error
    if _DEFLATED in data[:_FILE_META]:
        raise _format("It is deflated.")
    try:
        with pydicom.config.disable_value_validation():  # which would log the values
            dataset = pydicom.dcmread(io.BytesIO(data), specific_tags=list(_READ))
        return _labels(dataset, frame)
    except (CorrectionError, MemoryError):
        raise
    except Exception:  # noqa: BLE001, S110  # raised below, without a context that would quote the file
        pass
    raise CorrectionError("labels-damaged", "The DICOM segmentation is damaged or incomplete.", "Export it again.")


def _labels(dataset: Any, frame: int | None) -> tuple[NDArray[np.uint8], Sources]:
    if str(dataset.SOPClassUID) != _SEGMENTATION or str(dataset.SegmentationType) != "BINARY":
        raise _format("It is no binary segmentation.")
    if str(dataset.file_meta.TransferSyntaxUID) not in _UNCOMPRESSED:
        raise _format("Its pixels are compressed.")
    return _painted(dataset, frame)


def _painted(dataset: Any, frame: int | None) -> tuple[NDArray[np.uint8], Sources]:
    rows, columns = int(dataset.Rows), int(dataset.Columns)
    if not 0 < rows * columns <= MAX_PIXELS:
        raise _format("It has no pixels, or too many.")
    kinds = {int(segment.SegmentNumber): _kind(segment) for segment in dataset.SegmentSequence}
    planes: dict[int, NDArray[np.bool_]] = {}
    common: Sources | None = None
    for place, segment, sources in _frames_of(dataset, frame):
        if sources:
            common = sources if common is None else common & sources
        if segment in planes or (common is not None and not common):
            raise CorrectionError(
                "labels-frames",
                "The segmentation is of several scans, and does not say which frame is this one's.",
                "Export one segmentation for each scan.",
            )
        planes[segment] = _plane(dataset.PixelData, place, rows, columns)
    if not planes:
        raise CorrectionError(
            "labels-frames", "The segmentation has no frame of this scan.", "Name the segmentation of this scan."
        )
    labels = np.zeros((rows, columns), np.uint8)
    for kind in (_LENS, _CATARACT):
        for segment, plane in planes.items():
            if kinds[segment] == kind:
                labels[plane] = kind
    return labels, common or _all_sources(dataset)


def _kind(segment: Any) -> int:
    """Clear lens or cataract, by the segment's label, else by its code."""
    label = str(segment.get("SegmentLabel", "")).lower()
    for word, kind in (("cataract", _CATARACT), ("lens", _LENS)):
        if word in label:
            return kind
    for code in segment.get("SegmentedPropertyTypeCodeSequence", ()):
        if str(code.get("CodeValue", "")) in _CODES:
            return _CODES[str(code.CodeValue)]
    raise CorrectionError(
        "labels-segments", "A segment is neither called lens nor cataract.", "Name the segments: clear lens, cataract."
    )


def _frames_of(dataset: Any, frame: int | None) -> Iterator[tuple[int, int, Sources]]:
    """(place, segment number, what was segmented) of every frame that shows the scan."""
    shared = (dataset.get("SharedFunctionalGroupsSequence") or [{}])[0]
    for place, own in enumerate(dataset.PerFrameFunctionalGroupsSequence):
        identification, derivation = (
            own.get(name) or shared.get(name) for name in ("SegmentIdentificationSequence", "DerivationImageSequence")
        )
        sources = _sources(image for one in derivation or () for image in one.get("SourceImageSequence") or ())
        numbers = {number for _, number in sources} - {None}
        if frame is None or not numbers or frame in numbers:
            named = frozenset(source for source in sources if source[0])
            yield place, int(identification[0].ReferencedSegmentNumber), named


def _all_sources(dataset: Any) -> Sources:
    """All objects that the segmentation refers to, whichever of its frames does."""
    series = dataset.get("ReferencedSeriesSequence") or ()
    return _sources(image for one in series for image in one.get("ReferencedInstanceSequence") or ())


def _sources(images: Iterable[Any]) -> Sources:
    """UID, and number of the frame or None where the source has one or it is not said, of each image referred to."""
    found: set[tuple[str, int | None]] = set()
    for image in images:
        number = image.get("ReferencedFrameNumber")
        several = number if hasattr(number, "__iter__") else (number,)
        instance = str(image.get("ReferencedSOPInstanceUID") or "")
        found |= {(instance, None if one is None else int(one)) for one in several}
    return frozenset(found)


def _plane(bits: bytes, place: int, rows: int, columns: int) -> NDArray[np.bool_]:
    """One frame of pixels of one bit, which follow one another without a gap."""
    size = rows * columns
    first = place * size
    part = np.frombuffer(bits, np.uint8, count=(first + size + 7) // 8 - first // 8, offset=first // 8)
    plane = np.unpackbits(part, bitorder="little")[first % 8 : first % 8 + size]
    return plane.reshape(rows, columns).astype(np.bool_)


def _format(found: str) -> CorrectionError:
    return CorrectionError("labels-format", f"The label map cannot be read. {found}", _EXPORT_BINARY)
