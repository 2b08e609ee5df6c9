"""How verbs that analyse scans end: their exit codes, and why a scan was not graded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .console import say

if TYPE_CHECKING:
    from edge_runtime.results import ScanResult

EXIT_NOT_GRADED, EXIT_SOME_FAILED = 3, 4


def explain(result: ScanResult) -> None:
    """Say on standard error why a scan was not graded, and what to do; a kind of picture stands for all reasons."""
    from edge_runtime.codes import ADVICE, REASONS
    from edge_runtime.measure.quality import NOT_GRADED

    told = [reason for reason in result.reasons if reason in NOT_GRADED.values()] or result.reasons
    reasons = " ".join(f"[{reason}] {REASONS[reason]}" for reason in told)
    advice = " ".join(dict.fromkeys(ADVICE[reason] for reason in told))
    say(f"{result.scan.source}: not graded: {reasons} {advice}")
