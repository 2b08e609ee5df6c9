"""What the runtime says about a picture, and about the same picture after a tool was used on it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING

from edge_runtime import CataractAnalyzer, EdgeCataractError, Limits
from edge_runtime.frame.prepare import prepare_frame
from edge_runtime.measure.answer import LEAST_SCANS, Answer, conclude
from edge_runtime.measure.eye_measures import eye_measures
from edge_runtime.measure.lens_measures import LensMaps, measure_zones
from edge_runtime.measure.locate import view_lens
from edge_runtime.measure.measurement import measure_lens
from edge_runtime.measure.quality import OF_DOUBT
from edge_runtime.scan import scan_from_pixels
from train.phantom.cohorts.tables import scan_id
from train.phantom.patient import make_eye
from train.phantom.render import altered, render

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from train.phantom.eye.plan import EyePlan
    from train.phantom.imaging.plan import ScanPlan

MOVED = 0.03


@dataclass(frozen=True, slots=True)
class Judged:
    """What a user learns from one picture.

    Attributes
    ----------
    fraction
        Its Cataract Fraction; None when it is not graded.
    answer
        What follows for an eye whose scans all are like this one, its doubts apart.
    doubts
        Words of doubt that it carries.
    reasons
        Why it is not graded.
    """

    fraction: float | None
    answer: str
    doubts: tuple[str, ...]
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Pair:
    """One scan, before and after a tool was used on it."""

    scan: str
    tool: str
    before: Judged
    after: Judged

    @property
    def moved(self) -> bool:
        """Whether a user would act otherwise, or read another number."""
        if self.before.fraction is None or self.after.fraction is None:
            return self.before.fraction is not self.after.fraction
        return abs(self.before.fraction - self.after.fraction) > MOVED or self.before.answer != self.after.answer

    @property
    def told(self) -> bool:
        """Whether a user is warned, or gets no number."""
        return self.after.fraction is None or bool(self.after.doubts)


@cache
def analyzer() -> CataractAnalyzer:
    """The bundled model on one thread, once a process."""
    return CataractAnalyzer(limits=Limits(threads=1))


def judged(picture: NDArray[np.uint8] | NDArray[np.uint16]) -> Judged:
    """Judge a picture as a user does who names no profile."""
    network = analyzer().network
    try:
        frame = prepare_frame(scan_from_pixels(picture), None, network.metadata.brightness)
        view = view_lens(frame, analyzer().tiled_predictor(), analyzer().look)
    except EdgeCataractError as error:
        return Judged(None, Answer.UNGRADABLE, (), (error.word,))
    measured = measure_lens(view)
    doubts = tuple(sorted({notice.code for notice in measured.notices} & set(OF_DOUBT)))
    if measured.reasons:
        return Judged(None, Answer.UNGRADABLE, doubts, measured.reasons)
    zones = measure_zones(LensMaps.of(view), None, None)
    measures = None if zones is None else eye_measures([zones.measures])
    answer = conclude(measured.pixels.cataract_fraction, measures, None, LEAST_SCANS, ()).answer
    return Judged(measured.pixels.cataract_fraction, answer, doubts, ())


def judged_pairs(eye_plan: EyePlan, scans: tuple[ScanPlan, ...]) -> list[Pair]:
    """Render the scans of an eye once, and judge each before and after its tool."""
    eye = make_eye(eye_plan)
    pairs = []
    for scan in scans:
        if scan.tool is None:
            raise ValueError("a scan of the cohort has no tool")
        rendered = render(eye, replace(scan, tool=None))
        after = altered(rendered, eye, scan, scan.tool)
        pairs.append(Pair(scan_id(eye_plan, scan), str(scan.tool), judged(rendered.picture), judged(after.picture)))
    return pairs
