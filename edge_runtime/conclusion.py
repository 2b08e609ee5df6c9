"""Conclude: judge the scans of one eye together, with the warnings that a reader needs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edge_runtime.measure.decision import judge
from edge_runtime.measure.quality import Notice

from .results import EyeResult, ScanResult, UnreadableScan

if TYPE_CHECKING:
    from collections.abc import Sequence

    from edge_runtime.measure.decision import OperatingPoint

    from .results import ModelFacts
    from .scan import Laterality


def eye_result(
    entries: Sequence[ScanResult | UnreadableScan],
    point: OperatingPoint,
    model: ModelFacts,
    *,
    laterality: Laterality | None,
    scans_expected: int,
) -> EyeResult:
    """Judge the scans of one eye together: its Cataract Fraction is the mean over the gradable ones."""
    scans = [entry for entry in entries if isinstance(entry, ScanResult)]
    judgement = judge([scan.cataract_fraction for scan in scans if scan.cataract_fraction is not None], point)
    notices = [notice for scan in scans for notice in scan.notices]
    notices += [
        Notice("unreadable-scan", f"{entry.source} could not be analysed: {entry.error.word}.")
        for entry in entries
        if isinstance(entry, UnreadableScan)
    ]
    used = sum(scan.gradable for scan in scans)
    if used < scans_expected:
        notices.append(Notice("fewer-scans-than-expected", f"{used} of {scans_expected} scans could be graded."))
    if len(entries) > scans_expected:
        notices.append(
            Notice("more-scans-than-expected", f"{len(entries)} scans were given, {scans_expected} expected.")
        )
    if judgement.borderline:
        notices.append(Notice("borderline", "The Cataract Fraction is too close to the threshold to decide by it."))
    return EyeResult(
        entries=tuple(entries),
        model=model,
        laterality=laterality,
        scans_expected=scans_expected,
        point=point,
        judgement=judgement,
        notices=tuple(notices),
    )
