"""Measure the scans of one exam of an eye as a device does, together, and compare each with its truth."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from edge_runtime.analyzer import CataractAnalyzer, Limits
from edge_runtime.errors import EdgeCataractError
from edge_runtime.frame.brightness import Brightness
from edge_runtime.frame.prepare import prepare_frame
from edge_runtime.frame.profiles import load_profile
from edge_runtime.measure.lens import TissueLabel
from edge_runtime.results import ScanResult
from train.data.dataset import DatasetError, ScanRecord
from train.data.labels import contradictions, labels_on_grid, native_labels
from train.data.scan_checks import picture_sha256
from train.metrics import TissueOverlap

from .lens_maps import GreyLevels, Localisation
from .rows import KINDS, ScanRow
from .truth_maps import CodeMap, Masks, code_map, label_map

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class ScanJob:
    """One scan to analyse, and the files of its truth.

    Attributes
    ----------
    kinds, observable
        Files of the opacity kinds and of the observable pixels; None without them.
    strata
        Facts of the scan as `name=value`.
    """

    scan: ScanRecord
    kinds: Path | None = None
    observable: Path | None = None
    strata: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ExamJob:
    """The scans of one eye at one exam, of one device profile; small enough to send to another process."""

    model: Path
    scans: tuple[ScanJob, ...]

    @property
    def profile(self) -> str:
        """The device profile of its scans; empty: by their shape."""
        return self.scans[0].scan.profile


@dataclass(frozen=True, slots=True)
class Measured:
    """A measured scan, and what is compared over all scans: the digest of its picture, and if its mask has cataract."""

    row: ScanRow
    picture_sha256: str
    cataract: bool


@dataclass(frozen=True, slots=True)
class Failure:
    """An analysis that failed for no fault of the dataset, as a value that can be sent between processes."""

    message: str


Outcome: TypeAlias = Measured | list[str] | Failure  # a list says what is wrong with the files of a scan


@cache
def analyzer_of(model: Path, profile: str | None, look: str = "") -> CataractAnalyzer:
    """As `load_analyzer` does, once in a process for each."""
    return load_analyzer(model, profile, look)


def load_analyzer(model: Path, profile: str | None, look: str = "") -> CataractAnalyzer:
    """Return the single-threaded analyzer of a checkpoint, or of a model file ending in .onnx, and a profile.

    A model file names itself the look that comes before it; of a checkpoint it must be said.
    """
    if model.suffix == ".onnx":
        return CataractAnalyzer(model, profile=profile, limits=Limits(threads=1))
    import torch

    from train.torch_predictor import checkpoint_analyzer

    torch.set_num_threads(1)
    return checkpoint_analyzer(model, profile, look)


def measure(job: ExamJob) -> list[Outcome]:
    """Measure the scans of an exam together and compare each with its truth, or say what is wrong with its files."""
    return measure_by(analyzer_of(job.model, job.profile or None), job)


def measure_by(analyzer: CataractAnalyzer, job: ExamJob) -> list[Outcome]:
    """The same by an analyzer that is loaded already."""
    entries: Sequence[ScanResult | EdgeCataractError]
    try:
        exam = analyzer.analyze_exam([one.scan.image for one in job.scans])
        entries = [entry if isinstance(entry, ScanResult) else entry.error for entry in exam.entries]
    except EdgeCataractError:  # no exam: each scan says why
        entries = [_alone(analyzer, one.scan.image) for one in job.scans]
    return [_outcome(one, entry) for one, entry in zip(job.scans, entries, strict=True)]


def _alone(analyzer: CataractAnalyzer, image: Path) -> ScanResult | EdgeCataractError:
    try:
        return analyzer.analyze(image)
    except EdgeCataractError as error:
        return error.with_traceback(None)


def _outcome(job: ScanJob, result: ScanResult | EdgeCataractError) -> Outcome:
    scan = job.scan
    where = scan.where
    if isinstance(result, EdgeCataractError):
        if result.exit_code != DatasetError.exit_code:
            return Failure(f"{where}: {result}")
        return [f"{where}: image {scan.image.name}: {result.found}"]
    faults: list[str] = []
    mask = label_map(scan.mask, where, result, faults)
    truth = label_map(scan.truth_labels, where, result, faults)
    kinds = code_map(job.kinds, CodeMap("truth_type", len(KINDS)), where, result, faults)
    observable = code_map(job.observable, CodeMap("truth_observable", 2), where, result, faults)
    if mask is None or faults:
        return faults
    maps = result.maps
    on_grid = labels_on_grid(native_labels(mask, maps.frame_shape), maps.grid)
    if contradictory := contradictions(on_grid, scan.group, maps.grid, by_hand=scan.by_hand):
        return [f"{where}: mask {scan.mask.name} {fault}" for fault in contradictory]
    # Grey as the device displays it, whatever scale the network reads.
    frame = prepare_frame(result.scan, load_profile(scan.profile or result.profile), Brightness.AS_SHOWN)
    grey = GreyLevels.of(maps.window.cut(frame.grey), maps.prediction.labels, maps.grid)
    row = _row(job, result, Masks(mask, truth, kinds, observable), grey)
    return Measured(row, picture_sha256(frame.grey), bool((on_grid == TissueLabel.CATARACT).any()))


def _row(job: ScanJob, result: ScanResult, masks: Masks, grey: GreyLevels) -> ScanRow:
    scan = job.scan
    labels = result.labels
    overlap = TissueOverlap.of(labels, masks.mask)
    place = None if masks.truth is None else _localisation(result, masks, masks.truth)
    opacity = None if masks.truth is None else TissueOverlap.of(labels, masks.truth)
    return ScanRow(
        scan_id=scan.scan_id,
        patient_id=scan.patient_id,
        eye=scan.eye.value,
        exam=scan.exam,
        group=scan.group,
        meridian_deg=scan.meridian_deg,
        age_years=scan.age_years,
        bcva_logmar=scan.bcva_logmar,
        image_sha256=result.scan.sha256,
        profile=result.profile,
        lens_px=result.pixels.lens,
        cataract_px=result.pixels.cataract,
        cataract_fraction=result.cataract_fraction,
        reasons=result.reasons,
        dice_background=overlap.background.dice,
        dice_clear_lens=overlap.clear_lens.dice,
        dice_cataract=overlap.cataract.dice,
        dice_lens=overlap.lens.dice,
        dice_true_cataract=opacity.cataract.dice if opacity else None,
        lens_density=result.lens_density,
        nucleus_density=grey.nucleus_density,
        grey_counts=grey.counts,
        truth_opacity_fraction=_true_opaque_share(opacity) if opacity else None,
        localisation_auc=place.auc if place else None,
        opaque_px=place.opaque_px if place else (),
        found_px=place.found_px if place else (),
        observable_px=place.observable_px if place else (),
        observable_found_px=place.observable_found_px if place else (),
        clear_px=place.clear_px if place else 0,
        false_px=place.false_px if place else 0,
        reliability_px=place.reliability_px if place else (),
        reliability_opaque_px=place.reliability_opaque_px if place else (),
        reliability_sum=place.reliability_sum if place else (),
        strata=job.strata,
        infer_ms=result.timings_ms.infer,
        paper_fraction=_paper_fraction(result),
    )


def _paper_fraction(result: ScanResult) -> float | None:
    """Share of the lens that is cataract in the paper's manner; None without a lens, or where the model is silent."""
    lens = result.lens
    if lens is None:
        return None
    inside = lens.labels != TissueLabel.BACKGROUND
    found = lens.evidence_of(inside, np.zeros_like(inside))
    return None if found is None else found.paper_fraction


def _localisation(result: ScanResult, masks: Masks, truth: NDArray[np.uint8]) -> Localisation:
    maps = result.maps

    def cut(codes: NDArray[np.uint8]) -> NDArray[np.uint8]:
        return maps.window.cut(native_labels(codes, maps.frame_shape))

    return Localisation.of(
        maps.prediction.cataract_probability,
        maps.prediction.labels,
        cut(truth),
        None if masks.kinds is None else cut(masks.kinds),
        None if masks.observable is None else cut(masks.observable),
        maps.grid,
    )


def _true_opaque_share(opacity: TissueOverlap) -> float | None:
    """True opaque pixels over true lens pixels; None where the scan has no lens."""
    return opacity.cataract.true / opacity.lens.true if opacity.lens.true else None
