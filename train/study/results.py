"""The results of a study, as one frozen value, and the JSON that results.json holds of it.

What is undefined is None, and null in JSON; there is no NaN.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from cattrs import override
from cattrs.gen import make_dict_structure_fn, make_dict_unstructure_fn
from cattrs.preconf.json import make_converter

from .agreement import PairedComparison, Repeatability
from .baselines import Baseline
from .cohort_table import Fractions, GroupTable, Refusals
from .diagnosis import Diagnosis, PaperLabel, Subgroup
from .resampling import Estimate
from .truth import AgainstTruth, Calibration, LocalisationAccuracy

if TYPE_CHECKING:
    from pathlib import Path

    from cattrs.preconf.json import JsonConverter

SCHEMA = "edge-cataract/study/1"


@dataclass(frozen=True, slots=True)
class StudiedModel:
    """Which model was measured, and what it learnt from."""

    name: str
    version: str
    precision: str
    sha256: str
    trained_on: str
    training_commit: str


@dataclass(frozen=True, slots=True)
class StudiedData:
    """Which dataset it was measured on.

    Attributes
    ----------
    sha256
        Digest of the tables and of every image.
    tables_sha256
        Digest of the tables alone.
    """

    description: str
    sha256: str
    tables_sha256: str


@dataclass(frozen=True, slots=True)
class Threshold:
    """The operating point of a study, and where it comes from."""

    cf_threshold: float
    method: str


@dataclass(frozen=True, slots=True)
class DiagnosisByUnit:
    """Clear or cataract, counted per scan, per eye and per patient."""

    scan: Diagnosis
    eye: Diagnosis
    patient: Diagnosis


@dataclass(frozen=True, slots=True)
class GreyLevel:
    """Grey level of the grey-fraction baseline, and whether it was chosen on the eyes of this very study."""

    value: int | None
    chosen_here: bool


@dataclass(frozen=True, slots=True)
class CohortRequest:
    """Which simulated cohort a report is about, and which other reports it depends on, by the names of their folders.

    Attributes
    ----------
    patients
        Number of patients that was asked for; None for the cohort's own number.
    threshold_from
        Report that fixed the threshold, or None.
    pair_with
        Report on the same eyes, or None.
    """

    name: str
    seed: int
    patients: int | None
    threshold_from: str | None
    pair_with: str | None


@dataclass(frozen=True, slots=True)
class StudyResults:
    """Everything that a report holds, in the order of results.json.

    Attributes
    ----------
    seed, resamples
        Settings of the bootstrap.
    infer_ms_median
        Median time of the network per scan.
    table_1, eyes_not_graded, dice, baselines, strata, repeatability
        By group, label, measure or subgroup.
    localisation, calibration, against_truth
        None where the dataset has no true opacity.
    paired_comparison, paired_with
        The same eyes in another report, and a description of that report; None without one.
    left_out
        Sentences: which parts the dataset does not allow, and why.
    figures
        Names of the figure files beside the report.
    cohort
        Which simulated cohort it is about; None for other data.
    learnt_from
        Names of the scans that the model learnt from: what is measured on them is too good.
    outlined
        Share of the scans with a lens that are graded with a lens Dice of 0.95 or more.
    paper_label
        Diagnosis by the fraction on the paper's label; None where the model does not find it.
    """

    schema: str
    model: StudiedModel
    data: StudiedData
    seed: int
    resamples: int
    code_revision: str
    versions: dict[str, str]
    machine: dict[str, str | int]
    threshold: Threshold
    infer_ms_median: float
    table_1: dict[str, GroupTable]
    refusals: Refusals
    eyes_not_graded: dict[str, int]
    dice: dict[str, Estimate]
    cataract_fraction: Fractions
    diagnosis: DiagnosisByUnit
    strata: dict[str, Subgroup]
    grey_level: GreyLevel
    baselines: dict[str, Baseline]
    localisation: LocalisationAccuracy | None
    calibration: Calibration | None
    against_truth: AgainstTruth | None
    repeatability: dict[str, Repeatability]
    paired_comparison: PairedComparison | None
    paired_with: str | None
    left_out: tuple[str, ...]
    patients_shared_with_development: int
    figures: tuple[str, ...] = ()
    cohort: CohortRequest | None = None
    learnt_from: tuple[str, ...] = ()
    outlined: Estimate | None = None
    paper_label: PaperLabel | None = None

    @property
    def scans(self) -> int:
        """Number of scans that were measured."""
        return self.refusals.with_lens + self.refusals.without_lens


def to_json(results: StudyResults) -> str:
    """Return the text of results.json, a line for each part."""
    tree: dict[str, Any] = _converter().unstructure(results)
    parts = (f"{json.dumps(name)}: {json.dumps(part, allow_nan=False)}" for name, part in tree.items())
    return "{\n" + ",\n".join(parts) + "\n}\n"


def read_results(path: Path) -> StudyResults:
    """Read a results.json.

    Raises
    ------
    ValueError, OSError, cattrs.BaseValidationError
        When the file is missing, is of another schema, or is incomplete.
    """
    tree = json.loads(path.read_text(encoding="utf-8"))
    found = tree.get("schema") if isinstance(tree, dict) else None
    if found != SCHEMA:
        raise ValueError(f"schema {SCHEMA} was expected, got {found}")
    return _converter().structure(tree, StudyResults)


@cache
def _converter() -> JsonConverter:
    """Return the converter of results; three names in JSON are those of the reports written so far."""
    converter = make_converter(detailed_validation=True)
    repeatability, pair, pair_name = (override(rename=name) for name in ("repeated", "moved", "moved_from"))
    converter.register_unstructure_hook(
        StudyResults,
        make_dict_unstructure_fn(
            StudyResults,
            converter,
            repeatability=repeatability,
            paired_comparison=pair,
            paired_with=pair_name,
            cohort=override(omit_if_default=True),
            learnt_from=override(omit_if_default=True),
            outlined=override(omit_if_default=True),
            paper_label=override(omit_if_default=True),
        ),
    )
    converter.register_structure_hook(
        StudyResults,
        make_dict_structure_fn(
            StudyResults, converter, repeatability=repeatability, paired_comparison=pair, paired_with=pair_name
        ),
    )
    return converter
