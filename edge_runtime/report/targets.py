"""Which files may be written: nothing is lost but this program's own result for the same scan."""

from __future__ import annotations

import hashlib
import json
import os
import stat
from collections.abc import Sequence
from dataclasses import dataclass

from edge_runtime.errors import OutputError, UsageError

from .files import is_special
from .marks import scans_of_report
from .png import picture_mark

_STANDARD_INPUT = "-"
_SCHEMA_START = "edge-cataract/result/"
_MOST_BYTES = 16 << 20  # of a document, and of a scan that is hashed before it is read


@dataclass(frozen=True, slots=True)
class Target:
    """A file that is to be written.

    Attributes
    ----------
    path
        Where.
    scans
        Paths of the scans that it is about.
    """

    path: str
    scans: tuple[str, ...]


def check_targets(targets: Sequence[Target], inputs: Sequence[str], *, overwrite: bool = False) -> None:
    """Before any work: every target can be created, and none would replace what is not this program's to replace.

    Parameters
    ----------
    targets
        What is to be written.
    inputs
        Every file that is read.
    overwrite
        Whether results of other scans, and files of other programs, may be replaced. Inputs never are.

    Raises
    ------
    UsageError
        ``output-taken``.
    OutputError
        When a folder is missing, read-only or no folder.
    """
    taken = {os.path.realpath(path) for path in inputs if path != _STANDARD_INPUT}
    identities = {identity for path in inputs if (identity := _identity(path)) is not None}
    for target in targets:
        place = os.path.realpath(target.path)
        if place in taken or os.path.isdir(place) or _identity(place) in identities:
            raise _taken(f"{os.path.basename(place)!r} would replace an input, a folder, or another output.")
        taken.add(place)
        if is_special(target.path):
            if os.access(target.path, os.W_OK):
                continue
            raise _no_folder()
        folder = os.path.dirname(place)
        if not os.path.isdir(folder) or not os.access(folder, os.W_OK | os.X_OK):
            raise _no_folder()
        if not overwrite:
            check_ownership(target.path, _hashes(target))


def check_ownership(path: str, scans: frozenset[str] | None) -> None:
    """Refuse to replace a file that is no result of this program for one of these scans.

    Parameters
    ----------
    path
        The target; where there is no file, or an empty one, nothing is lost.
    scans
        Hashes of the scans that the new file is about; None when they are not known yet.

    Raises
    ------
    UsageError
        ``output-taken``.
    """
    try:
        if not os.path.getsize(path):
            return
    except OSError:
        return
    owners = _owners(path)
    if owners is None:
        raise _taken(f"{os.path.basename(path)!r} is there already, and no result of this program.")
    if scans is not None and not owners & scans:
        raise _taken(f"{os.path.basename(path)!r} is there already: the result of another scan.")


def _owners(path: str) -> frozenset[str] | None:
    """Hashes of the scans that a result is about; None when the file is no result of this program."""
    mark = picture_mark(path)
    if mark is not None:
        return frozenset({mark.scan_sha256})
    reported = scans_of_report(path)
    if reported is not None:
        return reported
    try:
        if os.path.getsize(path) > _MOST_BYTES:
            return None
        with open(path, "rb") as file:
            content = json.loads(file.read())
        if content.get("resourceType") == "Bundle":
            from .fhir.bundle import bundle_sources

            return bundle_sources(content) or None
        if not str(content["schema"]).startswith(_SCHEMA_START):
            return None
        return frozenset(str(scan["sha256"]) for scan in content["scans"] if scan["sha256"])
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None


def _hashes(target: Target) -> frozenset[str] | None:
    """Hashes of the scans of a target that exists; None when one of them cannot be read before its turn."""
    if not os.path.exists(target.path):
        return frozenset()
    found = set()
    for path in target.scans:
        if path == _STANDARD_INPUT:
            return None
        try:
            with open(path, "rb") as file:
                found.add(hashlib.file_digest(file, "sha256").hexdigest())
        except OSError:
            continue  # it will be refused when its turn comes
    return frozenset(found) or None


def _identity(path: str) -> tuple[int, int] | None:
    """Device and number of a file, which links to it share; None where there is none."""
    try:
        status = os.fstat(0) if path == _STANDARD_INPUT else os.stat(path)
    except OSError:
        return None
    return (status.st_dev, status.st_ino) if status.st_ino and stat.S_ISREG(status.st_mode) else None


def _taken(found: str) -> UsageError:
    return UsageError("output-taken", found, "Name another output (an exam: --name), or add --overwrite.")


def _no_folder() -> OutputError:
    return OutputError(
        "output-folder", "The folder of an output is missing or cannot be written.", "Create it, or name another."
    )
