"""What is kept of a document, and that nothing else can come along."""

from __future__ import annotations

import copy
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from edge_runtime.audit import AuditTrail
from edge_runtime.audit.entry import document_sha256, entry_of
from edge_runtime.errors import InternalError
from edge_runtime.version import __version__
from tests.edge_runtime.pictures import CATARACT_FRACTION

SECRET = "Erika-Mustermann"


def changed(document: dict[str, Any], place: tuple[str | int, ...], value: Any) -> dict[str, Any]:
    other: Any = copy.deepcopy(document)
    inner = other
    for step in place[:-1]:
        inner = inner[step]
    inner[place[-1]] = value
    return dict(other)


def test_hashes_numbers_and_words_are_kept(document: dict[str, Any]) -> None:
    entry = entry_of(document)
    assert entry["program"] == __version__
    assert entry["model_sha256"] == document["model"]["sha256"]
    assert entry["scans"][0]["sha256"] == document["scans"][0]["sha256"]
    assert entry["scans"][0]["cataract_fraction"] == pytest.approx(CATARACT_FRACTION)
    assert (entry["answer"], entry["decision"]) == (document["eye"]["answer"], document["eye"]["decision"])
    assert entry["codes"] == sorted({warning["code"] for warning in document["warnings"]})


def test_the_hash_of_a_document_is_that_of_its_file(document: dict[str, Any], tmp_path: Path) -> None:
    file = tmp_path / "scan.json"
    file.write_bytes(json.dumps(document, indent=2).encode() + b"\n")
    assert document_sha256(document) == hashlib.sha256(file.read_bytes()).hexdigest()


def test_no_text_of_a_person_and_no_name_of_a_file_is_kept(document: dict[str, Any], path: Path) -> None:
    other = changed(document, ("scans", 0, "source"), f"{SECRET}.png")
    other["exam"] = SECRET
    other["warnings"] = [{"code": "borderline", "message": SECRET, "source": SECRET}]
    other["model"] = {**other["model"], "name": SECRET, "trained_on": SECRET}
    AuditTrail(path).append(other)
    assert SECRET.encode() not in path.read_bytes()
    assert b"borderline" in path.read_bytes()


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("eye", "answer"), SECRET),
        (("eye", "answer"), "mustermann"),
        (("eye", "laterality"), SECRET),
        (("eye", "answer_reasons"), [SECRET]),
        (("eye", "decision"), None),
        (("eye", "cataract_fraction"), float("nan")),
        (("eye", "cataract_fraction"), "0.3"),
        (("eye", "cataract_fraction"), True),
        (("scans", 0, "sha256"), SECRET),
        (("scans", 0, "sha256"), "A" * 64),
        (("scans", 0, "reasons"), ["a-new-word"]),
        (("scans", 0, "gradable"), "yes"),
        (("scans",), [{}]),
        (("warnings",), [{"code": SECRET}]),
        (("model", "sha256"), None),
        (("model", "look_sha256"), SECRET),
        (("tool", "version"), "1 " + SECRET),
        (("created",), "yesterday"),
        (("created",), "2026-01-31T10:11:12Z\n"),
        (("eye", "grade"), {"value_db": 1.0, "step": 2, "word": SECRET}),
        (("eye",), None),
    ],
)
def test_a_value_that_this_program_does_not_write_is_refused(
    place: tuple[str | int, ...], value: Any, document: dict[str, Any], path: Path
) -> None:
    trail = AuditTrail(path)
    before = path.read_bytes()
    with pytest.raises(InternalError) as refused:
        trail.append(changed(document, place, value))
    assert refused.value.word == "not-recordable"
    assert path.read_bytes() == before


def test_an_answer_that_is_longer_than_a_line_may_be_is_no_usage_error(document: dict[str, Any], path: Path) -> None:
    trail = AuditTrail(path)
    before = path.read_bytes()
    with pytest.raises(InternalError, match=r"not-recordable.*1 MiB"):
        trail.append(changed(document, ("scans",), document["scans"] * 8000))
    assert path.read_bytes() == before
    trail.append(document)
    assert trail.head().count == 2


def test_a_scan_that_could_not_be_read_is_an_entry_with_its_reason(document: dict[str, Any]) -> None:
    other = changed(document, ("scans", 0), {**document["scans"][0], "sha256": None, "reasons": ["truncated-png"]})
    other["scans"][0].update(gradable=False, cataract_fraction=None)
    assert entry_of(other)["scans"] == [
        {"sha256": None, "gradable": False, "reasons": ["truncated-png"], "cataract_fraction": None}
    ]


def test_what_a_person_corrected_is_told_by_the_hash_of_the_labels(document: dict[str, Any]) -> None:
    other = changed(document, ("scans", 0, "corrected"), {"sha256": "a" * 64, "changed_px": 3, "before": {}})
    assert entry_of(other)["scans"][0]["corrected_sha256"] == "a" * 64
