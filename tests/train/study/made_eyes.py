"""A table of eyes with known Cataract Fractions, for tests of what is computed from such a table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from train.study.rows import EyeRow, write_rows

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


def made_eye(group: str, number: int, cataract_fraction: float) -> EyeRow:
    """One right eye of a patient of its own, at one exam of one graded scan."""
    patient = f"{group}-{number}"
    return EyeRow(
        eye_id=f"{patient}/OD/1",
        patient_id=patient,
        eye="OD",
        exam=1,
        group=group,
        age_years=60.0,
        bcva_logmar=0.1,
        scans=1,
        scans_graded=1,
        cataract_fraction=cataract_fraction,
        lens_density=40.0,
        nucleus_density=30.0,
        grey_counts=(1,) * 32,
        truth_opacity_fraction=cataract_fraction,
        kind="",
        strata=(),
    )


def write_made_eyes(folder: Path, clear: Sequence[float], cataract: Sequence[float]) -> None:
    """Write eyes.csv of one eye per Cataract Fraction."""
    eyes = [
        made_eye(group, number, fraction)
        for group, fractions in (("clear", clear), ("cataract", cataract))
        for number, fraction in enumerate(fractions)
    ]
    write_rows(folder / "eyes.csv", eyes, EyeRow)
