"""The light that an eye sends back to the device, before anything disturbs it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from edge_runtime.look.tissues import Tissue
from train.phantom.eye.plan import LensState

from .ciliary import paint_ciliary
from .corneal_shadow import paint_cornea_state
from .implants import paint_intraocular_lens, paint_phakic_implant
from .iris import paint_iris
from .lens_image import image_lens, paint_lens
from .tissue_map import TissueMap
from .vitreous import paint_vitreous
from .wall import paint_wall

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from train.phantom.patient import Eye

    from .beams import Grid, Surfaces, View
    from .lens_image import LensImage
    from .scan_seeds import ScanSeeds

USUAL_VAULT_MM = 0.55, 0.25  # mean and SD; 0.25 to 1 mm is regarded as safe (FDA 2018; clinical reviews)
STATES_WITH_LENS = (LensState.PHAKIC, LensState.OUTSIDE, LensState.IMPLANT)


@dataclass(frozen=True, slots=True)
class EyeLight:
    """Mean light on the device's grid; powers over the mean noise, (rows, columns) float32.

    Attributes
    ----------
    signal
        All light.
    from_lens
        The part of it that the natural lens scatters, without its capsule lines.
    lens
        The natural lens as the scan cuts it, or None where there is none in the frame.
    tissues
        What each sample shows.
    vault_mm
        From the implant to the natural lens behind it, on the axis; None without an implant.
    """

    signal: NDArray[np.float32]
    from_lens: NDArray[np.float32]
    lens: LensImage | None
    tissues: TissueMap
    vault_mm: float | None = None


def paint_eye(
    eye: Eye, view: View, surfaces: Surfaces, grid: Grid, seeds: ScanSeeds, rng: np.random.Generator
) -> EyeLight:
    """Paint every tissue; `rng` is the generator of this exposure."""
    signal = np.full((grid.rows, grid.columns), 10 ** (eye.tissue.flare_db / 10), np.float32)
    signal[: max(int(surfaces.cornea_path.min() / grid.row_mm), 0)] = 0
    lens = None
    if eye.plan.state in STATES_WITH_LENS:
        lens = image_lens(eye.anatomy, eye.scatter, eye.texture, eye.disease.opacities, surfaces, view, grid)
    tissues = TissueMap.of_chamber(surfaces, grid)
    paint_vitreous(signal, surfaces, eye, grid)
    paint_wall(signal, surfaces, eye.tissue, eye.anatomy, grid, rng)
    structure = seeds.meridian_wide("iris")
    before = signal.copy()
    paint_iris(signal, surfaces, eye.anatomy, eye.tissue, grid, structure)
    if eye.tissue.ciliary:
        paint_ciliary(signal, surfaces, grid, structure)
    tissues.light_of(Tissue.IRIS_SCLERA, before, signal)
    from_lens = np.zeros_like(signal)
    if lens is not None:
        from_lens[lens.box] = paint_lens(signal, lens, surfaces, grid)
        tissues.codes[lens.box][lens.cover > 0.5] = Tissue.NATURAL_LENS
    if eye.plan.state is LensState.INTRAOCULAR:
        paint_intraocular_lens(signal, tissues, eye.anatomy, surfaces, view, grid, seeds.eye_wide("implant"))
    vault_mm = None
    if eye.plan.state is LensState.IMPLANT:
        implant = seeds.eye_wide("implant")
        vault_mm = float(np.clip(implant.normal(*USUAL_VAULT_MM), 0.05, 1.2))
        from_lens *= paint_phakic_implant(signal, tissues, surfaces, grid, vault_mm, implant)
    if eye.cornea_state is not None:
        from_lens *= paint_cornea_state(signal, surfaces, view, eye.cornea_state, grid, seeds.meridian_wide("cornea"))
    return EyeLight(signal=signal, from_lens=from_lens, lens=lens, tissues=tissues, vault_mm=vault_mm)
