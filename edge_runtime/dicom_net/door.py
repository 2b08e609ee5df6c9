"""What is asked of an object before it is taken: that it can be read, and that a result can be filed beside it."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass

from edge_runtime.dicom_out.header import count_of
from edge_runtime.dicom_out.source import read_source
from edge_runtime.errors import UsageError
from edge_runtime.reading.dicom.file import read_header
from edge_runtime.reading.dicom.library import guarded
from edge_runtime.reading.dicom.opening import go_to_data_set
from edge_runtime.reading.sources import sources_of

DATA_SET = "data-set:"  # begins a digest of a data set: older records have one of the whole file
_PART_BYTES = 1 << 20
_DIGITS = 32  # of a digest: enough that two UIDs never share one


@dataclass(frozen=True, slots=True)
class Arrival:
    """An object that may be taken.

    Attributes
    ----------
    kind
        Its SOP class.
    key, study, series
        Digests of the UIDs of itself, its study and its series.
    digest
        Of its data set, as `digest_of` makes it.
    eyes
        ``OD``, ``OS``, or ``OD+OS``.
    place
        Its Instance Number, by which the frames of an exam are ordered; 0 where it has none.
    whole
        Whether it is an exam by itself: it has several frames.
    size
        Bytes of its file.
    """

    kind: str
    key: str
    study: str
    series: str
    digest: str
    eyes: str
    place: int
    whole: bool
    size: int


def examine(path: str) -> Arrival:
    """Look at a file: its header, and where its frames lie; pixels are not unpacked.

    Raises
    ------
    ScanError
        When it is damaged or no picture that is read; ``incomplete-dicom`` when it does not say whose it is.
    UsageError
        ``unknown-eye`` when it does not say which eye a frame shows.
    """
    scans = sources_of(path)
    source = read_source(path)[0].source
    eyes = {scan.laterality.value.value for scan in scans if scan.laterality is not None}
    if any(scan.laterality is None for scan in scans):
        raise UsageError(
            "unknown-eye",
            "The DICOM object does not say which eye a frame shows.",
            "Have the device write the laterality: an eye is never guessed.",
        )
    return Arrival(
        kind=source.kind,
        key=short_digest(source.instance),
        study=short_digest(source.study),
        series=short_digest(source.series),
        digest=digest_of(path),
        eyes="+".join(sorted(eyes)),
        place=count_of(read_header(path, ("InstanceNumber",)), "InstanceNumber") or 0,
        whole=len(scans) > 1,
        size=os.path.getsize(path),
    )


def digest_of(path: str) -> str:
    """What tells the content of an object from any other: SHA-256 of its data set, byte for byte as it was sent.

    The header of its file is no part of it: the receiver writes that, and with it the version of its library, and the
    name of the transfer syntax. In another transfer syntax the bytes of a data set differ.

    Raises
    ------
    ScanError
        When it is damaged, or of a kind that is not read.
    """
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        guarded(lambda: go_to_data_set(file))
        while part := file.read(_PART_BYTES):
            digest.update(part)
    return f"{DATA_SET}{digest.hexdigest()}"


def file_digest_of(path: str) -> str:
    """What `digest_of` was in records of older versions: SHA-256 of the whole file."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def short_digest(text: str) -> str:
    """A name for a UID that tells nothing."""
    return hashlib.sha256(text.encode()).hexdigest()[:_DIGITS]
