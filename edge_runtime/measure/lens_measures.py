"""What one scan shows of its lens, beyond the Cataract Fraction: zones, areas, densities, scatter."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from edge_runtime.frame.resample import block_sum
from edge_runtime.model.predictor import EVIDENCE_STEP

from .areas import DISC_RADII_MM, subcapsular_area
from .evidence import LensEvidence, lens_evidence
from .geometry import fit_lens
from .lens import TissueLabel
from .lens_brightness import LEAST_OPAQUE, NEARLY_WHITE, LensBrightness
from .scatter import scatter_of
from .zones import CENTRAL_RADIUS_MM, Zone, zone_map

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .geometry import LensGeometry, LensSurfaces
    from .locate import LensView
    from .optics import DepthScale
    from .scatter import ExcessTable, Scatter

SURE, POSSIBLE = 0.7, 0.3  # P(cataract) of a lens pixel, about the 0.5 of the labels
_LEAST_PROBABILITY = 1e-4
_LOG_ODDS_PER_DB = 2.0  # near P = 0.5, by the table of excess of the bundled model


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
        The Cataract Fraction when only sure pixels count, and when possible ones do: those with P(cataract) above 0.7
        and above 0.3 (`LensMaps.limits`); of a network with a second head those with an excess score above 3.5 and
        above 2.5 dB (`evidence.excess_score`), which is an excess of about 4.25 and 3.25 dB. Where the scale of
        brightness is shared both are further apart, by its error.
    nucleus_probability
        Mean P(cataract) over the nucleus, 0 to 1.
    log_odds
        Mean natural log-odds of cataract over the lens.
    density
        Mean grey of the lens on the eye's own scale, 0 to 255; None without that scale.
    scatter
        Optical depth and forward scatter; None without a table, or where the centre is not seen.
    evidence
        What the second head of the network says; None without one.
    seen_in_depth
        Whether the frame holds both surfaces, between which the thickness lies.
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
    evidence: LensEvidence | None = None
    seen_in_depth: bool = True


@dataclass(frozen=True, slots=True, eq=False)
class LensMaps:
    """The maps of a lens, cut to its bounding box of rows x columns pixels of the network grid.

    Attributes
    ----------
    labels
        (rows, columns) uint8 of `TissueLabel`, 0 to 2, of one piece of lens.
    lens_probability, cataract_probability
        (rows, columns) float32 in [0, 1], P(lens) and P(cataract); the first includes the second.
    graded
        (rows x grid, columns x grid) uint8, or less where the frame ends: grey of the native pixels on the eye's own
        scale, 0 to 255; None without that scale.
    grid
        Native pixels per network-grid pixel.
    apex_row
        Row of the corneal apex in the box, in native pixels (negative above it); None when it was not found.
    evidence
        (channels, rows, columns) float32 in [0, 1], in the order of `evidence.CHANNELS`; each of its pixels is repeated
        over those of the network grid that it covers. None without a second head.
    scale_deviation_db
        Standard deviation in dB of the scale that the scans of the eye share; 0 for the scan's own.
    changed
        (rows, columns) bool, where a person gave another label than the model; None: nobody did.
    ends_at_frame
        Sides of the frame at which the lens ends (`LensView.ends_at_frame`).
    """

    labels: NDArray[np.uint8]
    lens_probability: NDArray[np.float32]
    cataract_probability: NDArray[np.float32]
    graded: NDArray[np.uint8] | None
    grid: int
    apex_row: float | None
    evidence: NDArray[np.float32] | None = None
    scale_deviation_db: float = 0.0
    changed: NDArray[np.bool_] | None = None
    ends_at_frame: tuple[str, ...] = ()

    @classmethod
    def of(cls, view: LensView) -> LensMaps:
        """Cut the lens out of a view of it."""
        region, grid, frame = view.region, view.grid, view.frame
        box = slice(region.top, region.bottom), slice(region.left, region.right)
        graded = None
        if frame.table is not None:
            window = view.window.cut(frame.grey)
            native = window[region.top * grid : region.bottom * grid, region.left * grid : region.right * grid]
            graded = frame.graded(native)
        return cls(
            labels=view.labels[box],
            lens_probability=view.prediction.lens_probability[box],
            cataract_probability=view.prediction.cataract_probability[box],
            graded=graded,
            grid=grid,
            apex_row=None if frame.levels is None else frame.levels.apex_row - view.window.top - region.top * grid,
            evidence=None if (whole := view.prediction.evidence) is None else whole[:, *cls._covering(box)],
            scale_deviation_db=frame.scale_deviation_db,
            changed=None if view.changed is None else view.changed[box],
            ends_at_frame=view.ends_at_frame,
        )

    @staticmethod
    def _covering(box: tuple[slice, slice]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Places on the grid of the evidence that cover a box of grid pixels: each is repeated over its pixels."""
        rows, columns = (np.arange(side.start, side.stop) // EVIDENCE_STEP for side in box)
        return rows[:, None], columns

    @property
    def limits(self) -> tuple[float, float]:
        """P(cataract) of a lens pixel that is surely, and of one that is possibly cataract.

        Where the scale is shared, further apart by what its error moves the log-odds; errors add as squares.
        """
        if not self.scale_deviation_db:
            return SURE, POSSIBLE
        aside = math.hypot(math.log(SURE / POSSIBLE), self.scale_deviation_db * _LOG_ODDS_PER_DB)
        possible = round(1 / (1 + math.exp(aside)), 9)
        return 1 - possible, possible

    def evidence_of(self, lens: NDArray[np.bool_], nucleus: NDArray[np.bool_]) -> LensEvidence | None:
        """What the second head says of these parts of the box; None without one."""
        if self.evidence is None:
            return None
        sure = None if self.changed is None else (self.changed, self.labels == TissueLabel.CATARACT)
        return lens_evidence(self.evidence, lens, nucleus, self.scale_deviation_db, sure)

    @property
    def brightness(self) -> LensBrightness | None:
        """Its brightness, from one native pixel of each block; None without the eye's own scale."""
        lens, cataract = self.labels != TissueLabel.BACKGROUND, self.labels == TissueLabel.CATARACT
        count, opaque = int(np.count_nonzero(lens)), int(np.count_nonzero(cataract))
        if self.graded is None or self.apex_row is None or not count:
            return None
        grey = self.graded[:: self.grid, :: self.grid]
        return LensBrightness(
            lens=int(grey.sum(where=lens, dtype=np.int64)) / count,
            cataract=int(grey.sum(where=cataract, dtype=np.int64)) / opaque if opaque > count * LEAST_OPAQUE else None,
            white_share=int(np.count_nonzero((grey >= NEARLY_WHITE) & lens)) / count,
        )


@dataclass(frozen=True, slots=True, eq=False)
class MeasuredLens:
    """The measures of one scan, and the maps they come from: (rows, columns) each, over the bounding box of the lens.

    Attributes
    ----------
    measures
        The numbers.
    surfaces
        How pixels of the box reach the lens.
    zones
        uint8 of `Zone`.
    odds
        float64 natural log-odds of cataract, 0 outside the lens.
    """

    measures: LensMeasures
    surfaces: LensSurfaces
    zones: NDArray[np.uint8]
    odds: NDArray[np.float64]


def measure_zones(maps: LensMaps, scale: DepthScale | None, table: ExcessTable | None) -> MeasuredLens | None:
    """Measure the zones of a lens.

    Parameters
    ----------
    maps
        The labelled lens.
    scale
        What depth counts in the picture; None when it is not known.
    table
        From log-odds to excess; None leaves out the scatter.

    Returns
    -------
    MeasuredLens | None
        None when the outline is no lens.
    """
    surfaces = fit_lens(maps.labels, maps.grid, maps.apex_row, scale)
    if surfaces is None:
        return None
    lens = maps.labels != TissueLabel.BACKGROUND
    opaque = maps.labels == TissueLabel.CATARACT
    points = surfaces.points((lens.shape[0], lens.shape[1]))
    zones = np.where(lens, zone_map(surfaces.geometry, points), np.uint8(Zone.OUTSIDE))
    share = np.zeros(lens.shape)
    share[lens] = _share_of_cataract(maps, lens)
    odds = np.zeros(lens.shape)
    odds[lens] = np.log(share[lens] / (1 - share[lens]))
    own_scale = None if maps.graded is None else block_sum(maps.graded, maps.grid)

    def measure(part: NDArray[np.bool_]) -> ZoneMeasure:
        count, cataract = int(np.count_nonzero(part)), int(np.count_nonzero(part & opaque))
        if own_scale is None or not count:
            return ZoneMeasure(count, cataract, None)
        return ZoneMeasure(count, cataract, int(own_scale[part].sum(dtype=np.int64)) / (count * maps.grid**2))

    def area(zone: Zone, side: str) -> tuple[float | None, float | None]:
        small, large = (subcapsular_area(opaque, zones, points, zone, radius) for radius in DISC_RADII_MM)
        return (None, None) if side in maps.ends_at_frame else (small, large)

    nucleus = zones == Zone.NUCLEUS
    count = int(np.count_nonzero(lens))
    evidence = maps.evidence_of(lens, nucleus)
    doubtful = share if maps.changed is None else np.where(maps.changed, opaque, share)  # a person's labels are sure
    by_probability = tuple(np.count_nonzero(doubtful > limit) / count for limit in maps.limits)
    measures = LensMeasures(
        geometry=surfaces.geometry,
        zones={zone: measure(zones == zone) for zone in Zone if zone is not Zone.OUTSIDE},
        central=measure(lens & (np.abs(points.across_mm) <= CENTRAL_RADIUS_MM)),
        anterior_area=area(Zone.ANTERIOR_SUBCAPSULAR, "top"),
        posterior_area=area(Zone.POSTERIOR_SUBCAPSULAR, "bottom"),
        fraction_range=(by_probability[0], by_probability[1]) if evidence is None else evidence.fraction_range,
        nucleus_probability=_mean(share[nucleus]),
        log_odds=_mean(odds[lens]) or 0.0,
        density=measure(lens).density,
        scatter=None if table is None else scatter_of(table.at(odds), lens, points),
        evidence=evidence,
        seen_in_depth={"top", "bottom"}.isdisjoint(maps.ends_at_frame),
    )
    return MeasuredLens(measures, surfaces, zones, odds)


def _share_of_cataract(maps: LensMaps, lens: NDArray[np.bool_]) -> NDArray[np.float64]:
    """P(cataract) of lens pixels, given that they are lens, kept away from 0 and 1."""
    share = maps.cataract_probability[lens].astype(np.float64)
    share /= np.maximum(maps.lens_probability[lens], np.float32(_LEAST_PROBABILITY))
    return np.clip(share, _LEAST_PROBABILITY, 1 - _LEAST_PROBABILITY)


def _mean(values: NDArray[np.float64]) -> float | None:
    """Mean to nine decimals, so that processors that add in another order agree; None of nothing."""
    return round(float(values.mean()), 9) if values.size else None
