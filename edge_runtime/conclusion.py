"""Conclude: judge a scan, and the scans of one eye together, with the warnings that a reader needs."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from edge_runtime.machine.stopwatch import Stopwatch
from edge_runtime.measure.coefficients import coefficients_of
from edge_runtime.measure.decision import judge
from edge_runtime.measure.findings import find
from edge_runtime.measure.measurement import measure_lens
from edge_runtime.measure.quality import Notice

from .checked import checked_list
from .errors import UsageError
from .results import EyeResult, ScanResult, UnreadableScan

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from edge_runtime.measure.decision import OperatingPoint
    from edge_runtime.measure.locate import LensView
    from edge_runtime.model.tiling import TiledPredictor

    from .results import ModelFacts, Timings
    from .scan import Laterality


def scan_result(
    view: LensView,
    point: OperatingPoint,
    model: ModelFacts,
    timings_ms: Timings,
    predictor: Callable[[], TiledPredictor],
) -> ScanResult:
    """Measure a labelled lens and judge it by itself; where a person corrected the labels, by those, too.

    Parameters
    ----------
    view
        The lens as the model labelled it.
    point, model
        Operating point, and the model.
    timings_ms
        How long the steps before this one took.
    predictor
        Gives what looks again, where the lens of the person reaches beyond the window.
    """
    result = _measured(view, point, model, timings_ms)
    labels = view.frame.scan.corrected_labels
    if labels is None:
        return result
    from edge_runtime.measure.correction import corrected_view

    corrected = corrected_view(view, labels, predictor())
    return _measured(corrected, point, model, timings_ms).correcting(result, labels.sha256, corrected.changed_px)


def _measured(view: LensView, point: OperatingPoint, model: ModelFacts, timings_ms: Timings) -> ScanResult:
    clock = Stopwatch()
    measured = measure_lens(view)
    judgement = judge(measured.gradable_fractions, point)
    return ScanResult.of(measured, judgement, model, replace(timings_ms, measure=clock.lap_ms()))


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
        Which eye; None: the one that the scans name, if none of them names the other.
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
    return EyeResult(
        entries=tuple(entries),
        model=model,
        laterality=laterality or _eye_that_is_named(scans),
        scans_expected=scans_expected,
        point=point,
        judgement=judgement,
        notices=tuple(notices),
        findings=find(
            lenses, fractions, _words_of_the_number(entries, further), coefficients_of(model.measures), age_years
        ),
    )


def _eye_that_is_named(scans: Iterable[ScanResult]) -> Laterality | None:
    named = {scan.scan.laterality.value for scan in scans if scan.scan.laterality is not None}
    return named.pop() if len(named) == 1 else None


def checked_entries(scans: Iterable[ScanResult | UnreadableScan]) -> list[ScanResult | UnreadableScan]:
    """Results of scans, and scans that could not be read, as a list.

    Raises
    ------
    UsageError
        Without any, or for anything else.
    """
    entries = checked_list(scans, "A list of results")
    if not entries or not all(isinstance(entry, ScanResult | UnreadableScan) for entry in entries):
        raise UsageError("usage", "Results of scans were expected.", "Give what `analyze` returned, in a list.")
    return entries


def _words_of_the_number(entries: Sequence[ScanResult | UnreadableScan], further: Sequence[Notice]) -> set[str]:
    """Words of the warnings about graded scans and about the eye as a whole: the fraction rests on no other scan."""
    graded = [entry for entry in entries if isinstance(entry, ScanResult) and entry.gradable]
    sources = {entry.scan.source if isinstance(entry, ScanResult) else entry.source for entry in entries}
    not_graded = sources - {scan.scan.source for scan in graded}
    words = {notice.code for scan in graded for notice in scan.notices}
    return words | {notice.code for notice in further if notice.source not in not_graded}


def by_both_labels(
    judged: Callable[[Sequence[ScanResult | UnreadableScan]], EyeResult],
    entries: Sequence[ScanResult | UnreadableScan],
) -> EyeResult:
    """Judge scans together; where a person corrected labels, by those of the model, too (`EyeResult.before`).

    Parameters
    ----------
    judged
        Judges scans together.
    entries
        Every scan that was given.
    """
    eye = judged(entries)
    before = [
        entry.correction.before if isinstance(entry, ScanResult) and entry.correction else entry for entry in entries
    ]
    if all(one is other for one, other in zip(before, entries, strict=True)):
        return eye
    return replace(eye, before=judged(before))


def as_eye(result: ScanResult | EyeResult) -> EyeResult:
    """A scan judged by itself, as an eye of one scan; an eye as it is."""
    if isinstance(result, EyeResult):
        return result
    judged = partial(eye_result, point=result.judgement.point, model=result.model, laterality=None, scans_expected=1)
    return by_both_labels(judged, [result])
