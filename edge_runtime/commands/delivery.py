"""What a verb gives about a scan, or about the eyes of an exam: files, a record and a text; all of it, or nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edge_runtime.errors import UsageError
from edge_runtime.report.claims import Claim, claim_in, without_result
from edge_runtime.report.files import Writing, descriptor_of
from edge_runtime.report.targets import check_ownership

from .console import print_data

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from types import TracebackType
    from typing import Any, Self

    from edge_runtime.audit import AuditTrail
    from edge_runtime.report.targets import Target
    from edge_runtime.results import EyeResult


class Delivery:
    """Files are written beside their places as they are made, so that none is held in memory.

    At the end it is asked once more whether they may replace what is there, the answers are recorded, the files are
    put in their places together, and only then anything is printed.

    Parameters
    ----------
    overwrite
        Whether results of other scans may be replaced.
    audit
        The record of answers; None: not asked for.
    """

    def __init__(self, *, overwrite: bool, audit: AuditTrail | None = None) -> None:
        self._overwrite, self._audit = overwrite, audit
        self._writing = Writing()
        self._claims: dict[str, Claim | None] = {}
        self._checks: list[Callable[[], None]] = []
        self._names: set[str] = set()
        self._documents: list[Mapping[str, Any]] = []
        self._printed: list[str] = []

    def __enter__(self) -> Self:
        self._writing.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._writing.__exit__(kind, error, trace)

    def add(self, files: Mapping[str, bytes], eyes: Iterable[EyeResult]) -> None:
        """Write {path: content} about these eyes under temporary names.

        Raises
        ------
        OutputError, WriteError
            When a file cannot be created or written in full.
        """
        self._claims.update({path: claim_in(content) for path, content in files.items()})
        self._names |= without_result(source for eye in eyes for source in eye.sources)
        self._writing.stage(files)

    def add_unclaimed(self, files: Mapping[str, bytes], check: Callable[[], None]) -> None:
        """Write files under temporary names that say otherwise what they are about; `check` knows how."""
        self._checks.append(check)
        self._writing.stage(files)

    def record(self, document: Mapping[str, Any]) -> None:
        """Have a document recorded before anything is given."""
        self._documents.append(document)

    def say(self, text: str) -> None:
        """Have a text printed when everything is in its place, unless one of the files goes to standard output."""
        self._printed.append(text)

    def finish(self) -> None:
        """Give everything.

        Raises
        ------
        UsageError
            ``output-taken`` when somebody else has written there meanwhile.
        OutputError, WriteError
            When a file cannot be put in its place, the record cannot be written, or nothing can be printed.
        """
        self._writing.publish(self._permit)
        if not any(descriptor_of(path) == 1 for path in self._claims):
            for text in self._printed:
                print_data(text)

    def _permit(self) -> None:
        if not self._overwrite:
            for path, claim in self._claims.items():
                owners = None if claim is None else claim.owners | self._names
                check_ownership(path, owners, None if claim is None else claim.kind)
            for check in self._checks:
                check()
        for document in self._documents:
            if self._audit is not None:
                self._audit.append(document)


def check_standard_output(targets: Iterable[Target], *, json: bool) -> None:
    """Refuse to send a file and documents to standard output, where neither could be told from the other.

    Raises
    ------
    UsageError
        When both would go there.
    """
    if json and any(descriptor_of(target.path) == 1 for target in targets):
        raise UsageError("usage", "--json and another output go to standard output.", "Write one of them into a file.")
