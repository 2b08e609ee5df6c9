"""The files that a verb must never write as an output: what it reads, and what it keeps for other ends."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from .audit_output import NO_AUDIT, AuditOptions

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from edge_runtime.report.targets import Target

    from .arguments import AnalyzerOptions


def files_to_keep(
    given: Iterable[str | None],
    analyzer: AnalyzerOptions,
    audit: AuditOptions = NO_AUDIT,
    *,
    targets: Sequence[Target] = (),
    slots: str | None = None,
) -> list[str]:
    """Paths that `check_targets` must keep, with or without --overwrite.

    Parameters
    ----------
    given
        What the verb was given by the user: scans, manifests, label maps, files of a token or a key; None: not given.
    analyzer
        Names the model and the profile.
    audit
        The audit with its full parts, and its key.
    targets
        What is to be written, since the next part of an audit has a name already.
    slots
        The folder of models.
    """
    kept = [*(path for path in given if path is not None), *analyzer.files, *audit.files(targets)]
    for folder, _, names in os.walk(slots) if slots is not None else ():
        kept += [os.path.join(folder, name) for name in names]
    return kept


def check_audit(audit: AuditOptions, kept: Sequence[str]) -> None:
    """Before any work of a verb that writes nothing else under names of the user: the audit is none of its files.

    Raises
    ------
    UsageError
        ``output-taken``.
    OutputError
        When its folder is missing or read-only.
    """
    from edge_runtime.report.targets import Target, check_targets

    if audit.path is not None:
        keys = [] if audit.key is None else [audit.key]
        check_targets([Target(audit.path, ())], [*kept, *keys], overwrite=True)
