"""Where scans lie in DICOM, as FHIR ImagingStudy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .terms import LENS, SIDES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from edge_runtime.results import EyeResult
    from edge_runtime.scan import Laterality

_DICOM_UID, _MODALITIES = "urn:dicom:uid", "http://dicom.nema.org/resources/ontology/DCM"
_ABSENT = "http://hl7.org/fhir/StructureDefinition/data-absent-reason"


@dataclass(frozen=True, slots=True)
class ImagingInstance:
    """One DICOM instance.

    Attributes
    ----------
    study_uid, series_uid, sop_uid, sop_class_uid
        Its unique identifiers.
    modality
        As DICOM names it: ``OPT`` for Ophthalmic Tomography.
    """

    study_uid: str
    series_uid: str
    sop_uid: str
    sop_class_uid: str
    modality: str = "OPT"


def studies_of(eyes: Sequence[EyeResult], instances: Mapping[str, ImagingInstance]) -> dict[str, dict[str, Any]]:
    """The studies that the scans of some eyes lie in, by their UIDs.

    Parameters
    ----------
    eyes
        The eyes.
    instances
        Where scans lie, by their hashes; scans from picture files are in no study that a PACS would know, so none is
        made up for them.
    """
    places: dict[str, dict[tuple[ImagingInstance, Laterality | None], None]] = {}
    for eye in eyes:
        for scan in eye.scans:
            if (instance := instances.get(scan.scan.sha256)) is not None:
                places.setdefault(instance.study_uid, {})[instance, eye.laterality] = None
    return {uid: _study(uid, list(found)) for uid, found in places.items()}


def _study(uid: str, places: list[tuple[ImagingInstance, Laterality | None]]) -> dict[str, Any]:
    series: dict[str, dict[str, Any]] = {}
    for instance, side in places:
        one = series.setdefault(
            instance.series_uid,
            {
                "uid": instance.series_uid,
                "modality": {"system": _MODALITIES, "code": instance.modality},
                "bodySite": LENS,
                **({} if side is None else {"laterality": SIDES[side]}),
                "instance": [],
            },
        )
        if side is None or one.get("laterality") != SIDES[side]:
            one.pop("laterality", None)  # a series of both eyes
        sop_class = {"system": "urn:ietf:rfc:3986", "code": f"urn:oid:{instance.sop_class_uid}"}
        entry = {"uid": instance.sop_uid, "sopClass": sop_class}
        if entry not in one["instance"]:
            one["instance"].append(entry)
    return {
        "resourceType": "ImagingStudy",
        "identifier": [{"system": _DICOM_UID, "value": f"urn:oid:{uid}"}],
        "status": "available",
        # Required; who the patient is, only the user can say.
        "subject": {"extension": [{"url": _ABSENT, "valueCode": "unknown"}]},
        "series": list(series.values()),
    }
