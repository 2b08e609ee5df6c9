"""Compute everything that a report holds from the measured scans."""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from train import provenance

from . import agreement, baselines, cohort_table, diagnosis, truth
from .results import SCHEMA, DiagnosisByUnit, GreyLevel, StudiedData, StudiedModel, StudyResults, Threshold
from .rows import EyeRow, ScanRow, eyes_of, first_exams

if TYPE_CHECKING:
    from edge_runtime.model.metadata import ModelMetadata
    from train.data.dataset import Dataset

    from .earlier_report import EarlierReport
    from .resampling import BootstrapSettings

PACKAGES = ("numpy", "scipy", "scikit-learn", "matplotlib", "onnxruntime", "opencv-python-headless", "torch")


@dataclass(frozen=True, slots=True)
class Study:
    """What a report is made of.

    Attributes
    ----------
    model, model_sha256
        The model that was measured.
    dataset, rows
        The dataset, and its measured scans.
    threshold
        The operating point.
    development
        The report that fixed the threshold; None without one.
    pair
        A report on the same eyes to compare with; None without one.
    bootstrap
        Settings of the intervals.
    learnt_from
        Names of the scans that the model learnt from.
    """

    model: ModelMetadata
    model_sha256: str
    dataset: Dataset
    rows: tuple[ScanRow, ...]
    threshold: Threshold
    development: EarlierReport | None
    pair: EarlierReport | None
    bootstrap: BootstrapSettings
    learnt_from: tuple[str, ...] = ()

    @property
    def eyes(self) -> list[EyeRow]:
        """Return every eye at every exam."""
        return eyes_of(self.rows)


def summarise(study: Study) -> StudyResults:
    """Compute all results of a study; its figures are still to be drawn."""
    rows, bootstrap, threshold = study.rows, study.bootstrap, study.threshold.cf_threshold
    eyes = study.eyes
    first = first_exams(eyes)
    development = None if study.development is None else first_exams(study.development.eyes)
    level = study.development.grey_level if study.development else baselines.best_grey_level(first)
    known = study.development.baseline_thresholds if study.development else {}
    return StudyResults(
        schema=SCHEMA,
        model=_studied_model(study),
        data=StudiedData(
            description=study.dataset.description,
            sha256=data_sha256(study.dataset, rows),
            tables_sha256=study.dataset.tables_sha256,
        ),
        seed=bootstrap.seed,
        resamples=bootstrap.resamples,
        code_revision=provenance.code_revision(),
        versions={"python": platform.python_version()} | provenance.versions(*PACKAGES),
        machine=provenance.machine(),
        threshold=study.threshold,
        infer_ms_median=sorted(row.infer_ms for row in rows)[len(rows) // 2],
        table_1=cohort_table.table_one(rows, first, development),
        refusals=cohort_table.refusals(rows, bootstrap),
        eyes_not_graded=_eyes_not_graded(first),
        dice=cohort_table.dice(rows, bootstrap),
        cataract_fraction=cohort_table.fractions(first, bootstrap),
        diagnosis=_diagnosis(study, first),
        strata=diagnosis.by_stratum(first, threshold, bootstrap),
        grey_level=GreyLevel(value=level, chosen_here=study.development is None),
        baselines={} if level is None else baselines.compare(first, level, known, bootstrap),
        localisation=truth.localise(rows, bootstrap),
        calibration=truth.calibrate(rows, bootstrap),
        against_truth=truth.against_truth(first, bootstrap),
        repeatability=agreement.measure_repeatability(eyes, bootstrap),
        paired_comparison=_paired_comparison(study, eyes),
        paired_with=None if study.pair is None else f"{study.pair.description} Model {study.pair.model}.",
        left_out=tuple(left_out(study, first)),
        patients_shared_with_development=_shared_patients(study),
        learnt_from=study.learnt_from,
        outlined=cohort_table.outlined(rows, bootstrap),
        paper_label=diagnosis.paper_label(
            first, None if study.development is None else study.development.paper_threshold, bootstrap
        ),
    )


def _studied_model(study: Study) -> StudiedModel:
    return StudiedModel(
        name=study.model.name,
        version=study.model.version,
        precision=study.model.precision,
        sha256=study.model_sha256,
        trained_on=study.model.training_data,
        training_commit=study.model.training_commit,
    )


def _eyes_not_graded(first: Sequence[EyeRow]) -> dict[str, int]:
    return {
        group: sum(eye.group == group and eye.cataract_fraction is None for eye in first)
        for group in cohort_table.GROUPS
    }


def _diagnosis(study: Study, first: Sequence[EyeRow]) -> DiagnosisByUnit:
    exams = {eye.eye_id for eye in first}
    first_rows = [row for row in study.rows if row.eye_id in exams]
    threshold, bootstrap = study.threshold.cf_threshold, study.bootstrap
    return DiagnosisByUnit(
        scan=diagnosis.diagnose(diagnosis.scan_units(first_rows), threshold, bootstrap),
        eye=diagnosis.diagnose(diagnosis.eye_units(first), threshold, bootstrap),
        patient=diagnosis.diagnose(diagnosis.patient_units(first), threshold, bootstrap),
    )


def _paired_comparison(study: Study, eyes: Sequence[EyeRow]) -> agreement.PairedComparison | None:
    if study.pair is None:
        return None
    return agreement.compare_pairs(eyes, study.pair.eyes, study.threshold.cf_threshold, study.bootstrap)


def left_out(study: Study, eyes: Sequence[EyeRow]) -> list[str]:
    """Return sentences: which parts the dataset does not allow, and why."""
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


def _shared_patients(study: Study) -> int:
    if study.development is None:
        return 0
    return len({row.patient_id for row in study.rows} & {eye.patient_id for eye in study.development.eyes})


def data_sha256(dataset: Dataset, rows: Sequence[ScanRow]) -> str:
    """Return the digest of tables and images, in the order of the table."""
    digest = hashlib.sha256(dataset.tables_sha256.encode())
    for row in rows:
        digest.update(row.image_sha256.encode())
    return digest.hexdigest()
