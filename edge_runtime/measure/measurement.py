"""Measure a labelled lens: its pixels, its density, and what stands in the way of grading it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from .lens import LensPixels, TissueLabel
from .lens_measures import LensMaps
from .quality import Evidence, reasons_not_to_grade, warnings_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .locate import LensView
    from .quality import Notice


@dataclass(frozen=True, slots=True, eq=False)
class Measurement:
    """What one view of a lens measures.

    Attributes
    ----------
    view
        The window that was labelled, and the piece of lens that is measured.
    pixels
        Its lens and cataract pixels.
    lens_density
        Its mean displayed grey, 0 to 255; None without a lens.
    reasons
        Why it is not graded (words of `codes.REASONS`); empty when it is.
    notices
        What a reader should know.
    lens
        The labelled lens, for measures beyond the fraction; None without one.
    """

    view: LensView
    pixels: LensPixels
    lens_density: float | None
    reasons: tuple[str, ...]
    notices: tuple[Notice, ...]
    lens: LensMaps | None

    @property
    def gradable_fractions(self) -> list[float]:
        """Its Cataract Fraction, in [0, 1], if it can be graded."""
        return [] if self.reasons else [self.pixels.cataract_fraction]


def measure_lens(view: LensView) -> Measurement:
    """Count the pixels of the largest connected piece of lens, and say whether it can be graded."""
    density = lens_density(view.window.cut(view.frame.grey), view.labels, view.grid)
    lens = LensMaps.of(view) if view.region.pixels else None
    evidence = Evidence(
        region=view.region,
        grid=view.grid,
        cut=view.cut,
        ends_at_frame=view.ends_at_frame,
        reference_missing=view.frame.reference_missing,
        reference_expected=view.frame.profile.is_bundled,
        window_moved=view.moved,
        brightness=None if lens is None else lens.brightness,
        by_person=bool(view.changed_px),
        doubts=view.doubts,
        look=view.look,
    )
    reasons = reasons_not_to_grade(evidence)
    notices = warnings_of(evidence, reasons)
    return Measurement(view, view.pixels, density, reasons, notices, lens)


def lens_density(window: NDArray[np.uint8], labels: NDArray[np.uint8], grid: int) -> float | None:
    """Mean grey level (0 to 255) of the lens, or None where there is none.

    Parameters
    ----------
    window
        (rows, columns) uint8, the native pixels that were labelled.
    labels
        (ceil(rows / grid), ceil(columns / grid)) uint8 of `TissueLabel`.
    grid
        Native pixels per network-grid pixel, along each axis.
    """
    rows, columns = window.shape
    lens = np.repeat(np.repeat(labels != TissueLabel.BACKGROUND, grid, axis=0), grid, axis=1)[:rows, :columns]
    count = int(np.count_nonzero(lens))
    if not count:
        return None
    return int(window.sum(where=lens, dtype=np.int64)) / count
