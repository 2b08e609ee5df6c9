"""Read an audit from its first line to its last, and find whatever was changed. Standard library only."""

from __future__ import annotations

import os
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING

from edge_runtime.errors import AuditError, ScanMissingError, UsageError
from edge_runtime.locked_file import unwritten

from .line import MAX_LINE_BYTES, Head, is_beginning, is_mac_of, is_torn, unseal
from .parts import full_parts
from .tail import MAX_TORN_BYTES, torn_facts

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from typing import Any, BinaryIO

    from .line import Line


@dataclass(frozen=True, slots=True)
class Place:
    """Where a line stands.

    Attributes
    ----------
    file
        Name of the file, without its folder.
    number
        Number of the line in it, from 1.
    """

    file: str
    number: int

    def __str__(self) -> str:
        return f"Line {self.number} of {self.file}"


@dataclass(frozen=True, slots=True)
class Proven:
    """A line that is as it was written, and where it stands."""

    line: Line
    place: Place

    @property
    def fields(self) -> dict[str, Any]:
        """What the line holds."""
        return self.line.fields


def proven_lines(path: str, *, key: bytes | None = None, expected: Sequence[Head] = ()) -> Iterator[Proven]:
    """Every line of an audit with its full parts, one after the other, each after it was proven.

    Parameters
    ----------
    path
        The file that is written; its full parts lie beside it.
    key
        What signs the lines; None: signatures are not looked at.
    expected
        Heads that were kept elsewhere, and that the audit must go through.

    Raises
    ------
    AuditError
        ``damaged-audit`` where a line is not as it was written, or lines are missing, moved or added;
        ``unfinished-audit`` where the last line is torn, and no later one tells of it, or there is none;
        ``shortened-audit`` where the audit does not go through a head that was kept; ``not-an-audit``.
    ScanMissingError
        ``missing-file`` when there is no file.
    UsageError
        ``audit-key`` when a key was given, and the audit was begun without.
    """
    chain = _Chain(key)
    kept = {head.count: head for head in expected}
    if len(kept) < len(set(expected)):
        raise UsageError("usage", "Two heads that contradict each other are expected.", "Name the one you trust.")
    for name, file, size in _files(path):
        for proven in chain.through(_lines(os.path.basename(name), file, size), may_be_torn=name == path):
            here = proven.line.head
            if kept.get(here.count, here) != here:
                raise _shortened(f"{proven.place} is not the one that was kept as number {here.count}.")
            yield proven
    count = max(kept, default=0)
    if count > chain.head.count:
        raise _shortened(f"The audit ends with line number {chain.head.count}, and once had {count}.")
    if not chain.head.count:
        raise AuditError(
            "unfinished-audit",
            "The audit holds no line: power was lost while it began, or it was emptied.",
            "If it is a new one, go on: the next answer begins it.",
            lost="Nothing was proved.",
        )


class _Chain:
    """The lines so far, and what was torn since the last whole one."""

    def __init__(self, key: bytes | None) -> None:
        self.head = Head()
        self._key = key
        self._keyed: bool | None = None  # as the first line says
        self._torn = b""
        self._torn_at: Place | None = None

    def through(self, lines: Iterable[tuple[Place, bytes]], *, may_be_torn: bool) -> Iterator[Proven]:
        """Every line of a file, after it was proven."""
        for place, text in lines:
            line = unseal(text)
            if line is not None:
                self._check(line, place)
                self.head = line.head
                self._torn, self._torn_at = b"", None
                yield Proven(line, place)
            elif is_torn(text) and len(self._torn) + len(text) <= MAX_TORN_BYTES:
                self._torn_at = self._torn_at or place
                self._torn += text
            else:
                raise _damaged(place, "is not as it was written")
        if self._torn_at is not None:
            if not may_be_torn:
                raise _damaged(self._torn_at, "is not as it was written")
            if not self.head.count and not is_beginning(self._torn):
                raise AuditError("not-an-audit", "The file is no audit.", "Check its path.", lost="Nothing was proved.")
            raise AuditError(
                "unfinished-audit",
                f"{self._torn_at} is unfinished, as after a loss of power, or where a person cut it.",
                "If power was lost, go on: the next line will record it.",
                lost="What stands before it is intact.",
            )

    def _check(self, line: Line, place: Place) -> None:
        """Whether it is the line that was written after the last one."""
        told = line.fields.get("torn")
        if told != (torn_facts(self._torn) if self._torn else None):
            raise _damaged(self._torn_at or place, "is not as it was written")
        if not line.follows(self.head):
            raise _damaged(place, f"does not follow line number {self.head.count}: lines were removed, added or moved")
        if self._keyed is None:
            self._keyed = line.mac is not None
            if self._key is not None and not self._keyed:
                raise UsageError("audit-key", "The audit was begun without a key.", "Leave out the key.")
        if self._keyed != (line.mac is not None) or (self._key is not None and not is_mac_of(line, self._key)):
            raise _damaged(place, "was not signed with the key")


def _files(path: str) -> Iterator[tuple[str, BinaryIO, int]]:
    """Every file, opened, and how much of it is read: what is appended or renamed meanwhile is not looked at.

    Raises
    ------
    ScanMissingError
        ``missing-file``, or ``unreadable-file``.
    """
    try:
        with ExitStack() as opened:
            last, full, size = _at_one_moment(path, opened)
            for part in full:
                with open(part, "rb") as file:
                    yield part, file, os.fstat(file.fileno()).st_size
            if last is not None:
                yield path, last, size
    except OSError as error:
        raise ScanMissingError(
            "unreadable-file", f"The audit cannot be read: {error.strerror or 'unknown reason'}.", "Check its path."
        ) from error
    if last is None and not full:
        raise ScanMissingError("missing-file", "There is no such audit.", "Check its path.")


def _at_one_moment(path: str, opened: ExitStack) -> tuple[BinaryIO | None, list[str], int]:
    """The file that is written, the names of the full parts, and the size of the file, while nobody writes."""
    while True:
        try:
            file = opened.enter_context(open(path, "rb"))  # noqa: SIM115  # the stack closes it
            with unwritten(file):
                if os.path.samestat(os.fstat(file.fileno()), os.stat(path)):
                    return file, full_parts(path), os.fstat(file.fileno()).st_size
        except FileNotFoundError:  # a new part has not begun yet, perhaps
            full = full_parts(path)
            if not os.path.exists(path):
                return None, full, 0


def _lines(name: str, file: BinaryIO, size: int) -> Iterator[tuple[Place, bytes]]:
    """Every line of a file; the last one gets a line feed where it has none."""
    number = 0
    while size > 0 and (text := file.readline(min(size, MAX_LINE_BYTES + 1))):
        size -= len(text)
        number += 1
        whole = text.endswith(b"\n")
        if not whole and size > 0:
            raise _damaged(Place(name, number), "is longer than any line")
        yield Place(name, number), text if whole else text + b"\n"


def _damaged(place: Place, how: str) -> AuditError:
    return AuditError(
        "damaged-audit",
        f"{place} {how}.",
        "Keep the file as evidence, and compare it with a copy from elsewhere.",
        lost="What stands before it is intact.",
    )


def _shortened(found: str) -> AuditError:
    return AuditError(
        "shortened-audit",
        found,
        "Keep the file as evidence, and compare it with a copy from elsewhere.",
        lost="It was cut off or written anew.",
    )
