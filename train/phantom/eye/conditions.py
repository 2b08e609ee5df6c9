"""Conditions of an eye other than cataract: of its cornea, its pupil, or the place of its lens."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from .corneal_condition import CornealCondition

if TYPE_CHECKING:
    from .anatomy import Anatomy

CONDITIONS = ("", *CornealCondition, "small-pupil", "synechia", "tilted", "decentred", "shallow")


def chance_condition(rng: np.random.Generator) -> str:
    """A condition that any eye may have by chance, or "" for none."""
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


def conditioned(body: Anatomy, condition: str, rng: np.random.Generator) -> Anatomy:
    """The anatomy of an eye with a condition of its pupil or of the place of its lens; others leave it as it is."""
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
