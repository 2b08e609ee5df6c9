"""Which files may be written: nothing is lost but this program's own result for the same scan."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Sequence
from dataclasses import dataclass

from edge_runtime.errors import OutputError, UsageError

from .claims import claim_of, without_result
from .files import descriptor_of, is_special

_STANDARD_INPUT = "-"


@dataclass(frozen=True, slots=True)
class Target:
    """A file that is to be written.

    Attributes
    ----------
    path
        Where.
    scans
        Paths of the scans that it is about.
    kind
        What it will be, as `claims.Claim.kind`; None: any.
    """

    path: str
    scans: tuple[str, ...]
    kind: str | None = None


def check_targets(targets: Sequence[Target], inputs: Sequence[str], *, overwrite: bool = False) -> None:
    """Before any work: every target can be created, and none would replace what is not this program's to replace.

    Parameters
    ----------
    targets
        What is to be written.
    inputs
        Every file that is read, or that must not be written for other reasons; ``-`` is standard input.
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
    hashes: dict[str, str | None] = {}
    for target in sorted(targets, key=lambda target: descriptor_of(target.path) is None):
        descriptor = descriptor_of(target.path)
        place = os.path.realpath(target.path) if descriptor is None else f"descriptor {descriptor}"
        identity = _identity(target.path if descriptor is None else descriptor)
        if place in taken or os.path.isdir(place) or identity in identities:
            raise UsageError(
                "output-taken",
                f"{os.path.basename(target.path)!r} would replace an input, a folder, or another output.",
                "Name another output.",
            )
        taken.add(place)
        if descriptor is not None:
            if not _was_given(descriptor):
                raise _no_folder()
            identities.update([] if identity is None else [identity])
            continue
        if is_special(target.path):
            if os.access(target.path, os.W_OK):
                continue
            raise _no_folder()
        folder = os.path.dirname(place)
        if not os.path.isdir(folder) or not os.access(folder, os.W_OK | os.X_OK):
            raise _no_folder()
        if not overwrite:
            check_ownership(target.path, _owners(target, hashes), target.kind)


def check_ownership(path: str, owners: frozenset[str] | None, kind: str | None = None) -> None:
    """Refuse to replace a file that holds more than an earlier result of the same kind for these scans.

    Parameters
    ----------
    path
        The target; where there is no file, or an empty one, nothing is lost, nor in a device or a pipe.
    owners
        What the new file is about, as `claims.Claim.owners`; None when that is not known yet.
    kind
        As `claims.Claim.kind`; None: any.

    Raises
    ------
    UsageError
        ``output-taken``.
    """
    try:
        if is_special(path) or not os.path.getsize(path):
            return
    except OSError:
        return
    name = repr(os.path.basename(path))
    found = claim_of(path)
    if found is None:
        raise _taken(f"{name} is there already, and no result of this program.")
    if kind is not None and found.kind != kind:
        raise _taken(f"{name} is there already: a result of another kind.")
    if found.altered:
        raise _taken(f"{name} was changed since this program wrote it.")
    if owners is None or found.owners <= owners:
        return
    if found.owners & owners:
        raise _taken(f"{name} is there already: a result of further scans, too.")
    raise _taken(f"{name} is there already: the result of another scan.")


def _owners(target: Target, hashes: dict[str, str | None]) -> frozenset[str] | None:
    """What a target will be about, as far as its scans say it before they are read; None when one of them cannot."""
    for path in target.scans:
        if path == _STANDARD_INPUT:
            return None
        if path not in hashes:
            hashes[path] = _hash(path)
    found = {sha256 for path in target.scans if (sha256 := hashes[path]) is not None}
    return without_result(target.scans) | found


def _hash(path: str) -> str | None:
    """The hash of a file; None when it cannot be read: it will be refused when its turn comes."""
    try:
        with open(path, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return None


def _identity(path: str | int) -> tuple[int, int] | None:
    """Device and number of a file, or of that of an open descriptor, which links to it share; None without one."""
    try:
        status = os.stat(0 if path == _STANDARD_INPUT else path)
    except OSError:
        return None
    return (status.st_dev, status.st_ino) if status.st_ino and stat.S_ISREG(status.st_mode) else None


def _was_given(descriptor: int) -> bool:
    """Whether a descriptor is one that this process was started with, and no file that it has opened itself."""
    try:
        return os.get_inheritable(descriptor)
    except OSError:
        return False


def _taken(found: str) -> UsageError:
    return UsageError("output-taken", found, "Name another output (an exam: --name), or add --overwrite.")


def _no_folder() -> OutputError:
    return OutputError(
        "output-folder", "The folder of an output is missing or cannot be written.", "Create it, or name another."
    )
