"""What all DICOM objects of one result share: their study, their UIDs, their times, their maker."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from edge_runtime.errors import ScanError
from edge_runtime.report.document import document
from edge_runtime.version import __version__

from .header import FILED_UNDER
from .source import SourceFrame, SourceObject, check_one_study

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

    from edge_runtime.results import EyeResult

MAKER = "edge-cataract"
# Of a document: what differs between two runs that found the same.
_PASSING = ("created", "runtime", "warnings")
_PASSING_OF_SCANS = ("source", "sha256", "timings_ms")


@dataclass(frozen=True, slots=True, eq=False)
class FiledEye:
    """The result of one eye and the DICOM objects that it is filed beside.

    Attributes
    ----------
    eye
        The result.
    frames
        Where each of its entries comes from, in their order.
    content
        Its document, which every number is taken from.
    """

    eye: EyeResult
    frames: tuple[SourceFrame, ...]
    content: dict[str, Any]

    @classmethod
    def of(cls, eye: EyeResult, frames: Sequence[SourceFrame], created: str | None = None) -> FiledEye:
        """The result with its sources.

        Parameters
        ----------
        eye
            The result.
        frames
            Where each of its entries comes from, in their order.
        created
            UTC time of the analysis, ISO 8601 with a final ``Z``; None: now.

        Raises
        ------
        UsageError
            ``mixed-studies`` for sources of several studies or patients.
        ScanError
            ``incomplete-dicom`` when there are not as many frames as entries.
        """
        if len(frames) != len(eye.entries):
            raise ScanError(
                "incomplete-dicom",
                f"The DICOM files announce {len(frames)} frames, and {len(eye.entries)} were read.",
                "Export them again, or leave out --dicom-out.",
            )
        check_one_study(frames)
        return cls(eye, tuple(frames), document(eye, created=created))

    @property
    def source(self) -> SourceObject:
        """The object whose patient and study the results are filed under."""
        return self.frames[0].source

    @property
    def sources(self) -> tuple[SourceObject, ...]:
        """Every object that a scan comes from, once."""
        return tuple({frame.source.instance: frame.source for frame in self.frames}.values())

    @property
    def title(self) -> str:
        """What a list of series shows."""
        return f"Cataract analysis {self.eye.laterality or ''}".rstrip() + " (research use only)"

    @property
    def laterality(self) -> str | None:
        """R or L; None where the eye is not known."""
        side = self.eye.laterality
        return None if side is None else {"OD": "R", "OS": "L"}[side.value]

    @property
    def created(self) -> datetime:
        """Time of the analysis, in the time zone of the source where it names one, else of this machine."""
        moment = datetime.fromisoformat(self.content["created"]).astimezone(UTC)
        return moment.astimezone(_zone(self.source.time_zone))

    @property
    def finding(self) -> str:
        """SHA-256 of what was found and by which version: the same for a second run, another for another threshold."""
        content = {key: value for key, value in self.content.items() if key not in _PASSING}
        content["scans"] = [
            {key: value for key, value in scan.items() if key not in _PASSING_OF_SCANS} for scan in content["scans"]
        ]
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()

    def uid(self, *kind: str) -> str:
        """A UID for one part of the result: the same whenever the same is found in the same source.

        Parameters
        ----------
        *kind
            Which part it identifies.
        """
        from pydicom.uid import generate_uid

        model = self.eye.model
        sources = "|".join(frame.key for frame in self.frames)
        parts = [sources, model.sha256, model.look_sha256, self.finding, *kind]
        return str(generate_uid(entropy_srcs=[part + "|" for part in parts]))

    def stamp(self, result: Dataset) -> None:
        """File an object under its patient and study, and say when and by what it was made."""
        for keyword in FILED_UNDER:
            if keyword in result:  # of the stand-in that a library was given
                del result[keyword]
        result.update(deepcopy(self.source.patient_and_study))
        if _zone(self.source.time_zone) is not None:  # of every time in the object, those of the study included
            result.TimezoneOffsetFromUTC = self.source.time_zone
        day, time = self.created.strftime("%Y%m%d"), self.created.strftime("%H%M%S")
        result.InstanceCreationDate = result.ContentDate = result.SeriesDate = day
        result.InstanceCreationTime = result.ContentTime = result.SeriesTime = time
        for library in result.get("ContributingEquipmentSequence") or ():
            library.ContributionDateTime = day + time
        result.ContentQualification = "RESEARCH"
        result.SeriesDescription = self.title
        result.Manufacturer = MAKER
        result.ManufacturerModelName = MAKER
        result.SoftwareVersions = [__version__, f"{self.eye.model.name} {self.eye.model.version}"]
        result.DeviceSerialNumber = self.eye.model.sha256


def bare_source(source: SourceObject) -> Dataset:
    """Who a source is, without anybody's name: what a library is given to refer to."""
    from pydicom.dataset import Dataset

    bare = Dataset()
    bare.SOPClassUID, bare.SOPInstanceUID = source.kind, source.instance
    bare.SeriesInstanceUID, bare.StudyInstanceUID = source.series, source.study
    for keyword in ("PatientID", "PatientBirthDate", "PatientSex", "AccessionNumber", "StudyID"):
        setattr(bare, keyword, "")
    for keyword in ("PatientName", "StudyDate", "StudyTime", "ReferringPhysicianName"):
        setattr(bare, keyword, None)
    return bare


def reference_to(source: SourceObject) -> Dataset:
    """An item that refers to a source."""
    from pydicom.dataset import Dataset

    item = Dataset()
    item.ReferencedSOPClassUID = source.kind
    item.ReferencedSOPInstanceUID = source.instance
    return item


def _zone(offset: str) -> timezone | None:
    """A time zone from ``+hhmm``; None, that of this machine, for anything else."""
    if len(offset) != 5 or offset[0] not in "+-" or not offset[1:].isdigit():
        return None
    ahead = timedelta(hours=int(offset[1:3]), minutes=int(offset[3:]))
    return timezone(ahead if offset[0] == "+" else -ahead) if ahead < timedelta(hours=24) else None
