"""Exported models against PyTorch over a whole cohort: probabilities, labels, Cataract Fractions, decisions.

    python -m benchmarks.parity.cohort --checkpoint CHECKPOINT --model fp32.onnx int8.onnx --data DATASET

From the bytes of every image through the runtime's own steps, once with the checkpoint's network in PyTorch and once
per model. Ends with 1 when a limit is broken.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from tqdm import tqdm

from benchmarks.gate import FRESH
from benchmarks.provenance import place, save, versions
from edge_runtime.errors import EdgeCataractError
from edge_runtime.report.document import model_facts
from train.data.dataset import ScanRecord, read_dataset
from train.data.frames import read_labels
from train.metrics import TissueOverlap
from train.study.measurement import analyzer_of
from train.workers import process_pool

from .comparison import Compared, Difference, Measured, broken, eyes_of, summarise

if TYPE_CHECKING:
    from edge_runtime.results import ScanResult

RESULTS = Path(__file__).parents[1] / "results" / "parity.json"


@dataclass(frozen=True, slots=True)
class Job:
    """One scan for the reference and for every model; small enough to send to another process."""

    scan: ScanRecord
    reference: Path
    models: tuple[Path, ...]


def main(words: Sequence[str] | None = None) -> int:
    """Compare, print, save; 1 when a limit is broken."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--checkpoint", type=Path, required=True, help="the reference")
    parser.add_argument("--model", type=Path, nargs="+", required=True, metavar="MODEL.onnx")
    parser.add_argument("--data", type=Path, required=True, help="dataset folder")
    parser.add_argument("--limit", type=int, help="compare on this many scans, evenly spread over the patients")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="processes (default: one per core)")
    parser.add_argument("--out", type=Path, default=FRESH / RESULTS.name, help="default: build/benchmarks")
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
    """Choose evenly spread scans; all of them where there are no more."""
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
        analyzers = [analyzer_of(path, job.scan.profile or None) for path in job.models]
        # The same look before both: what is compared are the networks, in the same window.
        (look,) = {analyzer.network.metadata.look for analyzer in analyzers}
        analyzers.insert(0, analyzer_of(job.reference, job.scan.profile or None, look))
        reference, *found = (analyzer.analyze(job.scan.image) for analyzer in analyzers)
    except EdgeCataractError as error:
        raise RuntimeError(f"scan {job.scan.scan_id}: {error}") from None  # ours cannot be sent between processes
    expected = measured(reference)
    return [Compared(job.scan, expected, measured(one), Difference.of(reference, one)) for one in found]


def report(model: Path, compared: Sequence[Compared]) -> dict[str, Any]:
    """Report everything about one model: what was found, which limits are broken, every eye."""
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


if __name__ == "__main__":
    sys.exit(main())
