"""Patients and eyes: two eyes of a patient are alike, and everything about an eye is fixed before a scan is taken."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np

from . import anatomy as anatomy_module
from . import disease as disease_module
from .cornea import CornealCondition, CorneaState, draw_cornea_state, thickened
from .field import WaveField
from .scatter import draw_clear_scatter
from .seeds import generator
from .tissue import draw_tissue

if TYPE_CHECKING:
    from .anatomy import Anatomy
    from .disease import Disease
    from .scatter import ClearScatter
    from .tissue import Tissue


CONDITIONS = ("", *CornealCondition, "small-pupil", "synechia", "tilted", "decentred", "shallow")


class LensState(StrEnum):
    """What stands behind the pupil."""

    PHAKIC = "phakic"
    INTRAOCULAR = "intraocular-lens"
    APHAKIC = "aphakia"
    OUTSIDE = "lens-mostly-outside"
    IMPLANT = "phakic-implant"


@dataclass(frozen=True, slots=True)
class EyePlan:
    """What a cohort asks of one eye.

    Attributes
    ----------
    cohort, patient, eye
        Names for the seeds; eye is OD or OS.
    age_years
        Of the patient.
    cataract
        Group of the eye.
    dilated
        Pupil.
    mix
        Type of cataract to force, or None.
    acuity_offset
        Base of the acuity's model.
    wide
        Training: wider spread of looks and physics.
    state
        What stands behind the pupil.
    condition
        One of `CONDITIONS`: of the cornea, the pupil or the lens' place; "" leaves it to chance.
    senescent
        Give a clear eye an ageing nucleus for certain.
    shifted
        Physics never used in training: another profile of the zones.
    no_condition, no_artefacts
        Spare the eye every condition, or its scans every artefact, those by chance too.
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

    def __post_init__(self) -> None:
        if self.eye not in ("OD", "OS"):
            raise ValueError(f"Eye {self.eye!r}: expected OD or OS.")
        if self.condition not in CONDITIONS:
            raise ValueError(f"Condition {self.condition!r}: expected one of {', '.join(CONDITIONS[1:])}, or none.")
        if self.no_condition and self.condition:
            raise ValueError(f"Condition {self.condition!r} of an eye that shall have none.")
        if not 0 <= self.age_years <= 120:
            raise ValueError(f"An age of {self.age_years} years: expected 0 to 120.")


@dataclass(frozen=True, slots=True)
class Eye:
    """One eye as all its scans see it."""

    plan: EyePlan
    anatomy: Anatomy
    disease: Disease
    scatter: ClearScatter
    texture: WaveField
    tissue: Tissue
    gain_db: float
    artefact_factor: float
    cornea_state: CorneaState | None


def make_eye(plan: EyePlan) -> Eye:
    """The eye that a plan and its seeds determine."""
    shared = generator(plan.cohort, plan.patient, "anatomy")
    own = generator(plan.cohort, plan.patient, plan.eye, "anatomy")
    latents = anatomy_module.draw_latents(shared, own)
    ill = disease_module.draw_latents(
        generator(plan.cohort, plan.patient, "disease"),
        generator(plan.cohort, plan.patient, plan.eye, "disease"),
        plan.age_years,
        plan.mix,
    )
    swelling = disease_module.swelling_mm(ill, plan.cataract)
    body = anatomy_module.draw_anatomy(plan.age_years, latents, plan.dilated, swelling, plan.cataract)
    conditions = generator(plan.cohort, plan.patient, plan.eye, "condition")
    condition = "" if plan.no_condition else plan.condition or _chance_condition(conditions)
    body = _conditioned(body, condition, conditions)
    cornea_state = None
    if condition in tuple(CornealCondition):
        cornea_state = draw_cornea_state(conditions, CornealCondition(condition))
        body = replace(body, cornea=thickened(body.cornea, cornea_state, conditions))
    rng = generator(plan.cohort, plan.patient, plan.eye, "opacity")
    disease = disease_module.draw_disease(
        rng, plan.age_years, body.lens, ill, plan.cataract, plan.acuity_offset, senescent=plan.senescent
    )
    looks = generator(plan.cohort, plan.patient, plan.eye, "looks")
    scatter = draw_clear_scatter(looks, plan.age_years, body.lens, plan.shifted)
    texture = WaveField.draw(looks, (0.45, 0.45, 0.35))
    tissue = draw_tissue(looks, body.iris.reflectivity_db)
    gain = float(0.4 * looks.standard_normal())
    factor = float(np.exp(0.4 * looks.standard_normal()))
    if plan.no_artefacts:
        factor = 0.0
    if plan.wide:
        tissue = replace(
            tissue,
            cornea_db=tissue.cornea_db + float(looks.normal(0, 0.6)),
            sclera_db=tissue.sclera_db + float(looks.normal(0, 1.0)),
            iris_db=tissue.iris_db + float(looks.normal(0, 1.0)),
        )
        gain += float(looks.normal(0, 0.6))
    return Eye(plan, body, disease, scatter, texture, tissue, gain, factor, cornea_state)


def _chance_condition(rng: np.random.Generator) -> str:
    """Conditions that any eye may have, with their shares per eye."""
    table = (
        ("scar", 0.010),
        ("oedema", 0.005),
        ("guttae", 0.008),
        ("arcus", 0.007),
        ("contact-lens", 0.01),
        ("synechia", 0.02),
    )
    place, total = rng.uniform(), 0.0
    for name, share in table:
        total += share
        if place < total:
            return name
    return ""


def _conditioned(body: Anatomy, condition: str, rng: np.random.Generator) -> Anatomy:
    """Anatomy under a condition of pupil or lens."""
    if condition == "small-pupil":
        return replace(body, iris=replace(body.iris, pupil_radius_mm=float(rng.uniform(0.9, 1.45))))
    if condition == "synechia":
        iris = replace(
            body.iris,
            pupil_radius_mm=min(body.iris.pupil_radius_mm, float(rng.uniform(1.2, 2.2))),
            irregularity=float(rng.uniform(0.1, 0.25)),
        )
        return replace(body, iris=iris)
    if condition == "tilted":
        angle, size = rng.uniform(0, 2 * np.pi), np.deg2rad(rng.uniform(7, 12))
        return replace(
            body,
            pose=replace(body.pose, tilt_x_rad=float(size * np.cos(angle)), tilt_y_rad=float(size * np.sin(angle))),
        )
    if condition == "decentred":
        angle, size = rng.uniform(0, 2 * np.pi), rng.uniform(0.5, 1.0)
        return replace(
            body, pose=replace(body.pose, pole_x_mm=float(size * np.cos(angle)), pole_y_mm=float(size * np.sin(angle)))
        )
    if condition == "shallow":
        depth = body.cornea.thickness_mm + float(rng.uniform(1.4, 1.9))
        iris = replace(body.iris, root_depth_mm=float(rng.uniform(0.9, 1.3)), bow_mm=float(rng.uniform(0.2, 0.45)))
        return replace(body, pose=replace(body.pose, pole_z_mm=depth), iris=iris)
    return body
