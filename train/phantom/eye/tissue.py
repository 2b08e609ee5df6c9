"""Brightness of the tissues around the lens of one eye."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

CORNEA_DB = 15.2  # central stroma over the noise, measured on public scans (docs/phantom.md)


@dataclass(frozen=True, slots=True)
class Tissue:
    """Looks of the tissues around the lens; levels in dB over the noise.

    Attributes
    ----------
    cornea_db, epithelium_db, sclera_db, iris_db, vitreous_db, flare_db
        Brightness of each tissue.
    sclera_fall_db, iris_fall_db
        Loss per mm of optical path in the sclera, and in the haze below the iris.
    ciliary
        Whether structures show faintly behind the iris.
    """

    cornea_db: float
    epithelium_db: float
    sclera_db: float
    iris_db: float
    vitreous_db: float
    flare_db: float
    sclera_fall_db: float
    iris_fall_db: float
    ciliary: bool


def draw_tissue(rng: np.random.Generator, reflectivity_db: float = 0.0) -> Tissue:
    """The tissues of one eye; `reflectivity_db` is the brightness of its iris relative to the average one."""
    return Tissue(
        cornea_db=float(CORNEA_DB + 0.5 * rng.standard_normal()),
        epithelium_db=float(rng.normal(-2.5, 0.6)),
        sclera_db=float(rng.normal(24.7, 1.0)),
        iris_db=float(27.7 + reflectivity_db + 0.5 * rng.standard_normal()),
        vitreous_db=(
            float(np.clip(rng.normal(-1.5, 1.5), -10, 1)) if rng.uniform() < 0.65 else float(rng.uniform(-12, -5))
        ),
        flare_db=float(rng.uniform(-6, 1)) if rng.uniform() < 0.03 else -18.0,
        sclera_fall_db=float(rng.uniform(6.5, 10.0)),
        iris_fall_db=float(rng.uniform(11.0, 17.0)),
        ciliary=bool(rng.uniform() < 0.3),
    )
