"""What a result says of itself: which kind of file it is, about which scans, and whether it is still as written."""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from edge_runtime.printable import printable
from edge_runtime.reading.picture_mark import is_altered, mark_in

from .marks import UNREAD, report_in

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from edge_runtime.results import EyeResult

DOCUMENT, BUNDLE = "document", "bundle"  # besides the kinds of `marks.report_in`, and those of pictures
_SCHEMA_START = "edge-cataract/result/"
_MOST_BYTES = 64 << 20
_FRAME = re.compile(r"#\d+\Z")


@dataclass(frozen=True, slots=True)
class Claim:
    """What a file of this program is.

    Attributes
    ----------
    kind
        ``document``, ``bundle``, ``table``, ``report``, ``comparison``, or the word of a picture's mark.
    owners
        The scans that it is about: hashes of those that were read. One that could not be read is `UNREAD`; in a
        document, which names it, it is `named`.
    altered
        Whether somebody changed it after this program wrote it, as far as it can tell.
    """

    kind: str
    owners: frozenset[str]
    altered: bool = False


def named(source: str) -> str:
    """What stands in a document for a scan that could not be read, of which nothing is known but its name."""
    return "named:" + printable(os.path.basename(_FRAME.sub("", source)))


def owners_of(eyes: Iterable[EyeResult]) -> list[str]:
    """The scans that a file about these eyes is about, in order and each once, as a mark of it says."""
    from edge_runtime.results import ScanResult

    entries = [entry for eye in eyes for entry in eye.entries]
    return list(dict.fromkeys(one.scan.sha256 if isinstance(one, ScanResult) else UNREAD for one in entries))


def without_result(sources: Iterable[str]) -> frozenset[str]:
    """What earlier results of these scans may say of them, if they could not be read at that time: nothing is lost."""
    return frozenset({UNREAD, *(named(source) for source in sources)})


def claim_of(path: str) -> Claim | None:
    """What a file says of itself; None when it is no result of this program, or cannot be read."""
    try:
        with open(path, "rb") as file:
            content = file.read(_MOST_BYTES + 1)
    except OSError:
        return None
    return claim_in(content) if len(content) <= _MOST_BYTES else None


def claim_in(content: bytes) -> Claim | None:
    """What the content of a file says of itself; None when it is no result of this program."""
    mark = mark_in(content)
    if mark is not None:
        return Claim(mark.picture, frozenset(mark.scans), is_altered(content, mark))
    report = report_in(content)
    if report is not None:
        return Claim(*report)
    try:
        found = json.loads(content)
        if found.get("resourceType") == "Bundle":
            return _of_bundle(found)
        return Claim(DOCUMENT, _of_document(found)) if str(found["schema"]).startswith(_SCHEMA_START) else None
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None


def _of_document(content: Mapping[str, Any]) -> frozenset[str]:
    return frozenset(str(scan["sha256"]) if scan["sha256"] else named(str(scan["source"])) for scan in content["scans"])


def _of_bundle(content: Mapping[str, Any]) -> Claim | None:
    """A bundle of which no scan could be read names none."""
    from .fhir.bundle import bundle_sources, is_own_bundle

    return Claim(BUNDLE, bundle_sources(content)) if is_own_bundle(content) else None
