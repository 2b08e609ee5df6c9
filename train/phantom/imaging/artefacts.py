"""The artefacts of one scan, all kinds together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .disturbances import disturb, draw_disturbances
from .motion import draw_motion
from .plan import Geometry
from .reflections import apply_reflections, draw_reflections
from .streak import draw_streak, paint_streak

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from train.phantom.patient import Eye

    from .beams import Grid, Surfaces
    from .detector import Detector
    from .disturbances import Disturbances
    from .eye_light import EyeLight
    from .motion import Motion
    from .plan import ScanPlan
    from .reflections import Reflections
    from .scan_seeds import ScanSeeds


@dataclass(frozen=True, slots=True)
class Artefacts:
    """The artefacts of one scan.

    Attributes
    ----------
    disturbances, reflections, motion
        What they are.
    left
        (rows, columns) float32: share of the eye's own light that they leave.
    """

    disturbances: Disturbances
    reflections: Reflections
    motion: Motion
    left: NDArray[np.float32]

    def names(self, exposure: Detector) -> str:
        """Names of the artefacts of a scan taken with this exposure, separated by spaces."""
        present = {
            "lashes": bool(self.disturbances.lashes),
            "lid": self.disturbances.lid_mm > 0,
            "glitch": bool(self.disturbances.glitch_rows or self.disturbances.glitch_columns),
            "tear-film": self.disturbances.tear_film_db > 0,
            "low-signal": exposure.gain_db < -1.8,
            "rows": exposure.row_pattern_db > 0,
            "mirror": self.reflections.mirror_db < 0,
            "ghost": self.reflections.ghost_db < 0,
            "blink": self.motion.blank,
            "saturation": self.reflections.saturation_db > 0,
            "tear": self.motion.shift_mm != 0,
        }
        return " ".join(name for name, is_present in present.items() if is_present)


def add_artefacts(
    light: EyeLight,
    eye: Eye,
    plan: ScanPlan,
    surfaces: Surfaces,
    grid: Grid,
    seeds: ScanSeeds,
    rng: np.random.Generator,
) -> Artefacts:
    """Draw the artefacts of a scan and add them to its light in place, all but motion, which moves the whole frame."""
    signal, from_lens = light.signal, light.from_lens
    faint = plan.geometry is Geometry.RAW and rng.uniform() < 0.7
    paint_streak(signal, surfaces, draw_streak(rng, faint), grid, rng)
    factor = eye.artefact_factor * (1.4 if plan.wide else 1.0)
    disturbances = draw_disturbances(rng, plan.meridian_deg, factor, plan.forced)
    left = disturb(signal, surfaces, disturbances, grid, rng)
    from_lens *= left
    reflections = draw_reflections(seeds.scan("extras", plan.imaging), eye.artefact_factor, plan.forced)
    apply_reflections(signal, surfaces, reflections, grid)
    motion = draw_motion(seeds.scan("motion"), eye.artefact_factor, plan.forced)
    return Artefacts(disturbances=disturbances, reflections=reflections, motion=motion, left=left)
