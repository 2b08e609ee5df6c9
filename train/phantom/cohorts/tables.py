"""The tables of a cohort in the dataset layout, and the names in them."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from train.phantom.eye.plan import EyePlan
    from train.phantom.imaging.plan import ScanPlan
    from train.phantom.patient import Eye
    from train.phantom.render import RenderedScan

    from .patients import PatientPlan

PATIENT_COLUMNS = ("patient_id", "age_years", "sex", "truth_age_years")
SCAN_COLUMNS = (
    "scan_id", "patient_id", "eye", "exam", "group", "meridian_deg", "image", "mask", "bcva_logmar", "profile",
    "truth_labels", "truth_excess", "truth_type", "truth_observable", "truth_tissue", "truth_opacity_fraction",
    "truth_observable_fraction", "truth_lens_px", "truth_nuclear_db", "truth_cortical_db", "truth_kinds", "display",
    "state", "mix", "senescent", "locs_no", "pupil_mm", "dilated", "gain_db", "looks", "black_db", "grey_per_db",
    "artefacts", "condition", "picture", "vault_mm", "depth_slope_db",
)  # fmt: skip


def scan_id(eye: EyePlan, scan: ScanPlan) -> str:
    """Name of a scan and of its files."""
    name = f"{eye.patient}_{eye.eye}_{exam_number(scan)}_{round(scan.meridian_deg):03d}"
    return name if scan.imaging == "first" else f"{name}_{scan.imaging}"


def exam_number(scan: ScanPlan) -> int:
    """Number of the exam in the table; displays of one exposure count as exams, each with its Cataract Fraction."""
    return scan.setting or scan.exam


def scan_row(eye: Eye, scan: ScanPlan, rendered: RenderedScan, images: Mapping[str, str]) -> dict[str, object]:
    """The row of a scan in scans.csv; `images` holds the path of each picture by its column."""
    return {
        "scan_id": scan_id(eye.plan, scan),
        "patient_id": eye.plan.patient,
        "eye": eye.plan.eye,
        "exam": exam_number(scan),
        "group": ("cataract" if eye.plan.cataract else "clear") if rendered.truth.lens_px else "",
        "meridian_deg": f"{scan.meridian_deg:g}",
        "bcva_logmar": f"{eye.disease.bcva_logmar:.2f}",
        **images,
        **rendered.notes,
    }


def scan_table(rows: Iterable[Mapping[str, object]]) -> bytes:
    """The file scans.csv."""
    return _table(SCAN_COLUMNS, rows)


def patient_table(patients: Iterable[PatientPlan]) -> bytes:
    """The file patients.csv."""
    rows = [
        {
            "patient_id": patient.patient_id,
            "age_years": f"{patient.age_years:.1f}",
            "sex": patient.sex,
            "truth_age_years": f"{patient.age_years:.1f}",
        }
        for patient in patients
    ]
    return _table(PATIENT_COLUMNS, rows)


def _table(columns: tuple[str, ...], rows: Iterable[Mapping[str, object]]) -> bytes:
    file = io.StringIO(newline="")
    writer = csv.DictWriter(file, columns, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return file.getvalue().encode()
