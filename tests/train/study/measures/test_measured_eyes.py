"""What the study measures of an eye comes from its graded scans."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from edge_runtime import conclusion
from edge_runtime.measure.measurement import Measurement, measure_lens
from edge_runtime.measure.quality import Notice
from train.phantom.cohorts.dataset import Cohort
from train.study.measures import measured_eyes

if TYPE_CHECKING:
    from edge_runtime.measure.locate import LensView


@pytest.mark.parametrize("reasons", [(), ("lens-not-solid",)])
def test_only_graded_scans_add_their_warnings(reasons: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    def measured(view: LensView) -> Measurement:
        return replace(measure_lens(view), reasons=reasons, notices=(Notice("marks-in-picture", "Text."),))

    monkeypatch.setattr(conclusion, "measure_lens", measured)
    job = next(measured_eyes.jobs(Cohort.plan("grading", seed=3, patients=1), None))
    eye = measured_eyes.measure_eye(replace(job, scans=job.scans[:1]))
    assert (eye.graded, "marks-in-picture" in eye.notices) == (int(not reasons), not reasons)
