"""Diseases of the cornea and contact lenses: where they lie and how strong they are."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

    from .anatomy import Cornea


class CornealCondition(StrEnum):
    """A disease of the cornea, or a contact lens on it."""

    SCAR = "scar"
    OEDEMA = "oedema"
    GUTTAE = "guttae"  # Fuchs' dystrophy
    ARCUS = "arcus"
    CONTACT_LENS = "contact-lens"


@dataclass(frozen=True, slots=True)
class CorneaState:
    """A condition of one cornea with its place and strength.

    Attributes
    ----------
    condition
        Kind of the condition.
    x_mm, y_mm, radius_mm
        Centre and radius in the eye's axes.
    scatter_db, loss_db
        Extra brightness of the stroma, and loss of light from everything below it.
    first, last
        Affected part of the thickness, from 0 at the front to 1 at the back.
    """

    condition: CornealCondition
    x_mm: float
    y_mm: float
    radius_mm: float
    scatter_db: float
    loss_db: float
    first: float
    last: float


def draw_cornea_state(rng: np.random.Generator, condition: CornealCondition, wide: bool = False) -> CorneaState:
    """Draw the place and strength of a condition; `wide` reaches to oedema as bright as the iris."""
    if condition is CornealCondition.SCAR:
        return _scar(rng)
    if condition is CornealCondition.CONTACT_LENS:
        return CorneaState(
            condition=condition,
            x_mm=0.0,
            y_mm=0.0,
            radius_mm=7.2,
            scatter_db=float(rng.uniform(5, 12)),
            loss_db=float(rng.uniform(0.2, 0.8)),
            first=0.0,
            last=float(rng.uniform(0.08, 0.15)),
        )
    limits = _WIDE_OEDEMA if wide and condition is CornealCondition.OEDEMA else _LIMITS[condition]
    return CorneaState(
        condition=condition,
        x_mm=0.0,
        y_mm=0.0,
        radius_mm=float(rng.uniform(*limits.radius_mm)),
        scatter_db=float(rng.uniform(*limits.scatter_db)),
        loss_db=float(rng.uniform(*limits.loss_db)),
        first=limits.first,
        last=1.0,
    )


@dataclass(frozen=True, slots=True)
class _Limits:
    """Between which limits a condition that is centred on the cornea is drawn."""

    radius_mm: tuple[float, float]
    scatter_db: tuple[float, float]
    loss_db: tuple[float, float]
    first: float


_LIMITS = {
    CornealCondition.OEDEMA: _Limits(radius_mm=(2.5, 5), scatter_db=(2.5, 6), loss_db=(2, 6), first=0.05),
    CornealCondition.GUTTAE: _Limits(radius_mm=(1.5, 3.5), scatter_db=(4, 9), loss_db=(0.2, 1.2), first=0.95),
    CornealCondition.ARCUS: _Limits(radius_mm=(4.6, 5.1), scatter_db=(4, 8), loss_db=(2, 6), first=0.1),
}
_WIDE_OEDEMA = _Limits(radius_mm=(2.5, 6.5), scatter_db=(2.5, 15), loss_db=(2, 7), first=0.05)


def _scar(rng: np.random.Generator) -> CorneaState:
    """A scar anywhere on the cornea; the thicker it is, the more light it takes."""
    thickness = float(rng.uniform(0.3, 0.9))
    place = rng.normal(0, 1.2, 2)
    loss = 2 * 4.34 * float(rng.uniform(1.5, 4.0)) * 0.54 * thickness
    return CorneaState(
        condition=CornealCondition.SCAR,
        x_mm=float(place[0]),
        y_mm=float(place[1]),
        radius_mm=float(rng.uniform(0.25, 1.5)),
        scatter_db=float(rng.uniform(4, 10)),
        loss_db=loss,
        first=0.08,
        last=thickness,
    )


def thickened(cornea: Cornea, state: CorneaState, rng: np.random.Generator) -> Cornea:
    """The cornea of an eye with this condition: oedema and Fuchs' dystrophy thicken it."""
    # Both are drawn for every condition, so that the draws that follow do not depend on it.
    extra = {CornealCondition.OEDEMA: rng.uniform(0.04, 0.12), CornealCondition.GUTTAE: rng.uniform(0.0, 0.06)}.get(
        state.condition, 0.0
    )
    return replace(cornea, thickness_mm=cornea.thickness_mm + float(extra))
