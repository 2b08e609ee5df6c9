"""Pages and tables say which scans they are about, so that a result is replaced only by one of the same scans."""

from __future__ import annotations

import csv
import io
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable

_MOST_BYTES = 64 << 20
UNREAD = "unread"  # in place of the hash of a scan that could not be read
REPORT, COMPARISON, TABLE = "report", "comparison", "table"
_SCANS = rb"(report|comparison)((?: (?:unread|[0-9a-f]{64}))+)"
_PAGE = re.compile(rb'<meta name="edge-cataract" content="' + _SCANS + rb'">')
_PDF = re.compile(rb"%edge-cataract " + _SCANS + rb"\n\Z")
SCANS_COLUMN = "scans_sha256"  # the last one of a table


def marked_pdf(content: bytes, scans: Iterable[str], kind: str = REPORT) -> bytes:
    """A PDF with a comment behind its end, which readers pass over."""
    return content.rstrip(b"\n") + f"\n%edge-cataract {kind} {' '.join(scans)}\n".encode("ascii")


def scans_of_report(path: str | os.PathLike[str]) -> frozenset[str] | None:
    """The scans that a page or a table of this program names; None when the file is none, or cannot be read."""
    try:
        with open(path, "rb") as file:
            found = report_in(file.read(_MOST_BYTES))
    except OSError:
        return None
    return None if found is None else found[1]


def report_in(content: bytes) -> tuple[str, frozenset[str]] | None:
    """The kind of a page or a table, and the scans that it names; None when the content is none of this program."""
    try:
        if content.startswith(b'"eye",'):
            return _table(content.decode("utf-8"))
    except (ValueError, csv.Error):
        return None
    found = (_PDF if content.startswith(b"%PDF-") else _PAGE).search(content)
    return None if found is None else (found[1].decode("ascii"), frozenset(found[2].decode("ascii").split()))


def _table(text: str) -> tuple[str, frozenset[str]] | None:
    rows = csv.DictReader(io.StringIO(text, newline=""))
    if not rows.fieldnames or rows.fieldnames[-1] != SCANS_COLUMN:
        return None
    return TABLE, frozenset(scan for row in rows for scan in (row[SCANS_COLUMN] or "").split())
