"""Every scan through the runtime's own steps, as on a device, in several processes; a stopped run is continued."""

from __future__ import annotations

import csv
import hashlib
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from tqdm import tqdm

from edge_runtime.analyzer import CataractAnalyzer, Limits
from edge_runtime.errors import EdgeCataractError
from edge_runtime.frame.profiles import load_profile
from edge_runtime.frame.resample import native_frame
from train.data.dataset import Dataset, DatasetError, ScanRecord
from train.data.frames import native_labels, read_labels
from train.fit.plan import code_revision
from train.metrics import TissueOverlap
from train.workers import process_pool

from .lens_maps import GreyLevels, Localisation
from .rows import KINDS, ScanRow, cells, read_rows, write_rows

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from edge_runtime.results import ScanResult

# Columns of scans.csv by which results are told apart, where a dataset has them.
STRATA = ("mix", "condition", "artefacts", "display", "state", "senescent", "dilated")
STAMP = "predictions.json"


@dataclass(frozen=True, slots=True)
class Job:
    """One scan to analyse; small enough to send to another process.

    Attributes
    ----------
    kinds, observable
        Files of the opacity kinds and of the observable pixels, or None.
    strata
        `name=value` words.
    """

    model: Path
    scan: ScanRecord
    kinds: Path | None
    observable: Path | None
    strata: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CodeMap:
    """A column of scans.csv whose maps hold codes from 0 to below `codes`."""

    column: str
    codes: int


@dataclass(frozen=True, slots=True)
class Masks:
    """What a scan is compared with, on its own pixels: (rows, columns) uint8 each, None where the dataset has none."""

    mask: NDArray[np.uint8]
    truth: NDArray[np.uint8] | None
    kinds: NDArray[np.uint8] | None
    observable: NDArray[np.uint8] | None


@dataclass(frozen=True, slots=True)
class Failure:
    """An analysis that failed for no fault of the dataset: sent between processes, where our errors cannot go."""

    message: str


class AnalysisError(EdgeCataractError):
    """The machine or the model failed on a scan; what was measured before is kept for the next run."""

    exit_code = 83


@cache
def analyzer_of(model: Path, profile: str | None) -> CataractAnalyzer:
    """One single-threaded analyzer per model and profile: a checkpoint, or a file ending in .onnx."""
    if model.suffix == ".onnx":
        return CataractAnalyzer(model, profile=profile, limits=Limits(threads=1))
    import torch

    from train.torch_predictor import checkpoint_analyzer

    torch.set_num_threads(1)
    return checkpoint_analyzer(model, profile)


def predict(model: Path, dataset: Dataset, out: Path, workers: int = 1) -> list[ScanRow]:
    """Analyse every scan of a dataset, in the order of its table; keep what an earlier run left in `out`.

    Raises
    ------
    DatasetError
        Naming every image and mask that cannot be used.
    AnalysisError
        When an analysis fails.
    EdgeCataractError
        When the model cannot be used.
    """
    analyzer = analyzer_of(model, None)
    faults = list(_duplicates(dataset))
    if faults:
        raise DatasetError(dataset.folder, faults)
    stamp = {
        "model_sha256": analyzer.network.sha256,
        "tables_sha256": dataset.tables_sha256,
        "code_revision": code_revision(),
    }
    table = out / "scans.csv"
    done = {row.scan_id: row for row in _earlier(out, stamp)}
    out.mkdir(parents=True, exist_ok=True)
    (out / STAMP).write_text(json.dumps(stamp) + "\n", encoding="utf-8")
    write_rows(table, list(done.values()), ScanRow)
    jobs = [job for job in _jobs(model, dataset) if job.scan.scan_id not in done]
    with table.open("a", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        bar = tqdm(total=len(dataset.scans), initial=len(done), unit="scan", disable=not sys.stderr.isatty())
        for outcome in _outcomes(jobs, workers):
            bar.update()
            if isinstance(outcome, Failure):
                raise AnalysisError(
                    "analysis", outcome.message, "Run again to continue.", lost="The report is unfinished."
                )
            if isinstance(outcome, ScanRow):
                done[outcome.scan_id] = outcome
                writer.writerow(cells(outcome))
                file.flush()
            else:
                faults += outcome
        bar.close()
    if faults:
        raise DatasetError(dataset.folder, faults)
    rows = [done[scan.scan_id] for scan in dataset.scans]
    write_rows(table, rows, ScanRow)
    return rows


def _earlier(out: Path, stamp: dict[str, str]) -> list[ScanRow]:
    """Rows of an earlier run of the same model on the same tables by the same code; a last, cut line is dropped."""
    try:
        if json.loads((out / STAMP).read_text(encoding="utf-8")) != stamp:
            return []
        table = out / "scans.csv"
        text = table.read_text(encoding="utf-8")
        if not text.endswith("\n"):
            table.write_text(text[: text.rfind("\n") + 1], encoding="utf-8")
        return read_rows(table, ScanRow)
    except (OSError, ValueError):
        return []


def _jobs(model: Path, dataset: Dataset) -> Iterator[Job]:

    with (dataset.folder / "scans.csv").open(newline="", encoding="utf-8-sig") as file:
        more = {(row["scan_id"] or "").strip(): row for row in csv.DictReader(file)}
    for scan in dataset.scans:
        row = more[scan.scan_id]
        kinds, observable = (
            dataset.folder / row[name] if row.get(name) else None for name in ("truth_type", "truth_observable")
        )
        strata = tuple(word for name in STRATA for word in _words(name, row.get(name)))
        yield Job(model, scan, kinds, observable, strata)


def _words(name: str, value: str | None) -> list[str]:
    """`name=value`; nothing where the dataset has no such column; one word each where a scan has several values."""
    return [] if value is None else [f"{name}={one}" for one in value.split() or ["none"]]


def _duplicates(dataset: Dataset) -> Iterator[str]:
    seen: dict[str, str] = {}
    for scan in dataset.scans:
        first = seen.setdefault(hashlib.sha256(scan.image.read_bytes()).hexdigest(), scan.scan_id)
        if first != scan.scan_id:
            yield f"scan {scan.scan_id}: image is a duplicate of that of scan {first}"


def _outcomes(jobs: list[Job], workers: int) -> Iterator[ScanRow | list[str] | Failure]:
    if workers <= 1 or len(jobs) < 2 * workers:
        yield from map(measure, jobs)
        return
    with process_pool(workers) as pool:
        yield from pool.map(measure, jobs, chunksize=2)


def measure(job: Job) -> ScanRow | list[str] | Failure:
    """Analyse one scan and compare it with its truth; or name what is wrong with its files."""
    scan = job.scan
    where = f"scan {scan.scan_id}"
    analyzer = analyzer_of(job.model, scan.profile or None)
    try:
        result = analyzer.analyze(scan.image)
    except EdgeCataractError as error:
        if error.exit_code != DatasetError.exit_code:
            return Failure(f"{where}: {error}")
        return [f"{where}: image {scan.image.name}: {error.found}"]
    faults: list[str] = []
    mask = _label_map(scan.mask, where, result, faults)
    truth = _label_map(scan.truth_labels, where, result, faults)
    kinds = _code_map(job.kinds, CodeMap("truth_type", len(KINDS)), where, result, faults)
    observable = _code_map(job.observable, CodeMap("truth_observable", 2), where, result, faults)
    if mask is None or faults:
        return faults
    return _row(job, result, Masks(mask, truth, kinds, observable))


def _label_map(path: Path | None, where: str, result: ScanResult, faults: list[str]) -> NDArray[np.uint8] | None:
    if path is None:
        return None
    try:
        labels = read_labels(path)
    except (OSError, ValueError) as error:
        faults.append(f"{where}: mask {path.name}: {error}")
        return None
    return labels if _right_size(labels, path, where, result, faults) else None


def _code_map(
    path: Path | None, kind: CodeMap, where: str, result: ScanResult, faults: list[str]
) -> NDArray[np.uint8] | None:
    if path is None:
        return None
    import cv2
    import numpy as np

    try:
        codes = cv2.imdecode(np.fromfile(path, np.uint8), cv2.IMREAD_UNCHANGED)
    except (OSError, cv2.error):
        codes = None
    if codes is None or codes.ndim != 2 or codes.dtype != np.uint8:
        faults.append(f"{where}: {kind.column} {path.name} is no readable 8-bit map")
        return None
    if codes.max() >= kind.codes:
        faults.append(f"{where}: {kind.column} {path.name} has the unknown code {codes.max()}")
        return None
    found = codes.astype(np.uint8, copy=False)
    return found if _right_size(found, path, where, result, faults) else None


def _right_size(labels: NDArray[np.uint8], path: Path, where: str, result: ScanResult, faults: list[str]) -> bool:
    shape = (result.scan.rows, result.scan.columns)
    if labels.shape != shape:
        faults.append(
            f"{where}: mask {path.name} has the wrong size, {labels.shape[1]} x {labels.shape[0]}; "
            f"the image has {shape[1]} x {shape[0]}"
        )
    return labels.shape == shape


def _row(job: Job, result: ScanResult, masks: Masks) -> ScanRow:
    scan, maps = job.scan, result.maps
    profile = load_profile(scan.profile) if scan.profile else load_profile(result.profile)
    window = maps.window.cut(native_frame(result.scan, profile))
    grey = GreyLevels.of(window, maps.prediction.labels, maps.grid)
    labels = result.labels
    overlap = TissueOverlap.of(labels, masks.mask)
    place, opacity_fraction, true_cataract = None, None, None
    if masks.truth is not None:

        def cut(codes: NDArray[np.uint8]) -> NDArray[np.uint8]:
            return maps.window.cut(native_labels(codes, maps.frame_shape))

        place = Localisation.of(
            maps.prediction.cataract_probability,
            maps.prediction.labels,
            cut(masks.truth),
            None if masks.kinds is None else cut(masks.kinds),
            None if masks.observable is None else cut(masks.observable),
            maps.grid,
        )
        counted = TissueOverlap.of(labels, masks.truth)
        true_cataract = counted.cataract.dice
        opacity_fraction = counted.cataract.true / counted.lens.true if counted.lens.true else None
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
        dice_true_cataract=true_cataract,
        lens_density=result.lens_density,
        nucleus_density=grey.nucleus_density,
        grey_counts=grey.counts,
        truth_opacity_fraction=opacity_fraction,
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
    )
