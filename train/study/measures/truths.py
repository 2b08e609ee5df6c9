"""The truth of an eye: means over its scans, as the measures are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edge_runtime.measure.eye_measures import mean_of
from edge_runtime.measure.grade import STEP_EDGES_DB

if TYPE_CHECKING:
    from collections.abc import Callable

    from .measured_eyes import MeasuredEye

NUCLEAR_DB = STEP_EDGES_DB[1]
AREA = 0.05  # of the central 3 mm
SPOKES = 0.003  # of the lens: spokes that are visible
OPAQUE = 0.05


def severity_db(eye: MeasuredEye) -> float | None:
    """Mean excess of its nucleus; None where none of its scans shows one."""
    return mean_of(truth.severity_db for truth in eye.truths)


def posterior_area(eye: MeasuredEye) -> float:
    """Posterior subcapsular or polar opacity, as a share of the central 3 mm."""
    return mean_of(truth.posterior_area[0] for truth in eye.truths) or 0.0


def anterior_area(eye: MeasuredEye) -> float:
    """Anterior subcapsular opacity, as a share of the central 3 mm."""
    return mean_of(truth.anterior_area[0] for truth in eye.truths) or 0.0


def opaque_fraction(eye: MeasuredEye) -> float:
    """Opaque pixels over lens pixels."""
    return mean_of(truth.opaque_fraction for truth in eye.truths) or 0.0


def spokes(eye: MeasuredEye) -> float:
    """Pixels of spokes over lens pixels."""
    return mean_of(truth.spokes for truth in eye.truths) or 0.0


def truly_opaque(eye: MeasuredEye) -> bool:
    """Whether 5 % of the lens is opaque, or a subcapsular opacity covers 5 % of the central 3 mm."""
    areas = (
        mean_of(truth.opaque_posterior_area[0] for truth in eye.truths) or 0.0,
        mean_of(truth.opaque_anterior_area[0] for truth in eye.truths) or 0.0,
    )
    return opaque_fraction(eye) >= OPAQUE or max(areas) > AREA


def has_cataract(eye: MeasuredEye) -> bool:
    """Whether it is a cataract eye of the simulator, or its lens is opaque all the same."""
    return eye.facts.group == "cataract" or truly_opaque(eye)


# By the names of `edge_runtime.measure.kind_evidence.KINDS`.
KIND_TRUTHS: dict[str, Callable[[MeasuredEye], bool]] = {
    "nuclear": lambda eye: (severity_db(eye) or 0.0) >= NUCLEAR_DB,
    "cortical": lambda eye: spokes(eye) >= SPOKES,
    "posterior-subcapsular": lambda eye: posterior_area(eye) >= AREA,
    "anterior-subcapsular": lambda eye: anterior_area(eye) >= AREA,
}
