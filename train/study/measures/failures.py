"""Pictures of the eyes that a study gets most wrong: a truly opaque lens that was answered "no sign"."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from edge_runtime.measure.answer import Answer
from edge_runtime.report.eye_picture import draw_eye
from edge_runtime.report.png import encode_png
from edge_runtime.scan import scan_from_pixels
from train.phantom.patient import make_eye
from train.phantom.render import render

from .figures_of_merit import answer_of
from .measured_eyes import analyzer_of_the_study, jobs
from .truths import truly_opaque

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from edge_runtime.measure.coefficients import MeasureCoefficients
    from train.phantom.cohorts.dataset import Cohort

    from .measured_eyes import MeasuredEye

DATE = "2000-01-01"  # in the header of a picture: the same eye gives the same bytes


def missed(eyes: Sequence[MeasuredEye], coefficients: MeasureCoefficients) -> list[MeasuredEye]:
    """Eyes with a truly opaque lens whose answer is "no sign"."""
    return [
        eye
        for eye in eyes
        if eye.facts.group and eye.truths and truly_opaque(eye) and answer_of(eye, coefficients) is Answer.NO_SIGN
    ]


def pictures_of(cohort: Cohort, eyes: Sequence[MeasuredEye]) -> Iterator[tuple[str, bytes]]:
    """(file name, PNG) of each of these eyes of a cohort, rendered again, as a device draws it."""
    wanted = {(eye.facts.patient, eye.facts.eye, eye.facts.exam) for eye in eyes}
    analyzer = analyzer_of_the_study()
    for job in jobs(cohort, None):
        first = job.scans[0]
        exam = first.setting or first.exam
        if (job.eye.patient, job.eye.eye, exam) not in wanted:
            continue
        name = f"{job.eye.patient}_{job.eye.eye}_{exam}"
        eye = make_eye(job.eye)
        results = [
            analyzer.analyze_scan(replace(scan_from_pixels(render(eye, plan).picture), source=f"{plan.meridian_deg:g}"))
            for plan in job.scans
        ]
        drawn = draw_eye(analyzer.as_eye(results, scans_expected=len(results)), date=DATE)
        yield f"missed_{name}.png", encode_png(drawn)
