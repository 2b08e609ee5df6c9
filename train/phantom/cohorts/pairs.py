"""Cohorts whose patients are those of another one, so that results pair eye by eye."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from .stress import altered, artefacts, corneal_disease, grading
from .studies import validation

if TYPE_CHECKING:
    from .patients import PatientPlan


def shifted(cohort: str, patients: int) -> list[PatientPlan]:
    """The validation eyes and poses again, with a zone profile, speckle and display that training never meets."""
    return _with_other_eyes(validation(_partner("validation", cohort), patients), shifted=True)


def corneal_disease_without(cohort: str, patients: int) -> list[PatientPlan]:
    """The eyes, poses and exposures of `corneal-disease` with healthy corneas."""
    plans = corneal_disease(_partner("corneal-disease", cohort), patients)
    return _with_other_eyes(plans, condition="", no_condition=True)


def artefacts_without(cohort: str, patients: int) -> list[PatientPlan]:
    """The eyes and poses of `artefacts` without any artefact; conditions of the pupil and of the lens' place stay."""
    plans = _with_other_eyes(artefacts(_partner("artefacts", cohort), patients), no_artefacts=True)
    return [
        replace(p, eyes=tuple((eye, tuple(replace(scan, forced="") for scan in scans)) for eye, scans in p.eyes))
        for p in plans
    ]


def altered_without(cohort: str, patients: int) -> list[PatientPlan]:
    """The scans of `altered` as the device wrote them."""
    plans = altered(_partner("altered", cohort), patients)
    return [
        replace(p, eyes=tuple((eye, tuple(replace(scan, tool=None) for scan in scans)) for eye, scans in p.eyes))
        for p in plans
    ]


def free_form(cohort: str, patients: int) -> list[PatientPlan]:
    """The eyes and poses of `grading` with lenses whose outline and shells follow no closed form."""
    return _with_other_eyes(grading(_partner("grading", cohort), patients), free_form=True)


def _partner(name: str, cohort: str) -> str:
    """Name, for the seeds, of the cohort whose patients come again."""
    return f"{name}/{cohort.split('/')[1]}"


def _with_other_eyes(plans: list[PatientPlan], **changes: Any) -> list[PatientPlan]:
    """The same patients and scans, with these changes to the plan of every eye."""
    return [replace(p, eyes=tuple((replace(eye, **changes), scans) for eye, scans in p.eyes)) for p in plans]
