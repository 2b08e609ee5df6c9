"""The light that an eye sends back to the device, before anything disturbs it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from train.phantom.eye.plan import LensState

from .ciliary import paint_ciliary
from .corneal_shadow import paint_cornea_state
from .implants import paint_intraocular_lens, paint_phakic_implant
from .iris import paint_iris
from .lens_image import image_lens, paint_lens
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
    """

    signal: NDArray[np.float32]
    from_lens: NDArray[np.float32]
    lens: LensImage | None


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
    structure = seeds.meridian_wide("iris")
    paint_iris(signal, surfaces, eye.anatomy, eye.tissue, grid, structure)
    if eye.tissue.ciliary:
        paint_ciliary(signal, surfaces, grid, structure)
    from_lens = np.zeros_like(signal)
    if lens is not None:
        from_lens[lens.box] = paint_lens(signal, lens, surfaces, grid)
    if eye.plan.state is LensState.INTRAOCULAR:
        paint_intraocular_lens(signal, eye.anatomy, surfaces, view, grid, seeds.eye_wide("implant"))
    if eye.plan.state is LensState.IMPLANT:
        paint_phakic_implant(signal, surfaces, grid, seeds.eye_wide("implant"))
    if eye.cornea_state is not None:
        from_lens *= paint_cornea_state(signal, surfaces, view, eye.cornea_state, grid, seeds.meridian_wide("cornea"))
    return EyeLight(signal=signal, from_lens=from_lens, lens=lens)
