"""How verbs that analyse scans end: their exit codes, and why a scan was not graded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .console import say

if TYPE_CHECKING:
    from edge_runtime.results import EyeResult, ScanResult

EXIT_NOT_GRADED, EXIT_SOME_FAILED = 3, 4


def explain(result: ScanResult, eye: EyeResult) -> None:
    """Say on standard error why a scan was not graded, and what to do where that fits the other scans of the eye."""
    from edge_runtime.codes import ADVICE, REASONS
    from edge_runtime.report.advice import advised, reasons_to_show

    shown, fits = reasons_to_show(result.reasons), advised(eye)
    reasons = [f"[{reason}] {REASONS[reason]}" for reason in shown]
    advice = dict.fromkeys(ADVICE[reason] for reason in shown if reason in fits)
    say(f"{result.scan.source}: not graded: {' '.join([*reasons, *advice])}")
