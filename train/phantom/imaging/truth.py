"""The true maps of a scan: lens, opacity, excess, and which pixels can be told from the noise."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from train.data.evidence import EXCESS_OFFSET_DB, EXCESS_STEPS_PER_DB

from .annotator import annotate

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .beams import Grid
    from .lens_image import LensImage
    from .motion import Motion
    from .warp import Warp

OBSERVABLE_DB = 1.0  # least mean signal over the mean noise


@dataclass(frozen=True, slots=True)
class Truth:
    """Maps of one scan, (rows, columns) uint8 of the picture's size.

    Attributes
    ----------
    labels
        0 background, 1 lens, 2 lens with an opacity of at least 3 dB over the age-matched clear lens.
    excess
        round(6 (dB + 12)) inside the lens, 72 (0 dB) outside.
    kind
        `OpacityKind` where an opacity is significant, else 0.
    observable
        1 where the light of the lens can be told from the noise, else 0: its mean power is at least 10^0.1 times
        (1 dB over) the mean power of the noise. The light that counts is scattered by the lens at this pixel, without
        its capsule lines, and has passed everything that takes light away: opacities and cornea above, lashes, tear
        film, lid, blink, gain, gate and roll-off. Glare on top does not count, nor does speckle: both powers are means,
        so that no average over neighbours is needed. This map alone depends on the exposure, and none on the display.
    zone
        `Zone` inside the lens, else 0.
    mask
        The annotator's labels by the paper's rule: 0 background, 1 lens of a clear eye, 2 lens of an eye with cataract.
    tissue
        `Tissue` of every pixel. The natural lens is where `labels` are, and also in a scan that shows too little of it
        to be graded. Other tissues in the shadow of a lash, a lid or a blink are shadow.
    """

    labels: NDArray[np.uint8]
    excess: NDArray[np.uint8]
    kind: NDArray[np.uint8]
    observable: NDArray[np.uint8]
    zone: NDArray[np.uint8]
    mask: NDArray[np.uint8]
    tissue: NDArray[np.uint8]

    @property
    def lens_px(self) -> int:
        """Pixels of visible lens."""
        return int(np.count_nonzero(self.labels))

    @property
    def opacity_px(self) -> int:
        """Pixels of significant opacity."""
        return int(np.count_nonzero(self.labels == 2))

    @property
    def observable_opacity_px(self) -> int:
        """Pixels of significant opacity that can be told from the noise."""
        return int(np.count_nonzero((self.labels == 2) & (self.observable == 1)))


def empty_truth(tissue: NDArray[np.uint8]) -> Truth:
    """Truth of a scan without a gradable lens."""
    zero = np.zeros_like(tissue)
    excess = np.full_like(zero, EXCESS_OFFSET_DB * EXCESS_STEPS_PER_DB)
    return Truth(zero, excess, zero.copy(), zero.copy(), zero.copy(), zero.copy(), tissue)


def visible_lens(lens: LensImage, warp: Warp, grid: Grid, motion: Motion) -> NDArray[np.bool_]:
    """Where the picture shows the lens, bool of its size."""
    field = np.zeros((grid.rows, grid.columns), np.float32)
    field[lens.box] = lens.cover
    inside = warp.picture(motion.move(field, grid)) > 0.5
    if warp.outside is not None:
        inside &= ~warp.outside
    return inside


def find_truth(
    lens: LensImage,
    inside: NDArray[np.bool_],
    tissue: NDArray[np.uint8],
    lens_signal: NDArray[np.float32],
    warp: Warp,
    grid: Grid,
    group_label: int,
    annotator: np.random.Generator,
    motion: Motion,
) -> Truth:
    """Truth of a scan in its picture's geometry.

    Parameters
    ----------
    lens
        The lens as the scan cuts it.
    inside, tissue
        Maps of the picture's size: the visible lens, and the tissues.
    lens_signal
        (rows, columns) float32 of the grid: mean signal of the lens alone over the mean noise, motion included.
    warp, grid
        From the device's grid to the picture.
    group_label
        1 or 2, the label that the paper gives to the whole lens.
    annotator
        Draws how the annotator departs from the true contour.
    motion
        What moved during the scan.
    """

    def full(part: NDArray[np.float32], outside: float) -> NDArray[np.float32]:
        field = np.full((grid.rows, grid.columns), outside, np.float32)
        field[lens.box] = part
        return motion.move(field, grid)

    labels = inside.astype(np.uint8)
    excess = np.full(inside.shape, EXCESS_OFFSET_DB * EXCESS_STEPS_PER_DB, np.uint8)
    kind, observable, zone = np.zeros((3, *inside.shape), np.uint8)
    rows, columns = np.flatnonzero(inside.any(axis=1)), np.flatnonzero(inside.any(axis=0))
    if len(rows):
        # The other maps are needed on the lens alone.
        window = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
        seen = inside[window]
        coded = np.rint((lens.excess_db + EXCESS_OFFSET_DB) * EXCESS_STEPS_PER_DB).astype(np.float32)
        shown = warp.picture(full(coded, EXCESS_OFFSET_DB * EXCESS_STEPS_PER_DB), window=window)
        excess[window][seen] = np.rint(shown[seen]).astype(np.uint8)
        significant = seen & (warp.picture(full(lens.significant.astype(np.float32), 0), window=window) > 0.5)
        labels[window] += significant

        def nearest(part: NDArray[np.uint8]) -> NDArray[np.uint8]:
            codes = np.zeros((grid.rows, grid.columns), np.uint8)
            codes[lens.box] = part
            return warp.picture(motion.move(codes, grid), nearest=True, window=window)

        kind[window][significant] = nearest(lens.kind)[significant]
        zone[window][seen] = nearest(lens.zone)[seen]
        observable[window] = seen & (warp.picture(lens_signal, window=window) >= 10 ** (OBSERVABLE_DB / 10))
    mask = annotate(inside, annotator).astype(np.uint8) * np.uint8(group_label)
    return Truth(labels, excess, kind, observable, zone, mask, tissue)
