"""One eye of a patient: everything about it is fixed before a scan is taken, and the two eyes are alike."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from .eye.anatomy import draw_anatomy
from .eye.anatomy import draw_latents as draw_anatomy_latents
from .eye.conditions import chance_condition, conditioned
from .eye.corneal_condition import CornealCondition, CorneaState, draw_cornea_state, thickened
from .eye.free_form import draw_free_form
from .eye.scatter import draw_clear_scatter, vary_clear_scatter
from .eye.texture import draw_spread_db, draw_texture, draw_varied_texture
from .eye.tissue import draw_tissue
from .opacity.disease import draw_disease, swelling_mm
from .opacity.disease import draw_latents as draw_disease_latents
from .seeds import generator

if TYPE_CHECKING:
    from .eye.anatomy import Anatomy
    from .eye.plan import EyePlan
    from .eye.scatter import ClearScatter
    from .eye.texture import Texture
    from .eye.tissue import Tissue
    from .opacity.disease import Disease


@dataclass(frozen=True, slots=True)
class Eye:
    """One eye as all its scans see it.

    Attributes
    ----------
    plan
        What the cohort asked for.
    anatomy, disease, scatter, texture, tissue
        Its shape, the state of its lens, what a clear lens like it scatters and how unevenly, and its other tissues.
    gain_db
        Brightness of its scans relative to the average eye.
    artefact_factor
        By how much more often than in the average eye its scans have artefacts.
    cornea_state
        The condition of its cornea, or None.
    """

    plan: EyePlan
    anatomy: Anatomy
    disease: Disease
    scatter: ClearScatter
    texture: Texture
    tissue: Tissue
    gain_db: float
    artefact_factor: float
    cornea_state: CorneaState | None


def make_eye(plan: EyePlan) -> Eye:
    """The eye that a plan and its seeds determine."""
    shared = generator(plan.cohort, plan.patient, "anatomy")
    own = generator(plan.cohort, plan.patient, plan.eye, "anatomy")
    latents = draw_anatomy_latents(shared, own)
    ill = draw_disease_latents(
        generator(plan.cohort, plan.patient, "disease"),
        generator(plan.cohort, plan.patient, plan.eye, "disease"),
        plan.age_years,
        plan.mix,
    )
    swelling = swelling_mm(ill, plan.cataract)
    body = draw_anatomy(plan.age_years, latents, plan.dilated, swelling, plan.cataract)
    if plan.free_form:
        rng = generator(plan.cohort, plan.patient, plan.eye, "free form")
        lens, pose = draw_free_form(rng, body.lens, body.pose, plan.age_years)
        body = replace(body, lens=lens, pose=pose)
    conditions = generator(plan.cohort, plan.patient, plan.eye, "condition")
    condition = "" if plan.no_condition else plan.condition or chance_condition(conditions)
    body = conditioned(body, condition, conditions)
    cornea_state = None
    if condition in tuple(CornealCondition):
        cornea_state = draw_cornea_state(conditions, CornealCondition(condition), plan.wide)
        body = replace(body, cornea=thickened(body.cornea, cornea_state, conditions))
    rng = generator(plan.cohort, plan.patient, plan.eye, "opacity")
    disease = draw_disease(
        rng, plan.age_years, body.lens, ill, plan.cataract, plan.acuity_offset, senescent=plan.senescent
    )
    looks = generator(plan.cohort, plan.patient, plan.eye, "looks")
    scatter = draw_clear_scatter(looks, plan.age_years, body.lens, plan.shifted)
    texture = draw_texture(looks)
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
        varied = generator(plan.cohort, plan.patient, plan.eye, "varied")
        scatter, texture = vary_clear_scatter(scatter, varied, body.lens), draw_varied_texture(varied)
        disease = disease.as_uneven(draw_spread_db(varied))
    return Eye(
        plan=plan,
        anatomy=body,
        disease=disease,
        scatter=scatter,
        texture=texture,
        tissue=tissue,
        gain_db=gain,
        artefact_factor=factor,
        cornea_state=cornea_state,
    )
