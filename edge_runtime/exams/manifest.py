"""A table that says which scan belongs to which exam and eye: ``path, exam, eye, meridian_deg``."""

from __future__ import annotations

import math
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from edge_runtime.errors import ScanMissingError, UsageError

from .grouping import exams_of, labels_by_name
from .names import MOST_DEGREES, eye_in
from .planned import PlannedExam, PlannedScan
from .tables import Row, read_table

if TYPE_CHECKING:
    from edge_runtime.scan import Laterality

COLUMNS = ("path", "exam", "eye", "meridian_deg")
SUFFIX = ".csv"
_MOST_FAULTS = 5  # that one message names


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a manifest says.

    Attributes
    ----------
    exams
        In the order of their first rows; the scans of each in the order of theirs.
    one
        All scans as one exam, in order; None where rows name several exams.
    not_read
        Its columns that have no meaning here.
    """

    exams: tuple[PlannedExam, ...]
    one: PlannedExam | None
    not_read: tuple[str, ...]


def is_manifest(path: str) -> bool:
    """Whether a path is that of a table, by its ending."""
    return os.path.splitext(path)[1].casefold() == SUFFIX


def read_manifest(path: str) -> Manifest:
    """Read a manifest. Only `path` must be there; paths are relative to its folder.

    A row without an exam is grouped by its folder and name, one without an eye by header and name.

    Raises
    ------
    ScanMissingError
        Where there is no such file.
    UsageError
        ``bad-manifest``, with every fault up to five.
    """
    if not os.path.isfile(path):
        raise ScanMissingError("missing-file", "There is no such manifest.", "Check the path.")
    faults: list[str] = []
    rows = read_table(Path(path), COLUMNS[:1], faults, optional=COLUMNS[1:])
    name, folder = os.path.basename(path), os.path.dirname(path)
    scans = [_scan(row, folder, name, faults) for row in rows]
    _check_once(rows, scans, name, faults)
    if not rows and not faults:
        faults.append(f"{name}: has no rows")
    if faults:
        more = f" (and {len(faults) - _MOST_FAULTS} more)" if len(faults) > _MOST_FAULTS else ""
        raise UsageError("bad-manifest", "; ".join(faults[:_MOST_FAULTS]) + more + ".", "Correct the table.")
    by_name = labels_by_name([scan.path for scan in scans], folder or os.curdir)
    written = [row.get("exam") for row in rows]
    labels = [label or other for label, other in zip(written, by_name, strict=True)]
    not_read = dict.fromkeys(column for row in rows for column in row.cells if column not in COLUMNS)
    named = set(written)
    one = PlannedExam(written[0], tuple(scans)) if len(named) == 1 else None
    return Manifest(exams_of(zip(labels, scans, strict=True)), one, tuple(not_read))


def _scan(row: Row, folder: str, name: str, faults: list[str]) -> PlannedScan:
    where = f"{name}, line {row.line}"
    if not row["path"]:
        faults.append(f"{where}: path is empty")
    if not row["path"].isprintable():
        faults.append(f"{where}: path has control characters")
    written = row.get("eye")
    eye: Laterality | None = eye_in(written)
    if written and eye is None:
        faults.append(f"{where}: eye {written!r} is neither OD nor OS")
    path = os.path.join(folder, row["path"])
    path = os.path.join(os.curdir, path) if path == "-" else path  # a file of that name, and not standard input
    holder = os.path.basename(os.path.dirname(path))
    return PlannedScan(path, (holder,) if holder else (), eye, _meridian(row.get("meridian_deg"), where, faults))


def _meridian(written: str, where: str, faults: list[str]) -> float | None:
    if not written:
        return None
    try:
        degrees = float(written)
    except ValueError:
        degrees = math.nan
    if not 0 <= degrees <= MOST_DEGREES:
        faults.append(f"{where}: meridian_deg {written!r} is no number from 0 to {MOST_DEGREES:g}")
        return None
    return degrees


def _check_once(rows: list[Row], scans: list[PlannedScan], name: str, faults: list[str]) -> None:
    first: dict[str, int] = {}
    for row, scan in zip(rows, scans, strict=True):
        line = first.setdefault(os.path.normpath(scan.path), row.line)
        if line != row.line:
            faults.append(f"{name}, line {row.line}: the path of line {line} again")
