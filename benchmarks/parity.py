"""Exported models against PyTorch over a whole cohort: probabilities, labels, Cataract Fractions, decisions.

    python -m benchmarks.parity --checkpoint CHECKPOINT --model fp32.onnx int8.onnx --data DATASET

From the bytes of every image through the runtime's own steps, once with the checkpoint's network in PyTorch and once
per model. Ends with 1 when a limit is broken.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import sys
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from tqdm import tqdm

from edge_runtime.errors import EdgeCataractError
from edge_runtime.measure.decision import Judgement, OperatingPoint, judge
from edge_runtime.report.document import model_facts
from export.verify import LIMITS
from train.data.dataset import ScanRecord, read_dataset
from train.data.frames import read_labels
from train.metrics import TissueOverlap, area_under_curve
from train.study.measurement import analyzer_of
from train.workers import process_pool

from .provenance import place, save, versions

if TYPE_CHECKING:
    from edge_runtime.results import ScanResult

RESULTS = Path(__file__).parent / "results" / "parity.json"
# Over a cohort: far below what the study's intervals leave open, and above what a tie between two eyes moves.
MAX_AUC_DRIFT = 0.002
MAX_LENS_DICE_DRIFT = 0.002


@dataclass(frozen=True, slots=True)
class Job:
    """One scan for the reference and for every model; small enough to send to another process."""

    scan: ScanRecord
    reference: Path
    models: tuple[Path, ...]


@dataclass(frozen=True, slots=True)
class Measured:
    """What one network made of one scan.

    Attributes
    ----------
    cataract_fraction
        None where the scan was not graded.
    lens_dice
        With the annotator's mask, on the scan's pixels; None where neither has lens.
    """

    cataract_fraction: float | None
    lens_dice: float | None


@dataclass(frozen=True, slots=True)
class Difference:
    """How far a model is from the reference on one scan.

    Attributes
    ----------
    pixels
        Of the network grid; 0 where another window was analysed, so that pixels cannot be compared.
    probability, labels
        Largest difference of a probability, and pixels with another label.
    """

    pixels: int
    probability: float
    labels: int

    @classmethod
    def of(cls, reference: ScanResult, model: ScanResult) -> Difference:
        """Compare the maps of two results of one scan."""
        if reference.maps.window != model.maps.window:
            return cls(0, 0.0, 0)
        one, other = reference.maps.prediction, model.maps.prediction
        drift = max(
            float(np.abs(one.lens_probability - other.lens_probability).max()),
            float(np.abs(one.cataract_probability - other.cataract_probability).max()),
        )
        return cls(one.labels.size, drift, int(np.count_nonzero(one.labels != other.labels)))


@dataclass(frozen=True, slots=True)
class Compared:
    """One scan, by the reference and by one model."""

    scan: ScanRecord
    reference: Measured
    model: Measured
    difference: Difference


@dataclass(frozen=True, slots=True)
class EyeCompared:
    """One eye, by the reference and by one model: Cataract Fraction, decision, borderline."""

    eye: str
    group: str
    reference: Judgement
    model: Judgement

    @property
    def changed(self) -> bool:
        """Whether the model decides otherwise."""
        return self.reference.decision is not self.model.decision


def main(words: Sequence[str] | None = None) -> int:
    """Compare, print, save; 1 when a limit is broken."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--checkpoint", type=Path, required=True, help="the reference")
    parser.add_argument("--model", type=Path, nargs="+", required=True, metavar="MODEL.onnx")
    parser.add_argument("--data", type=Path, required=True, help="dataset folder")
    parser.add_argument("--limit", type=int, help="compare on this many scans, evenly spread over the patients")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="processes (default: one per core)")
    parser.add_argument("--out", type=Path, default=RESULTS)
    arguments = parser.parse_args(words)
    dataset = read_dataset(arguments.data)
    scans = spread(dataset.scans, arguments.limit or len(dataset.scans))
    jobs = [Job(scan, arguments.checkpoint, tuple(arguments.model)) for scan in scans]
    by_model = list(zip(*outcomes(jobs, arguments.workers), strict=True))
    reports = [report(model, compared) for model, compared in zip(arguments.model, by_model, strict=True)]
    for one in reports:
        print(f"{one['model']['precision']}: {one['found']}", *one["broken"], sep="\n  ")
    save(
        arguments.out,
        {
            **place(),
            "versions": versions("torch", "onnxruntime", "opencv-python-headless"),
            "data": {"description": dataset.description, "tables_sha256": dataset.tables_sha256, "scans": len(scans)},
            "checkpoint_sha256": hashlib.sha256(arguments.checkpoint.read_bytes()).hexdigest(),
            "models": reports,
        },
    )
    return int(any(one["broken"] for one in reports))


def spread(scans: Sequence[ScanRecord], count: int) -> list[ScanRecord]:
    """Evenly spread scans; all of them where there are no more."""
    places = np.linspace(0, len(scans) - 1, min(count, len(scans))).round().astype(int)
    return [scans[place] for place in places]


def outcomes(jobs: Sequence[Job], workers: int) -> list[list[Compared]]:
    """Measure every scan, in the order of the jobs."""
    with process_pool(workers) as pool:
        measured = pool.map(measure, jobs, chunksize=2)
        return list(tqdm(measured, total=len(jobs), unit="scan", disable=not sys.stderr.isatty()))


def measure(job: Job) -> list[Compared]:
    """Analyse one scan by the reference and by every model."""
    mask = read_labels(job.scan.mask)

    def measured(result: ScanResult) -> Measured:
        return Measured(result.cataract_fraction, TissueOverlap.of(result.labels, mask).lens.dice)

    try:
        reference, *found = (
            analyzer_of(path, job.scan.profile or None).analyze(job.scan.image) for path in (job.reference, *job.models)
        )
    except EdgeCataractError as error:
        raise RuntimeError(f"scan {job.scan.scan_id}: {error}") from None  # ours cannot be sent between processes
    expected = measured(reference)
    return [Compared(job.scan, expected, measured(one), Difference.of(reference, one)) for one in found]


def report(model: Path, compared: Sequence[Compared]) -> dict[str, Any]:
    """Everything about one model: what was found, which limits are broken, every eye."""
    analyzer = analyzer_of(model, None)
    eyes = eyes_of(compared, analyzer.point)
    precision = analyzer.network.metadata.precision
    found = summarise(compared, eyes)
    return {
        "model": model_facts(analyzer.network),
        "cf_threshold": analyzer.point.cf_threshold,
        "guard_band": analyzer.point.guard_band,
        "found": found,
        "broken": broken(found, precision),
        "eyes": [
            {
                "eye": eye.eye,
                "group": eye.group,
                "reference": eye.reference.cataract_fraction,
                "model": eye.model.cataract_fraction,
                "changed": eye.changed,
                "borderline": eye.reference.borderline,
            }
            for eye in eyes
        ],
    }


def eyes_of(compared: Sequence[Compared], point: OperatingPoint) -> list[EyeCompared]:
    """Judge every eye by both, at the model's operating point."""
    by_eye: dict[str, list[Compared]] = defaultdict(list)
    for one in compared:
        by_eye[one.scan.eye_id].append(one)

    def judged(measured: list[Measured]) -> Judgement:
        return judge([one.cataract_fraction for one in measured if one.cataract_fraction is not None], point)

    return [
        EyeCompared(
            name, scans[0].scan.group, judged([one.reference for one in scans]), judged([one.model for one in scans])
        )
        for name, scans in by_eye.items()
    ]


def summarise(compared: Sequence[Compared], eyes: Sequence[EyeCompared]) -> dict[str, Any]:
    """The numbers that limits are set to, and how many scans and eyes they come from."""
    differences = [one.difference for one in compared]
    pairs = [(one.reference.cataract_fraction, one.model.cataract_fraction) for one in compared]
    moved = [abs(one - other) for one, other in pairs if one is not None and other is not None]
    dice = [(one.reference.lens_dice, one.model.lens_dice) for one in compared if one.scan.group]
    defined = np.array([pair for pair in dice if None not in pair], np.float64).reshape(-1, 2)
    lens_dice = defined.mean(axis=0).tolist() if len(defined) else [None, None]
    areas = [auc_of([(eye.group, getattr(eye, name)) for eye in eyes]) for name in ("reference", "model")]
    changed = [eye for eye in eyes if eye.changed]
    return {
        "scans": len(compared),
        "pixels": sum(one.pixels for one in differences),
        "probability": max(one.probability for one in differences),
        "labels_different": sum(one.labels for one in differences),
        "windows_different": sum(not one.pixels for one in differences),
        "gradings_different": sum((one is None) != (other is None) for one, other in pairs),
        "fractions": len(moved),
        "cf": max(moved, default=None),
        "cf_99": float(np.percentile(moved, 99)) if moved else None,
        "eyes": len(eyes),
        "eyes_borderline": sum(eye.reference.borderline for eye in eyes),
        "decisions_changed": len(changed),
        "decisions_changed_outside_guard_band": sum(not eye.reference.borderline for eye in changed),
        "auc": {"reference": areas[0], "model": areas[1], "drift": drift(*areas)},
        "lens_dice": {"reference": lens_dice[0], "model": lens_dice[1], "drift": drift(*lens_dice)},
    }


def auc_of(eyes: Sequence[tuple[str, Judgement]]) -> float | None:
    """Area under the curve per eye, cataract against clear, over eyes that were graded."""
    graded = [(judgement.cataract_fraction, group == "cataract") for group, judgement in eyes if group]
    known = [(fraction, positive) for fraction, positive in graded if fraction is not None]
    return area_under_curve([fraction for fraction, _ in known], [positive for _, positive in known])


def drift(one: float | None, other: float | None) -> float | None:
    """Absolute difference; None where one is undefined."""
    return None if one is None or other is None else abs(one - other)


def broken(found: dict[str, Any], precision: str) -> list[str]:
    """One sentence per limit that is not kept: those of an export, and those of a cohort."""
    limits = LIMITS[precision]
    outside = found["decisions_changed_outside_guard_band"]
    asked = [
        ("probability", found["probability"], limits.probability),
        ("labels different", found["labels_different"], limits.labels and limits.labels * found["pixels"]),
        ("Cataract Fraction", found["cf"], limits.cf),
        ("Cataract Fraction, 99th percentile", found["cf_99"], limits.cf_99),
        ("decisions changed outside the guard band", outside, 0),
        ("AUC", found["auc"]["drift"], MAX_AUC_DRIFT),
        ("lens Dice", found["lens_dice"]["drift"], MAX_LENS_DICE_DRIFT),
    ]
    if precision == "fp32":
        asked += [(name.replace("_", " "), found[name], 0) for name in
                  ("windows_different", "gradings_different", "decisions_changed")]  # fmt: skip
    nothing = [] if found["fractions"] else ["no Cataract Fraction was compared"]
    return nothing + [
        f"{name}: {value:.3g}, at most {limit:.3g} is allowed"
        for name, value, limit in asked
        if value is not None and limit is not None and not value <= limit
    ]


if __name__ == "__main__":
    sys.exit(main())
