"""Measure a checkpoint or an exported model on a dataset: Dice, Cataract Fraction, AUC, sensitivity, specificity.

Every scan goes through the runtime's own steps, as on a device; only the network behind them may be PyTorch's.
"""

from __future__ import annotations

import csv
import json
import sys
from collections import defaultdict
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from statistics import fmean, stdev
from typing import TYPE_CHECKING, Any

from tqdm import tqdm

from edge_runtime.analyzer import CataractAnalyzer, Limits

from .dataset import Dataset, DatasetError, ScanRecord, read_dataset
from .frames import read_labels
from .metrics import MeanDice, Sorting, TissueOverlap, area_under_curve
from .plan import code_revision
from .recipe import TARGETS

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

SCHEMA = "edge-cataract/evaluation/1"
LABELS = ("background", "clear_lens", "cataract", "lens")


@dataclass(frozen=True, slots=True)
class EvaluatedScan:
    """One scan, as the device would report it, beside its truth.

    Attributes
    ----------
    scan
        Its row of the table.
    overlap
        Pixel counts on the scan's own pixels, full frame.
    lens_px, cataract_px
        Counts of the measured lens on the network grid.
    cataract_fraction
        None when the scan was refused, for `reasons`.
    lens_density
        Mean grey of the measured lens, None without one.
    """

    scan: ScanRecord
    overlap: TissueOverlap
    lens_px: int
    cataract_px: int
    cataract_fraction: float | None
    reasons: tuple[str, ...]
    lens_density: float | None


@dataclass(frozen=True, slots=True)
class EvaluatedEye:
    """One eye at one exam: the mean Cataract Fraction over its gradable scans, None without any."""

    eye_id: str
    patient_id: str
    group: str
    cataract_fraction: float | None
    scans: int
    scans_graded: int


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command line of `python -m train evaluate`."""
    parser.add_argument("--model", type=Path, required=True, help="checkpoint, or an exported .onnx")
    parser.add_argument("--data", type=Path, required=True, help="dataset folder")
    parser.add_argument("--out", type=Path, required=True, help="folder for results.json, scans.csv and eyes.csv")
    parser.add_argument("--target", choices=TARGETS, default="mask", help="truth that labels are compared with")
    parser.add_argument("--threads", type=int, default=1, help="inference threads (default 1)")


def run(arguments: argparse.Namespace) -> int:
    """Run `python -m train evaluate`."""
    dataset = read_dataset(arguments.data)
    scans = evaluate(arguments.model, dataset, arguments.target, arguments.threads)
    eyes = eyes_of(scans)
    analyzer = _analyzer(arguments.model, None, arguments.threads)
    arguments.out.mkdir(parents=True, exist_ok=True)
    results = {
        "schema": SCHEMA,
        "model": {
            "name": analyzer.network.metadata.name,
            "version": analyzer.network.metadata.version,
            "precision": analyzer.network.metadata.precision,
            "sha256": analyzer.network.sha256,
            "trained_on": analyzer.network.metadata.training_data,
        },
        "data": {
            "description": dataset.description,
            "tables_sha256": dataset.tables_sha256,
            "target": arguments.target,
        },
        "code_revision": code_revision(),
        **summarise(scans, eyes, analyzer.point.cf_threshold),
    }
    _write_scans(arguments.out / "scans.csv", scans)
    _write_eyes(arguments.out / "eyes.csv", eyes)
    text = json.dumps(results, indent=1, allow_nan=False)
    (arguments.out / "results.json").write_text(text + "\n", encoding="utf-8")
    sys.stdout.write(text + "\n")
    return 0


def evaluate(model: Path, dataset: Dataset, target: str, threads: int = 1) -> list[EvaluatedScan]:
    """Analyse every scan of a dataset.

    Parameters
    ----------
    model
        Checkpoint, or a file ending in .onnx.
    dataset
        Checked tables.
    target
        "mask" or "truth_labels".
    threads
        Of onnxruntime or torch.

    Raises
    ------
    DatasetError
        When a mask cannot be used.
    EdgeCataractError
        When the model or an image cannot be used.
    """
    evaluated = []
    for scan in tqdm(dataset.scans, unit="scan", disable=not sys.stderr.isatty()):
        result = _analyzer(model, scan.profile or None, threads).analyze(scan.image)
        path = scan.labels_path(target)
        try:
            truth = read_labels(path)
            overlap = TissueOverlap.of(result.labels, truth)
        except (OSError, ValueError) as error:
            raise DatasetError(dataset.folder, [f"scan {scan.scan_id}: mask {path.name}: {error}"]) from error
        evaluated.append(
            EvaluatedScan(
                scan=scan,
                overlap=overlap,
                lens_px=result.pixels.lens,
                cataract_px=result.pixels.cataract,
                cataract_fraction=result.cataract_fraction,
                reasons=result.reasons,
                lens_density=result.lens_density,
            )
        )
    return evaluated


@cache
def _analyzer(model: Path, profile: str | None, threads: int) -> CataractAnalyzer:
    """One analyzer per profile; the model is loaded again for each, which is cheap."""
    if model.suffix == ".onnx":
        return CataractAnalyzer(model, profile=profile, limits=Limits(threads=threads))
    import torch

    from .torch_network import checkpoint_analyzer

    torch.set_num_threads(threads)
    return checkpoint_analyzer(model, profile)


def eyes_of(scans: Sequence[EvaluatedScan]) -> list[EvaluatedEye]:
    """Gather scans of a group into eyes; scans without a gradable lens by their truth belong to no eye."""
    by_eye: dict[str, list[EvaluatedScan]] = defaultdict(list)
    for one in scans:
        if one.scan.group:
            by_eye[one.scan.eye_id].append(one)
    eyes = []
    for eye_id, members in sorted(by_eye.items()):
        fractions = [one.cataract_fraction for one in members if one.cataract_fraction is not None]
        eyes.append(
            EvaluatedEye(
                eye_id=eye_id,
                patient_id=members[0].scan.patient_id,
                group=members[0].scan.group,
                cataract_fraction=fmean(fractions) if fractions else None,
                scans=len(members),
                scans_graded=len(fractions),
            )
        )
    return eyes


def summarise(scans: Sequence[EvaluatedScan], eyes: Sequence[EvaluatedEye], cf_threshold: float) -> dict[str, Any]:
    """Counts and measures; what is undefined is None."""
    gradable = [one for one in scans if one.scan.group]
    without_lens = [one for one in scans if not one.scan.group]
    graded = [eye for eye in eyes if eye.cataract_fraction is not None]
    fractions = [eye.cataract_fraction for eye in graded if eye.cataract_fraction is not None]
    is_cataract = [eye.group == "cataract" for eye in graded]
    sorting = Sorting.at(cf_threshold, fractions, is_cataract)
    return {
        "n": {
            "scans": len(scans),
            "scans_with_lens": len(gradable),
            "scans_with_lens_refused": sum(one.cataract_fraction is None for one in gradable),
            "scans_without_lens": len(without_lens),
            "scans_without_lens_refused": sum(one.cataract_fraction is None for one in without_lens),
            "patients": len({eye.patient_id for eye in eyes}),
            "eyes": {group: sum(eye.group == group for eye in eyes) for group in ("clear", "cataract")},
            "eyes_not_graded": len(eyes) - len(graded),
        },
        "dice": {name: asdict(MeanDice.of(getattr(one.overlap, name) for one in gradable)) for name in LABELS},
        "cataract_fraction": {
            group: _mean_and_sd([value for value, eye in zip(fractions, graded, strict=True) if eye.group == group])
            for group in ("clear", "cataract")
        },
        "auc_per_eye": area_under_curve(fractions, is_cataract),
        "cf_threshold": cf_threshold,
        "per_eye": {
            **asdict(sorting),
            "sensitivity": sorting.sensitivity,
            "specificity": sorting.specificity,
        },
    }


def _mean_and_sd(values: Sequence[float]) -> dict[str, float | None]:
    return {"mean": fmean(values) if values else None, "sd": stdev(values) if len(values) > 1 else None}


def _write_scans(path: Path, scans: Sequence[EvaluatedScan]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(
            (
                "scan_id",
                "patient_id",
                "eye",
                "exam",
                "group",
                "meridian_deg",
                "lens_px",
                "cataract_px",
                "cataract_fraction",
                "reasons",
                "lens_density",
                *(f"dice_{name}" for name in LABELS),
            )
        )
        for one in scans:
            scan = one.scan
            dice = [getattr(one.overlap, name).dice for name in LABELS]
            writer.writerow(
                (
                    scan.scan_id,
                    scan.patient_id,
                    scan.eye.value,
                    scan.exam,
                    scan.group,
                    scan.meridian_deg,
                    one.lens_px,
                    one.cataract_px,
                    one.cataract_fraction,
                    " ".join(one.reasons),
                    one.lens_density,
                    *dice,
                )
            )


def _write_eyes(path: Path, eyes: Sequence[EvaluatedEye]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(("eye", "patient_id", "group", "cataract_fraction", "scans", "scans_graded"))
        writer.writerows(
            (eye.eye_id, eye.patient_id, eye.group, eye.cataract_fraction, eye.scans, eye.scans_graded) for eye in eyes
        )
