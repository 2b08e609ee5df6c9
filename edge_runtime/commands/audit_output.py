"""The option of verbs that give answers: a record of every one, before it goes anywhere."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from edge_runtime.errors import UsageError

from .arguments import path_argument

if TYPE_CHECKING:
    import argparse

    from edge_runtime.audit import AuditTrail
    from edge_runtime.results import EyeResult


@dataclass(frozen=True, slots=True)
class AuditOptions:
    """Where answers are recorded.

    Attributes
    ----------
    path
        The audit; None: not asked for.
    key
        The file of the key that signs it; None: it is not signed.
    """

    path: str | None = None
    key: str | None = None

    @classmethod
    def of(cls, options: argparse.Namespace) -> AuditOptions:
        """The options that `add_audit_options` declared.

        Raises
        ------
        UsageError
            When there is a key and no audit.
        """
        if options.audit is None and options.audit_key is not None:
            raise UsageError("usage", "--audit-key was given without --audit.", "Give both.")
        return cls(options.audit, options.audit_key)

    def open(self) -> AuditTrail | None:
        """Open the audit, or begin one, before any work; it raises as `AuditTrail` does."""
        if self.path is None:
            return None
        from edge_runtime.audit import AuditTrail

        return AuditTrail(self.path, key=self.key)


NO_AUDIT = AuditOptions()


def record(audit: AuditTrail | None, eye: EyeResult, created: str | None = None) -> str | None:
    """Record a result, where that was asked for, before it goes anywhere; returns the time that its document states.

    Parameters
    ----------
    audit
        The record; None: not asked for.
    eye
        The result.
    created
        The UTC time of its document; None: now.
    """
    if audit is None:
        return created
    from edge_runtime.report.document import document

    content = document(eye, created=created)
    audit.append(content)
    return str(content["created"])


def add_audit_options(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    recorded = parser.add_argument_group("record of answers")
    recorded.add_argument(
        "--audit",
        type=path_argument,
        metavar="PATH",
        help="append every answer to this record, which nobody can change unseen: hashes and numbers, no names",
    )
    recorded.add_argument("--audit-key", type=path_argument, metavar="FILE", help="the key that signs the record")
