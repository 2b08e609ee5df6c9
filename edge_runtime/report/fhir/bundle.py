"""The results of one or two eyes as a FHIR R4 transaction: pure, and filed once however often it is sent."""

from __future__ import annotations

import base64
import json
import re
import time
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from edge_runtime.codes import ANSWERS
from edge_runtime.errors import UsageError
from edge_runtime.report.document import DISCLAIMER
from edge_runtime.results import ScanResult
from edge_runtime.version import __version__

from .observations import findings_of, numbered
from .terms import DIAGNOSTIC_IMAGING, NAMESPACE, SYSTEM, concept

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from edge_runtime.model.facts import ModelFacts
    from edge_runtime.results import EyeResult, UnreadableScan

    from .study import ImagingInstance

_PATIENT = re.compile(r"(https?://[^\s?#]+/)?Patient/[A-Za-z0-9.-]{1,64}")
_UNREAD = ("", "")  # in place of the hashes of a scan that could not be read
_HASH_SCHEME = "ni:///sha-256;"  # RFC 6920: a name that is the hash of what it names


def fhir_bundle(
    eyes: Sequence[EyeResult],
    *,
    subject: str | None = None,
    created: str | None = None,
    instances: Mapping[str, ImagingInstance] | None = None,
) -> dict[str, Any]:
    """The results of one patient's eyes as a transaction bundle of FHIR R4.

    Every resource is created only where the server has none of the same identifier, which is derived from the hashes
    of the scans, of the model and of corrected label maps, and from what the resource states.

    Parameters
    ----------
    eyes
        One or two eyes.
    subject
        Reference to the patient, such as ``Patient/123``; None: without.
    created
        UTC time of the analysis, ISO 8601 with a final ``Z``; None: now.
    instances
        Where scans lie in DICOM, by their hashes; what is missing gets no ImagingStudy.

    Returns
    -------
    dict
        A Bundle of type ``transaction``.

    Raises
    ------
    UsageError
        ``bad-subject``.
    """
    from .study import studies_of

    maker = _Maker(
        subject=checked_subject(subject),
        issued=created or time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    )
    entries: dict[str, dict[str, Any]] = {}
    studies = studies_of(eyes, instances or {})
    study_urls = {}
    for uid, content in studies.items():
        study_urls[uid] = maker.add(entries, ("study", uid), {**content, **maker.of_subject})
    for eye in eyes:
        used = {} if instances is None else instances
        urls = [study_urls[used[digest].study_uid] for digest in sources_of(eye) if digest in used]
        _add_eye(maker, entries, eye, list(dict.fromkeys(urls)))
    return {"resourceType": "Bundle", "type": "transaction", "timestamp": maker.issued, "entry": list(entries.values())}


def checked_subject(subject: str | None) -> str | None:
    """A reference to a patient, or None.

    Raises
    ------
    UsageError
        ``bad-subject`` for anything else.
    """
    if subject is None or _PATIENT.fullmatch(subject):
        return subject
    raise UsageError(
        "bad-subject",
        "The subject is no reference to a patient.",
        "Give Patient/ID, or the whole address of the patient's resource.",
    )


def sources_of(eye: EyeResult) -> list[str]:
    """Hashes of the scans of an eye that were read, in the order in which they were given."""
    return [scan.scan.sha256 for scan in eye.scans]


def bundle_sources(content: Mapping[str, Any]) -> frozenset[str]:
    """Hashes of the scans that a bundle of this program is about; empty for any other bundle."""
    names = [
        entity["what"]["identifier"]["value"]
        for entry in content["entry"]
        if entry["resource"]["resourceType"] == "Provenance"
        for entity in entry["resource"].get("entity", ())
        if "identifier" in entity["what"]
    ]
    hashes = (name.removeprefix(_HASH_SCHEME) for name in names if name.startswith(_HASH_SCHEME))
    return frozenset(base64.urlsafe_b64decode(text + "=").hex() for text in hashes)


def is_own_bundle(content: Mapping[str, Any]) -> bool:
    """Whether a bundle is of this program, which signs where its resources come from."""
    provenances = [one["resource"] for one in content["entry"] if one["resource"]["resourceType"] == "Provenance"]
    return any(tag.get("system") == SYSTEM for one in provenances for tag in one.get("meta", {}).get("tag", ()))


@dataclass(frozen=True, slots=True)
class _Maker:
    """Gives resources their names.

    Attributes
    ----------
    subject
        Reference to the patient, or None.
    issued
        When the results were made, UTC.
    """

    subject: str | None
    issued: str

    @property
    def of_subject(self) -> dict[str, Any]:
        return {} if self.subject is None else {"subject": {"reference": self.subject}}

    def add(self, entries: dict[str, dict[str, Any]], stated: Sequence[object], content: dict[str, Any]) -> str:
        """Put a resource into the bundle, once, under a name that follows from what it states; returns that name."""
        kind = content["resourceType"]
        facts = _without_words([kind, self.subject, *stated])
        name = uuid.uuid5(NAMESPACE, json.dumps(facts, sort_keys=True, allow_nan=False))
        url = f"urn:uuid:{name}"
        # Servers put ids in the place of a fullUrl wherever it stands, in searches, too: the identifier is no such URL.
        identifier = {"system": SYSTEM, "value": str(name)}
        if kind == "Provenance":  # which has no identifier
            content = {**content, "meta": {"tag": [{"system": SYSTEM, "code": str(name)}]}}
            search = f"_tag={SYSTEM}|{name}"
        elif "identifier" in content:  # an identifier that others know it by
            search = "identifier={system}|{value}".format(**content["identifier"][0])
        else:
            content = {**content, "identifier": [identifier]}
            search = f"identifier={SYSTEM}|{name}"
        request = {"method": "POST", "url": kind, "ifNoneExist": search}
        entries[url] = {"fullUrl": url, "resource": content, "request": request}
        return url


def _without_words(value: Any) -> Any:
    """What is said, without the words that say it, so that other words in a later release name the same thing."""
    if isinstance(value, dict):
        return {key: _without_words(part) for key, part in value.items() if key not in ("display", "text")}
    return [_without_words(part) for part in value] if isinstance(value, list | tuple) else value


def _add_eye(maker: _Maker, entries: dict[str, dict[str, Any]], eye: EyeResult, studies: list[str]) -> None:
    model = eye.model
    versions = (__version__, model.sha256, model.look_sha256)
    device = maker.add(entries, ("device", *versions), _device(model))
    by_scan: dict[int, str] = {}
    observations = []
    study_references = [{"reference": url} for url in studies]
    for finding in findings_of(eye):
        of_scan = finding.code == "scan-cataract-fraction"
        derived = study_references if of_scan else [{"reference": by_scan[place]} for place in finding.scans]
        content = {
            **(numbered(finding.content, finding.scans[0] + 1) if of_scan else finding.content),
            **maker.of_subject,
            "issued": maker.issued,
            "device": {"reference": device},
            **({"derivedFrom": derived} if derived else {}),
        }
        stated = (finding.content, _about(eye, finding.scans, alone=of_scan), model.sha256, model.look_sha256)
        url = maker.add(entries, stated, content)
        observations.append(url)
        if of_scan:
            by_scan[finding.scans[0]] = url
    report = maker.add(
        entries, ("report", sorted(observations), eye.answer.value), _report(maker, eye, observations, studies)
    )
    targets = [*observations, report]
    maker.add(entries, ("provenance", sorted(targets)), _provenance(maker, eye, targets, device, studies))


def _about(eye: EyeResult, places: Sequence[int], *, alone: bool) -> list[Any]:
    """What tells a result from another of the same numbers; the order of the scans does not."""
    inputs = [_input(entry) for entry in eye.entries]
    if not alone:
        return sorted(inputs[place] for place in places)
    (place,) = places
    twins = inputs[:place].count(inputs[place])  # one file may hold several scans
    return [inputs[place], twins, [] if inputs[place] != _UNREAD else sorted(inputs)]


def _input(entry: ScanResult | UnreadableScan) -> tuple[str, str]:
    """Hashes of a scan and of its corrected label map."""
    if not isinstance(entry, ScanResult):
        return _UNREAD
    return entry.scan.sha256, "" if entry.correction is None else entry.correction.sha256


def _device(model: ModelFacts) -> dict[str, Any]:
    versions = {
        "software": __version__,
        "model": f"{model.version} ({model.precision})",
        "model sha256": model.sha256,
        "look sha256": model.look_sha256,
    }
    doubts = f" Its threshold is in doubt: {model.doubts}" if model.doubts else ""
    return {
        "resourceType": "Device",
        "status": "active",
        "deviceName": [
            {"name": "edge-cataract", "type": "user-friendly-name"},
            {"name": model.name, "type": "model-name"},
        ],
        "version": [{"type": {"text": text}, "value": value} for text, value in versions.items() if value],
        "note": [{"text": f"Trained on {model.trained_on.rstrip('.')}.{doubts} {DISCLAIMER}"}],
    }


def _report(maker: _Maker, eye: EyeResult, observations: list[str], studies: list[str]) -> dict[str, Any]:
    answer, reasons = eye.answer.value, eye.findings.conclusion.reasons
    because = f" [{', '.join(reasons)}]" if reasons else ""
    corrected = " A person corrected the labels." if eye.before is not None else ""
    return {
        "resourceType": "DiagnosticReport",
        "status": "preliminary",
        "category": [DIAGNOSTIC_IMAGING],
        "code": concept("cataract-report"),
        **maker.of_subject,
        "issued": maker.issued,
        "result": [{"reference": url} for url in observations],
        **({"imagingStudy": [{"reference": url} for url in studies]} if studies else {}),
        "conclusion": f"{_side(eye)}: {answer}. {ANSWERS[answer]}{because}{corrected} {DISCLAIMER}",
        "conclusionCode": [concept(f"answer-{answer}")],
    }


def _side(eye: EyeResult) -> str:
    return "Eye of unknown side" if eye.laterality is None else eye.laterality.value


def _provenance(maker: _Maker, eye: EyeResult, targets: list[str], device: str, studies: list[str]) -> dict[str, Any]:
    hashes = [digest for entry in eye.entries for digest in _input(entry) if digest]
    whats: list[dict[str, Any]] = [
        {"identifier": {"system": "urn:ietf:rfc:3986", "value": _named_by_hash(digest)}}
        for digest in dict.fromkeys(hashes)
    ]
    whats += [{"reference": url} for url in studies]
    return {
        "resourceType": "Provenance",
        "target": [{"reference": url} for url in targets],
        "recorded": maker.issued,
        "agent": [{"who": {"reference": device}}],
        "entity": [{"role": "source", "what": what} for what in whats],
    }


def _named_by_hash(sha256: str) -> str:
    return _HASH_SCHEME + base64.urlsafe_b64encode(bytes.fromhex(sha256)).decode("ascii").rstrip("=")
