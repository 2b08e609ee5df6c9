"""The whole study as one tree of numbers, ready for strict JSON: what is undefined is null, what is absent is said."""

from __future__ import annotations

import dataclasses
import hashlib
import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from train.fit.plan import code_revision

from . import agreement, baselines, cohort_table, diagnosis, truth
from .reports import SCHEMA, OtherReport
from .rows import EyeRow, ScanRow, eyes_of, first_exams

if TYPE_CHECKING:
    from edge_runtime.model.metadata import ModelMetadata
    from train.data.dataset import Dataset

PACKAGES = ("numpy", "scipy", "scikit-learn", "matplotlib", "onnxruntime", "opencv-python-headless", "torch")


@dataclass(frozen=True, slots=True)
class Threshold:
    """The operating point of a study, and where it comes from."""

    cf_threshold: float
    method: str


@dataclass(frozen=True, slots=True)
class Study:
    """What a report is made of.

    Attributes
    ----------
    model, model_sha256
        What was measured.
    dataset, rows
        On what, and every scan.
    threshold
        The operating point.
    development
        The report that fixed the threshold, if one did.
    pair
        A report of the same eyes otherwise shown, if one was given.
    draws
        Of the intervals.
    """

    model: ModelMetadata
    model_sha256: str
    dataset: Dataset
    rows: tuple[ScanRow, ...]
    threshold: Threshold
    development: OtherReport | None
    pair: OtherReport | None
    draws: diagnosis.Draws

    def with_rows(self, rows: Sequence[ScanRow]) -> Study:
        """The same study with its scans."""
        return dataclasses.replace(self, rows=tuple(rows))

    @property
    def eyes(self) -> list[EyeRow]:
        """Every eye at every exam."""
        return eyes_of(self.rows)


def summarise(study: Study) -> dict[str, Any]:
    """Compute everything."""
    rows, draws, threshold = study.rows, study.draws, study.threshold.cf_threshold
    eyes = study.eyes
    first = first_exams(eyes)
    development = None if study.development is None else first_exams(study.development.eyes)
    exams = {eye.eye_id for eye in first}
    first_rows = [row for row in rows if row.eye_id in exams]
    level = study.development.grey_level if study.development else baselines.best_grey_level(first)
    known = study.development.baseline_thresholds if study.development else {}
    tree = {
        "schema": SCHEMA,
        "model": {
            "name": study.model.name,
            "version": study.model.version,
            "precision": study.model.precision,
            "sha256": study.model_sha256,
            "trained_on": study.model.training_data,
            "training_commit": study.model.training_commit,
        },
        "data": {
            "description": study.dataset.description,
            "sha256": data_sha256(study.dataset, rows),
            "tables_sha256": study.dataset.tables_sha256,
        },
        "seed": draws.seed,
        "resamples": draws.resamples,
        "code_revision": code_revision(),
        "versions": versions(),
        "machine": machine(),
        "threshold": study.threshold,
        "infer_ms_median": sorted(row.infer_ms for row in rows)[len(rows) // 2],
        "table_1": cohort_table.table_one(rows, first, development),
        "refusals": cohort_table.refusals(rows, draws),
        "eyes_not_graded": {
            group: sum(eye.group == group and eye.cataract_fraction is None for eye in first)
            for group in cohort_table.GROUPS
        },
        "dice": cohort_table.dice(rows, draws),
        "cataract_fraction": cohort_table.fractions(first, draws),
        "diagnosis": {
            "scan": diagnosis.diagnose(diagnosis.scan_units(first_rows), threshold, draws),
            "eye": diagnosis.diagnose(diagnosis.eye_units(first), threshold, draws),
            "patient": diagnosis.diagnose(diagnosis.patient_units(first), threshold, draws),
        },
        "strata": diagnosis.by_stratum(first, threshold, draws),
        "grey_level": {"value": level, "chosen_here": study.development is None},
        "baselines": {} if level is None else baselines.compare(first, level, known, draws),
        "localisation": truth.localise(rows, draws),
        "calibration": truth.calibrate(rows, draws),
        "against_truth": truth.against_truth(first, draws),
        "repeated": agreement.repeated(eyes, draws),
        "moved": None if study.pair is None else agreement.moved(eyes, study.pair.eyes, threshold, draws),
        "moved_from": None if study.pair is None else f"{study.pair.description} Model {study.pair.model}.",
        "left_out": left_out(study, first),
        "patients_shared_with_development": _shared(study),
    }
    plain: dict[str, Any] = as_plain(tree)
    return plain


def left_out(study: Study, eyes: Sequence[EyeRow]) -> list[str]:
    """Sentences: parts that this dataset does not allow, and why."""
    groups = {eye.group for eye in eyes if eye.cataract_fraction is not None}
    found = [
        f"AUC, thresholds of its own and the other group's rate: no graded {group} eye."
        for group in cohort_table.GROUPS
        if group not in groups
    ]
    if not any(row.opaque_px for row in study.rows):
        found.append(
            "Localisation, calibration and comparison with the true opacity: the dataset has no truth columns."
        )
    elif not any(row.observable_px for row in study.rows):
        found.append("Recall of observable opaque pixels: the dataset has no column truth_observable.")
    if not any(eye.age_years is not None for eye in eyes):
        found.append("Age: patients.csv gives none.")
    if not any(eye.bcva_logmar is not None for eye in eyes):
        found.append("Visual acuity: scans.csv gives none.")
    if not any(eye.exam != eyes[0].exam for eye in study.eyes):
        found.append("Repeatability: every eye has one exam.")
    if study.development is None:
        found.append("Tests against a development set, and baselines at thresholds fixed there: none was given.")
    if study.pair is None:
        found.append("Comparison with the same eyes otherwise shown: no such report was given.")
    elif not _graded(study.eyes) & _graded(study.pair.eyes):
        shared = len({eye.eye_id for eye in study.eyes} & {eye.eye_id for eye in study.pair.eyes})
        found.append(f"Comparison with {study.pair.description}: {shared} eyes are in both, none is graded in both.")
    return found


def _graded(eyes: Sequence[EyeRow]) -> set[str]:
    return {eye.eye_id for eye in eyes if eye.cataract_fraction is not None}


def _shared(study: Study) -> int:
    if study.development is None:
        return 0
    return len({row.patient_id for row in study.rows} & {eye.patient_id for eye in study.development.eyes})


def data_sha256(dataset: Dataset, rows: Sequence[ScanRow]) -> str:
    """Digest of tables and images, in the order of the table."""
    digest = hashlib.sha256(dataset.tables_sha256.encode())
    for row in rows:
        digest.update(row.image_sha256.encode())
    return digest.hexdigest()


def versions() -> dict[str, str]:
    """Versions of what computed the numbers; what is not installed is left out."""
    found = {"python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def machine() -> dict[str, str | int]:
    """What computed the numbers."""
    model = platform.processor() or platform.machine()
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        model = next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), model)
    except OSError:
        pass  # no such file outside Linux
    return {"system": platform.system(), "architecture": platform.machine(), "cpu": model, "cpus": os.cpu_count() or 1}


def as_plain(value: Any) -> Any:
    """Frozen objects as dictionaries, tuples as lists: what JSON knows."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: as_plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key): as_plain(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [as_plain(entry) for entry in value]
    return value
