"""The light that an eye sends back to the device, before anything disturbs it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from train.phantom.eye.plan import LensState

from .ciliary import paint_ciliary
from .corneal_shadow import paint_cornea_state
from .intraocular_lens import paint_intraocular_lens
from .iris import paint_iris, recess_depth
from .lens_image import image_lens, paint_lens
from .phakic_implant import draw_phakic_implant, paint_phakic_implant
from .tissue_map import Layers
from .vitreous import paint_vitreous
from .wall import paint_wall

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from train.phantom.patient import Eye

    from .beams import Grid, Surfaces, View
    from .lens_image import LensImage
    from .scan_seeds import ScanSeeds

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
    layers
        Where the other tissues are.
    vault_mm
        Of a phakic implant, or None.
    """

    signal: NDArray[np.float32]
    from_lens: NDArray[np.float32]
    lens: LensImage | None
    layers: Layers
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
    paint_vitreous(signal, surfaces, eye, grid)
    paint_wall(signal, surfaces, eye.tissue, eye.anatomy, grid, rng)
    structure, implanted = seeds.meridian_wide("iris"), seeds.eye_wide("implant")
    implant = draw_phakic_implant(implanted, eye.anatomy) if eye.plan.state is LensState.IMPLANT else None
    lift = 0.0 if implant is None else 0.8 * (implant.vault_mm + implant.edge_mm)
    layers = Layers(
        iris=paint_iris(signal, surfaces, eye.anatomy, eye.tissue, grid, structure, lift),
        vitreous=(0.5 * (surfaces.lens_path + surfaces.lens_back_path)).astype(np.float32),
        chamber_mm=recess_depth(eye.anatomy),
        ciliary=paint_ciliary(signal, surfaces, grid, structure) if eye.tissue.ciliary else None,
    )
    from_lens, vault = np.zeros_like(signal), None
    if lens is not None:
        from_lens[lens.box] = paint_lens(signal, lens, surfaces, grid)
    if eye.plan.state is LensState.INTRAOCULAR:
        bodies, vitreous = paint_intraocular_lens(signal, eye.anatomy, surfaces, view, grid, implanted)
        layers = replace(layers, bodies=bodies, vitreous=vitreous)
    if implant is not None:
        body, left = paint_phakic_implant(signal, implant, eye.anatomy, surfaces, view, grid)
        from_lens *= left
        layers, vault = replace(layers, bodies=(body,)), implant.vault_mm
    if eye.cornea_state is not None:
        from_lens *= paint_cornea_state(signal, surfaces, view, eye.cornea_state, grid, seeds.meridian_wide("cornea"))
    return EyeLight(signal=signal, from_lens=from_lens, lens=lens, layers=layers, vault_mm=vault)
