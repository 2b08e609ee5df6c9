"""Render and measure the eyes of a cohort, without writing a picture; a stopped run is continued."""

from __future__ import annotations

import hashlib
import sys
from dataclasses import asdict, dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
from cattrs import structure
from tqdm import tqdm

from edge_runtime.analyzer import CataractAnalyzer, Limits
from edge_runtime.ledger import Ledger
from edge_runtime.measure.decision import mean_fraction
from edge_runtime.measure.eye_measures import EyeMeasures, eye_measures
from edge_runtime.measure.lens import TissueLabel
from edge_runtime.measure.lens_measures import measure_zones
from edge_runtime.measure.zones import Zone
from edge_runtime.results import EyeResult, ScanResult
from train.phantom.patient import make_eye
from train.phantom.render import render
from train.provenance import code_revision
from train.workers import process_pool

from .lens_truth import LensTruth, TrueMaps, true_measures

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from edge_runtime.measure.lens_measures import LensMeasures
    from edge_runtime.measure.scatter import ExcessTable
    from train.phantom.cohorts.dataset import Cohort
    from train.phantom.eye.plan import EyePlan
    from train.phantom.imaging.plan import ScanPlan
    from train.phantom.render import RenderedScan

SAMPLED_PIXELS = 60  # per scan, for the table from log-odds to excess
SYNC_EVERY = 20


@dataclass(frozen=True, slots=True)
class EyeFacts:
    """What an eye is, by the plan of the simulator.

    Attributes
    ----------
    group
        "clear" or "cataract"; "" when no scan has a gradable lens in truth.
    display, condition, mix
        Geometry of the pictures, state of the cornea, and letters of the types of cataract.
    thickness_mm
        Thickness of the lens.
    """

    patient: str
    eye: str
    exam: int
    group: str
    age_years: float
    display: str
    condition: str
    mix: str
    senescent: bool
    thickness_mm: float
    locs_no: float


@dataclass(frozen=True, slots=True)
class MeasuredEye:
    """One eye at one exam, as the runtime measures it, and in truth (means over its graded scans).

    Attributes
    ----------
    scans, graded
        Number of scans, and of those that the runtime grades.
    fractions
        Cataract Fraction of every graded scan.
    notices
        Words of all warnings about it and its graded scans, each once.
    measures
        None when no scan could be measured.
    truths
        One for every scan that was measured.
    odds, excess_db
        A sample of lens pixels: log-odds of cataract, and true excess.
    pictures
        Hash of the pixels of all its scans.
    """

    facts: EyeFacts
    scans: int
    graded: int
    fractions: tuple[float, ...]
    notices: tuple[str, ...]
    measures: EyeMeasures | None
    truths: tuple[LensTruth, ...]
    odds: tuple[float, ...]
    excess_db: tuple[float, ...]
    pictures: str

    @property
    def cataract_fraction(self) -> float | None:
        """Mean over the graded scans."""
        return mean_fraction(self.fractions) if self.fractions else None


@dataclass(frozen=True, slots=True)
class EyeJob:
    """The scans of one exam of an eye; a table from log-odds to excess, when the scatter is measured, too."""

    eye: EyePlan
    scans: tuple[ScanPlan, ...]
    table: ExcessTable | None

    @property
    def key(self) -> str:
        """Its name in the ledger."""
        first = self.scans[0]
        return f"{self.eye.patient}/{self.eye.eye}/{first.setting or first.exam}"


@dataclass(slots=True)
class _Gathered:
    """What the scans of one eye gave so far."""

    fractions: list[float] = field(default_factory=list)
    measures: list[LensMeasures] = field(default_factory=list)
    truths: list[LensTruth] = field(default_factory=list)
    odds: list[float] = field(default_factory=list)
    excess_db: list[float] = field(default_factory=list)


def measured_eyes(
    cohort: Cohort, ledger_path: Path, table: ExcessTable | None = None, workers: int = 1
) -> list[MeasuredEye]:
    """Measure every eye of a cohort in its order.

    Parameters
    ----------
    cohort
        What to render.
    ledger_path
        Where finished eyes are recorded; a ledger of the same cohort, code and model is continued.
    table
        From log-odds to excess; without it the scatter is not measured.
    workers
        Number of processes.

    Raises
    ------
    EdgeCataractError
        When the ledger cannot be used, or an analysis fails.
    """
    exams = list(jobs(cohort, table))
    stamp = {
        **asdict(cohort.stamp),
        "scatter": table is not None,
        "model_sha256": model_sha256(),
        "code_revision": code_revision(),
    }
    with Ledger(ledger_path, stamp, sync_every=SYNC_EVERY) as ledger:
        rest = [job for job in exams if job.key not in ledger]
        with tqdm(total=len(exams), initial=len(ledger), unit="eye", disable=not sys.stderr.isatty()) as bar:
            for job, eye in zip(rest, _measured(rest, workers), strict=True):
                ledger.append(job.key, _record(eye))
                bar.update()
        return [structure(ledger[job.key], MeasuredEye) for job in exams]


def cohort_sha256(eyes: Sequence[MeasuredEye]) -> str:
    """Hash of all pictures of a cohort, in their order."""
    return hashlib.sha256("".join(eye.pictures for eye in eyes).encode()).hexdigest()


def model_sha256() -> str:
    """Hash of the model that measures."""
    return analyzer_of_the_study().network.sha256


def jobs(cohort: Cohort, table: ExcessTable | None) -> Iterator[EyeJob]:
    """Every exam of every eye of a cohort, in its order."""
    for patient in cohort.patients:
        for eye, scans in patient.eyes:
            exams: dict[int, list[ScanPlan]] = {}
            for scan in scans:
                exams.setdefault(scan.setting or scan.exam, []).append(scan)
            yield from (EyeJob(eye, tuple(exam), table) for exam in exams.values())


def _measured(jobs: Sequence[EyeJob], workers: int) -> Iterator[MeasuredEye]:
    if workers <= 1 or len(jobs) < 2 * workers:
        yield from map(measure_eye, jobs)
        return
    with process_pool(workers) as pool:
        yield from pool.map(measure_eye, jobs, chunksize=2)


def _record(eye: MeasuredEye) -> dict[str, Any]:
    plain: dict[str, Any] = _plain(asdict(eye))
    return plain


def _plain(value: Any) -> Any:
    """Tuples as lists, for JSON."""
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items()}
    return [_plain(one) for one in value] if isinstance(value, tuple | list) else value


@cache
def analyzer_of_the_study(profile: str | None = None) -> CataractAnalyzer:
    """The bundled model on one thread, loaded once in a process for each device profile."""
    return CataractAnalyzer(profile=profile, limits=Limits(threads=1))


def measure_eye(job: EyeJob) -> MeasuredEye:
    """Render the scans of one eye, and have the runtime analyse them together, as a device does."""
    eye = make_eye(job.eye)
    rendered = [render(eye, plan) for plan in job.scans]
    profiles = {str(scan.notes["profile"]) for scan in rendered}
    analyzer = analyzer_of_the_study(profiles.pop() if len(profiles) == 1 else None)
    found = analyzer.analyze_exam(frames=[scan.picture for scan in rendered])
    gathered = _Gathered()
    for result, scan in zip(found.entries, rendered, strict=True):
        if isinstance(result, ScanResult):
            _gather(result, scan, job.table, gathered)
    measures = eye_measures(gathered.measures)
    gradable = any(scan.truth.lens_px for scan in rendered)
    first, last = job.scans[0], rendered[-1]
    return MeasuredEye(
        facts=EyeFacts(
            patient=job.eye.patient,
            eye=job.eye.eye,
            exam=first.setting or first.exam,
            group=("cataract" if job.eye.cataract else "clear") if gradable else "",
            age_years=float(eye.anatomy.age_years),
            display=str(last.notes["display"]),
            condition=str(last.notes["condition"]),
            mix=eye.disease.mix,
            senescent=bool(eye.disease.senescent),
            thickness_mm=float(eye.anatomy.lens.thickness_mm),
            locs_no=float(eye.disease.nuclear_opalescence),
        ),
        scans=len(job.scans),
        graded=len(gathered.fractions),
        fractions=tuple(gathered.fractions),
        notices=_words(found),
        measures=None if measures is None else measures.with_range_about(mean_fraction(gathered.fractions)),
        truths=tuple(gathered.truths),
        odds=tuple(gathered.odds),
        excess_db=tuple(gathered.excess_db),
        pictures=_digest(rendered),
    )


def _words(found: EyeResult) -> tuple[str, ...]:
    """What an answer rests on: warnings about the eye, and about the scans that were graded."""
    not_graded = {
        entry.scan.source if isinstance(entry, ScanResult) else entry.source
        for entry in found.entries
        if not (isinstance(entry, ScanResult) and entry.gradable)
    }
    return tuple(sorted({notice.code for notice in found.notices if notice.source not in not_graded}))


def _digest(rendered: Sequence[RenderedScan]) -> str:
    digest = hashlib.sha256()
    for scan in rendered:
        digest.update(np.ascontiguousarray(scan.picture).tobytes())
    return digest.hexdigest()


def _gather(result: ScanResult, rendered: RenderedScan, table: ExcessTable | None, gathered: _Gathered) -> None:
    """Measure the lens of one scan, and what it truly shows."""
    lens = result.lens
    if lens is None or result.cataract_fraction is None:
        return
    gathered.fractions.append(result.cataract_fraction)
    found = measure_zones(lens, None, table)
    if found is None:
        return
    gathered.measures.append(found.measures)
    if rendered.truth.lens_px:
        maps = TrueMaps.of(rendered.truth, result.maps)
        labelled = lens.labels == TissueLabel.CATARACT
        points = found.surfaces.points(found.zones.shape)
        gathered.truths.append(true_measures(maps, found.zones, points, labelled))
        both = np.flatnonzero((found.zones != Zone.OUTSIDE) & (maps.zones != Zone.OUTSIDE))
        some = both[:: max(both.size // SAMPLED_PIXELS, 1)]
        gathered.odds += np.round(found.odds.ravel()[some], 3).tolist()
        gathered.excess_db += np.round(maps.excess_db.ravel()[some], 2).tolist()
