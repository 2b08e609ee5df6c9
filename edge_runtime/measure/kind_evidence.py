"""Evidence for each kind of cataract in an eye, from the measures of its lens."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .regression import logistic, weighted_sum
from .zones import Zone

if TYPE_CHECKING:
    from .eye_measures import EyeMeasures
    from .grade import Grade

KINDS = ("nuclear", "cortical", "posterior-subcapsular", "anterior-subcapsular")


@dataclass(frozen=True, slots=True)
class KindScale:
    """Logistic regressions, fitted to simulated eyes; one weight per entry of `kind_terms`.

    Attributes
    ----------
    weights
        By kind, in the order of `KINDS`.
    """

    weights: dict[str, tuple[float, ...]]

    def evidence(self, terms: tuple[float, ...]) -> dict[str, float]:
        """Share of simulated eyes with these terms that have each kind, 0 to 1."""
        return {kind: logistic(weighted_sum(self.weights[kind], terms)) for kind in KINDS}


def kind_terms(eye: EyeMeasures, grade: Grade) -> tuple[float, ...]:
    """What tells kinds apart: one, grade, fractions of nucleus and of both cortices, both subcapsular areas (3 mm).

    A network with a second head adds the share of spokes, and its square root, as a few pixels say much.
    """
    fractions = (eye.zones[zone.label].fraction or 0.0 for zone in (Zone.ANTERIOR_CORTEX, Zone.POSTERIOR_CORTEX))
    nucleus = eye.nucleus.fraction or 0.0
    areas = (eye.areas.posterior_3mm or 0.0, eye.areas.anterior_3mm or 0.0)
    spokes = () if eye.evidence is None else (eye.evidence.spoke_share, math.sqrt(eye.evidence.spoke_share))
    return (1.0, grade.value_db, nucleus, *fractions, *areas, *spokes)
