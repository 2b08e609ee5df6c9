"""Conclude: judge the scans of one eye together, with the warnings that a reader needs."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from edge_runtime.measure.coefficients import coefficients_of
from edge_runtime.measure.decision import judge
from edge_runtime.measure.findings import find
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
    further: Sequence[Notice] = (),
    age_years: float | None = None,
) -> EyeResult:
    """Judge the scans of one eye together: its Cataract Fraction is the mean over the gradable ones.

    Parameters
    ----------
    entries
        Every scan that was given.
    point, model
        Operating point, and the model that labelled the scans.
    laterality
        Which eye; None when it is not known.
    scans_expected
        Radial scans that a complete exam has.
    further
        Warnings about the exam as a whole.
    age_years
        Age of the patient; it changes only the nuclear grade and its interval.
    """
    scans = [entry for entry in entries if isinstance(entry, ScanResult)]
    fractions = [scan.cataract_fraction for scan in scans if scan.cataract_fraction is not None]
    judgement = judge(fractions, point)
    notices = [replace(notice, source=scan.scan.source) for scan in scans for notice in scan.notices]
    notices += [
        Notice("unreadable-scan", f"It could not be analysed: {entry.error.word}.", entry.source)
        for entry in entries
        if isinstance(entry, UnreadableScan)
    ]
    notices += further
    used = sum(scan.gradable for scan in scans)
    if used < scans_expected:
        notices.append(
            Notice("fewer-scans-than-expected", f"{len(entries)} given, {scans_expected} expected, {used} graded.")
        )
    if len(entries) > scans_expected:
        notices.append(Notice("more-scans-than-expected", f"{len(entries)} given, {scans_expected} expected."))
    if judgement.borderline:
        notices.append(Notice("borderline", "The Cataract Fraction is too close to the threshold to decide by it."))
    lenses = [scan.lens for scan in scans if scan.lens is not None]
    words = {notice.code for notice in notices}
    return EyeResult(
        entries=tuple(entries),
        model=model,
        laterality=laterality,
        scans_expected=scans_expected,
        point=point,
        judgement=judgement,
        notices=tuple(notices),
        findings=find(lenses, fractions, words, coefficients_of(model.measures), age_years),
    )


def as_eye(result: ScanResult | EyeResult) -> EyeResult:
    """A scan judged by itself, as an eye of one scan; an eye as it is."""
    if isinstance(result, EyeResult):
        return result
    return eye_result([result], result.judgement.point, result.model, laterality=None, scans_expected=1)
