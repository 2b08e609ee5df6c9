"""What one scan shows of its lens, beyond the Cataract Fraction: zones, areas, densities, scatter."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from .areas import DISC_RADII_MM, subcapsular_area
from .geometry import fit_lens
from .lens import TissueLabel
from .scatter import scatter_of
from .zones import CENTRAL_RADIUS_MM, Zone, zone_map

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .geometry import LensGeometry
    from .optics import DepthScale
    from .scatter import ExcessTable, Scatter

SURE, POSSIBLE = 0.7, 0.3  # P(cataract) of a lens pixel, about the 0.5 of the labels
_LEAST_PROBABILITY = 1e-4


@dataclass(frozen=True, slots=True)
class ZoneMeasure:
    """One zone of the lens.

    Attributes
    ----------
    lens_px, cataract_px
        Its pixels on the network grid, and those of them that are labelled cataract.
    density
        Mean grey on the eye's own scale, 0 to 255; None without pixels, or without that scale.
    """

    lens_px: int
    cataract_px: int
    density: float | None

    @property
    def fraction(self) -> float | None:
        """Cataract pixels over lens pixels, in [0, 1]; None where the zone is not seen."""
        return self.cataract_px / self.lens_px if self.lens_px else None


@dataclass(frozen=True, slots=True)
class LensMeasures:
    """What one scan shows of its lens.

    Attributes
    ----------
    geometry
        Surfaces and axis.
    zones
        Every zone but `Zone.OUTSIDE`.
    central
        The central 3 mm.
    anterior_area, posterior_area
        Subcapsular opacity as a share of the central discs of 3 and 5 mm, 0 to 1; None where a disc is not seen.
    fraction_range
        The Cataract Fraction when only pixels with P(cataract) above 0.7 count, and when those above 0.3 do.
    nucleus_probability
        Mean P(cataract) over the nucleus, 0 to 1.
    log_odds
        Mean natural log-odds of cataract over the lens.
    density
        Mean grey of the lens on the eye's own scale, 0 to 255; None without that scale.
    scatter
        Optical depth and forward scatter; None without a table, or where the centre is not seen.
    """

    geometry: LensGeometry
    zones: dict[Zone, ZoneMeasure]
    central: ZoneMeasure
    anterior_area: tuple[float | None, float | None]
    posterior_area: tuple[float | None, float | None]
    fraction_range: tuple[float, float]
    nucleus_probability: float | None
    log_odds: float
    density: float | None
    scatter: Scatter | None


@dataclass(frozen=True, slots=True, eq=False)
class LensMaps:
    """What is measured, on the network grid; (rows, columns) each.

    Attributes
    ----------
    labels
        uint8 of `TissueLabel`, of one piece of lens.
    lens_probability, cataract_probability
        float32, 0 to 1.
    own_scale
        float64 grey on the eye's own scale, 0 to 255; None where the model takes grey as displayed.
    """

    labels: NDArray[np.uint8]
    lens_probability: NDArray[np.float32]
    cataract_probability: NDArray[np.float32]
    own_scale: NDArray[np.float64] | None


def measure_zones(
    maps: LensMaps, grid: int, apex_row: float | None, scale: DepthScale | None, table: ExcessTable | None
) -> tuple[LensMeasures, NDArray[np.uint8]] | None:
    """Measure the zones of a lens.

    Parameters
    ----------
    maps
        The labelled lens.
    grid
        Native pixels per network-grid pixel.
    apex_row
        Row of the corneal apex in the window, in native pixels; None when it was not found.
    scale
        What depth counts in the picture; None when it is not known.
    table
        From log-odds to excess; None leaves out the scatter.

    Returns
    -------
    tuple | None
        The measures, and the (rows, columns) uint8 map of `Zone`; None when the outline is no lens.
    """
    surfaces = fit_lens(maps.labels, grid, apex_row, scale)
    if surfaces is None:
        return None
    lens = maps.labels != TissueLabel.BACKGROUND
    opaque = maps.labels == TissueLabel.CATARACT
    points = surfaces.points((lens.shape[0], lens.shape[1]))
    zones = np.where(lens, zone_map(surfaces.geometry, points), np.uint8(Zone.OUTSIDE))
    share = maps.cataract_probability.astype(np.float64)
    share /= np.maximum(maps.lens_probability, np.float32(_LEAST_PROBABILITY))
    share = np.clip(share, _LEAST_PROBABILITY, 1 - _LEAST_PROBABILITY)
    log_odds = np.log(share / (1 - share))

    def measure(part: NDArray[np.bool_]) -> ZoneMeasure:
        count = int(np.count_nonzero(part))
        density = None if maps.own_scale is None or not count else float(maps.own_scale[part].mean())
        return ZoneMeasure(count, int(np.count_nonzero(part & opaque)), density)

    def area(zone: Zone) -> tuple[float | None, float | None]:
        small, large = (subcapsular_area(opaque, zones, points, zone, radius) for radius in DISC_RADII_MM)
        return small, large

    nucleus = zones == Zone.NUCLEUS
    count = int(np.count_nonzero(lens))
    measures = LensMeasures(
        geometry=surfaces.geometry,
        zones={zone: measure(zones == zone) for zone in Zone if zone is not Zone.OUTSIDE},
        central=measure(lens & (np.abs(points.across_mm) <= CENTRAL_RADIUS_MM)),
        anterior_area=area(Zone.ANTERIOR_SUBCAPSULAR),
        posterior_area=area(Zone.POSTERIOR_SUBCAPSULAR),
        fraction_range=(
            np.count_nonzero(share[lens] > SURE) / count,
            np.count_nonzero(share[lens] > POSSIBLE) / count,
        ),
        nucleus_probability=float(share[nucleus].mean()) if nucleus.any() else None,
        log_odds=float(log_odds[lens].mean()),
        density=measure(lens).density,
        scatter=None if table is None else scatter_of(table.at(log_odds), lens, points),
    )
    return measures, zones
