"""The option of verbs that give answers: a record of every one, before it goes anywhere."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from edge_runtime.errors import UsageError

from .arguments import path_argument

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from edge_runtime.audit import AuditTrail
    from edge_runtime.report.targets import Target


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
            When there is a key and no audit, or the audit would go to standard output.
        """
        if options.audit == "-":
            raise UsageError("usage", "--audit - was given.", "Name a file: a record is continued.")
        if options.audit is None and options.audit_key is not None:
            raise UsageError("usage", "--audit-key was given without --audit.", "Give both.")
        return cls(options.audit, options.audit_key)

    def files(self, targets: Sequence[Target] = ()) -> list[str]:
        """The files of the audit, and its key, none of which an output may replace.

        Parameters
        ----------
        targets
            What is to be written: what has the name of a part of the audit would be taken for one.
        """
        from edge_runtime.audit.parts import is_part

        named = [path for path in (self.path, self.key) if path is not None]
        return named + [one.path for one in targets if self.path is not None and is_part(one.path, self.path)]

    def open(self) -> AuditTrail | None:
        """Open the audit, or begin one, before any work; it raises as `AuditTrail` does."""
        if self.path is None:
            return None
        from edge_runtime.audit import AuditTrail

        return AuditTrail(self.path, key=self.key)


NO_AUDIT = AuditOptions()


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
