"""The plan of one eye: the request of a cohort, before anything is drawn."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from .conditions import CONDITIONS


class LensState(StrEnum):
    """The lens or implant behind the pupil."""

    PHAKIC = "phakic"
    INTRAOCULAR = "intraocular-lens"
    APHAKIC = "aphakia"
    OUTSIDE = "lens-mostly-outside"
    IMPLANT = "phakic-implant"  # before the natural lens


GRADABLE = (LensState.PHAKIC, LensState.IMPLANT)  # the natural lens is there to be graded


@dataclass(frozen=True, slots=True)
class EyePlan:
    """The plan of one eye.

    Attributes
    ----------
    cohort, patient, eye
        Names for the seeds; the eye is OD or OS.
    age_years
        Age of the patient.
    cataract
        Whether the eye belongs to the cataract group.
    dilated
        Whether the pupil is dilated.
    mix
        Types of cataract to force, in the letters of `opacity.disease`, or None to draw them.
    acuity_offset
        Constant term of the acuity's model, logMAR.
    wide
        Whether looks and physics spread more widely, as in training.
    state
        The lens or implant behind the pupil.
    condition
        One of `CONDITIONS`: of the cornea, the pupil or the lens' place; "" leaves it to chance.
    senescent
        Whether a clear eye has an ageing nucleus for certain.
    shifted
        Whether the eye has physics never used in training: another profile of the zones.
    no_condition, no_artefacts
        Whether the eye has no condition, or its scans no artefact, not even by chance.
    free_form
        Whether outline and shells of the lens leave the closed form.
    """

    cohort: str
    patient: str
    eye: str
    age_years: float
    cataract: bool
    dilated: bool
    mix: str | None = None
    acuity_offset: float = 0.06
    wide: bool = False
    state: LensState = LensState.PHAKIC
    condition: str = ""
    senescent: bool = False
    shifted: bool = False
    no_condition: bool = False
    no_artefacts: bool = False
    free_form: bool = False

    def __post_init__(self) -> None:
        if self.eye not in ("OD", "OS"):
            raise ValueError(f"Eye {self.eye!r}: expected OD or OS.")
        if self.condition not in CONDITIONS:
            raise ValueError(f"Condition {self.condition!r}: expected one of {', '.join(CONDITIONS[1:])}, or none.")
        if self.no_condition and self.condition:
            raise ValueError(f"Condition {self.condition!r} of an eye that shall have none.")
        if not 0 <= self.age_years <= 120:
            raise ValueError(f"An age of {self.age_years} years: expected 0 to 120.")
