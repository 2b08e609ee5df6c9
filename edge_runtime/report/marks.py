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
_HASHES = rb"((?: [0-9a-f]{64})+)"
_PAGE = re.compile(rb'<meta name="edge-cataract" content="report' + _HASHES + rb'">')
_PDF = re.compile(rb"%edge-cataract report" + _HASHES + rb"\n\Z")
SCANS_COLUMN = "scans_sha256"  # the last one of a table


def marked_pdf(content: bytes, scans: Iterable[str]) -> bytes:
    """A PDF with a comment behind its end, which readers pass over."""
    return content.rstrip(b"\n") + f"\n%edge-cataract report {' '.join(scans)}\n".encode("ascii")


def scans_of_report(path: str | os.PathLike[str]) -> frozenset[str] | None:
    """Hashes that a page or a table of this program names; None when the file is none, or cannot be read."""
    try:
        with open(path, "rb") as file:
            content = file.read(_MOST_BYTES)
        if content.startswith(b"%PDF-"):
            found = _PDF.search(content)
        elif content.startswith(b'"eye",'):
            return _scans_of_table(content.decode("utf-8"))
        else:
            found = _PAGE.search(content)
    except (OSError, ValueError, csv.Error):
        return None
    return None if found is None else frozenset(found[1].decode("ascii").split())


def _scans_of_table(text: str) -> frozenset[str] | None:
    rows = csv.DictReader(io.StringIO(text, newline=""))
    if not rows.fieldnames or rows.fieldnames[-1] != SCANS_COLUMN:
        return None
    return frozenset(sha256 for row in rows for sha256 in (row[SCANS_COLUMN] or "").split())
