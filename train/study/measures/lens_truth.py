"""What a simulated scan truly shows of its lens, where and in the units in which the runtime measures it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from edge_runtime.measure.areas import DISC_RADII_MM, subcapsular_area
from edge_runtime.measure.kinds import OpacityKind
from edge_runtime.measure.lens import TissueLabel
from edge_runtime.measure.zones import Zone
from train.data.evidence import EXCESS_OFFSET_DB, EXCESS_STEPS_PER_DB
from train.data.frames import labels_on_grid, native_labels

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from edge_runtime.measure.geometry import LensPoints
    from edge_runtime.measure.scan_maps import ScanMaps
    from train.phantom.imaging.truth import Truth

# Dice is measured on these: the capsule layers are thinner than the outline is exact.
DICE_ZONES = {
    "nucleus": (Zone.NUCLEUS,),
    "anterior-cortex": (Zone.ANTERIOR_CORTEX, Zone.ANTERIOR_SUBCAPSULAR),
    "posterior-cortex": (Zone.POSTERIOR_CORTEX, Zone.POSTERIOR_SUBCAPSULAR),
}
POSTERIOR_KINDS = (OpacityKind.POSTERIOR_SUBCAPSULAR, OpacityKind.POSTERIOR_POLAR)
CORTICAL_KINDS = (OpacityKind.CORTICAL_HAZE, OpacityKind.CORTICAL_SPOKES)
STRONG_DB = 5.0  # of an opacity that nobody overlooks
ANTERIOR_KINDS = (OpacityKind.ANTERIOR_SUBCAPSULAR,)


@dataclass(frozen=True, slots=True)
class LensTruth:
    """The truth of one scan.

    Attributes
    ----------
    severity_db
        Mean excess of the nucleus over the clear lens of the same age; None where no nucleus is seen.
    opaque_fraction
        Opaque pixels (3 dB and more) over lens pixels.
    posterior_area, anterior_area
        Share of the central discs of 3 and 5 mm below which a subcapsular or polar opacity lies.
    opaque_posterior_area, opaque_anterior_area
        The same for opacities of any kind, such as cortical haze that reaches the capsule.
    spokes
        Pixels of cortical spokes over lens pixels.
    zone_fractions
        Opaque pixels over lens pixels in every zone that is seen.
    zone_dice
        Dice of the measured zones against the true ones.
    strong_cortical_px, strong_cortical_found_px
        Pixels of cortical haze and spokes of `STRONG_DB` and more, and those of them that are labelled cataract.
    """

    severity_db: float | None
    opaque_fraction: float
    posterior_area: tuple[float | None, float | None]
    anterior_area: tuple[float | None, float | None]
    opaque_posterior_area: tuple[float | None, float | None]
    opaque_anterior_area: tuple[float | None, float | None]
    spokes: float
    zone_fractions: dict[str, float]
    zone_dice: dict[str, float]
    strong_cortical_px: int = 0
    strong_cortical_found_px: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class TrueMaps:
    """The true maps over the bounding box of a measured lens on the network grid, (rows, columns) each.

    Attributes
    ----------
    labels, zones, kinds
        uint8 of `TissueLabel`, `Zone` and `OpacityKind`.
    excess_db
        float64, over the clear lens of the same age.
    """

    labels: NDArray[np.uint8]
    zones: NDArray[np.uint8]
    kinds: NDArray[np.uint8]
    excess_db: NDArray[np.float64]

    @classmethod
    def of(cls, truth: Truth, found: ScanMaps) -> TrueMaps:
        """Bring the true maps of a scan to the grid of its labels: labels by majority, the others from the middle."""
        grid = found.grid
        box = _box_of(found.prediction.labels != TissueLabel.BACKGROUND)

        def window(codes: NDArray[np.uint8]) -> NDArray[np.uint8]:
            return found.window.cut(native_labels(codes, found.frame_shape))

        labels = labels_on_grid(window(truth.labels), grid)[box]

        def middle(codes: NDArray[np.uint8]) -> NDArray[np.uint8]:
            shown = window(codes)
            rows, columns = shown.shape
            whole = np.pad(shown, ((0, -rows % grid), (0, -columns % grid)), mode="edge")
            return whole[grid // 2 :: grid, grid // 2 :: grid][box]

        lens = labels != TissueLabel.BACKGROUND
        return cls(
            labels=labels,
            zones=np.where(lens, middle(truth.zone), np.uint8(Zone.OUTSIDE)),
            kinds=middle(truth.kind),
            excess_db=middle(truth.excess) / EXCESS_STEPS_PER_DB - EXCESS_OFFSET_DB,
        )


def _box_of(inside: NDArray[np.bool_]) -> tuple[slice, slice]:
    """The smallest box, (rows, columns), around what is true in a map; it must not be empty."""
    rows, columns = (np.flatnonzero(inside.any(axis=axis)) for axis in (1, 0))
    return slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)


def true_measures(
    maps: TrueMaps, lens_zones: NDArray[np.uint8], points: LensPoints, labelled: NDArray[np.bool_]
) -> LensTruth:
    """Measure the truth of a scan.

    Parameters
    ----------
    maps
        The true maps of the window.
    lens_zones
        (rows, columns) uint8 of `Zone`, as the runtime measured them.
    points
        Coordinates in the lens, by the measured axis: areas differ by opacity alone.
    labelled
        (rows, columns) bool, the pixels that the runtime labels cataract.
    """
    lens, opaque = maps.labels != TissueLabel.BACKGROUND, maps.labels == TissueLabel.CATARACT

    def areas(part: NDArray[np.bool_], zone: Zone) -> tuple[float | None, float | None]:
        small, large = (subcapsular_area(part, maps.zones, points, zone, radius) for radius in DISC_RADII_MM)
        return small, large

    nucleus = maps.zones == Zone.NUCLEUS
    strong = lens & np.isin(maps.kinds, CORTICAL_KINDS) & (maps.excess_db >= STRONG_DB)
    count = max(int(np.count_nonzero(lens)), 1)
    return LensTruth(
        severity_db=float(maps.excess_db[nucleus].mean()) if nucleus.any() else None,
        opaque_fraction=np.count_nonzero(opaque) / count,
        posterior_area=areas(opaque & np.isin(maps.kinds, POSTERIOR_KINDS), Zone.POSTERIOR_SUBCAPSULAR),
        anterior_area=areas(opaque & np.isin(maps.kinds, ANTERIOR_KINDS), Zone.ANTERIOR_SUBCAPSULAR),
        opaque_posterior_area=areas(opaque, Zone.POSTERIOR_SUBCAPSULAR),
        opaque_anterior_area=areas(opaque, Zone.ANTERIOR_SUBCAPSULAR),
        spokes=np.count_nonzero(lens & (maps.kinds == OpacityKind.CORTICAL_SPOKES)) / count,
        zone_fractions={
            zone.label: np.count_nonzero(opaque & (maps.zones == zone)) / np.count_nonzero(maps.zones == zone)
            for zone in Zone
            if zone is not Zone.OUTSIDE and (maps.zones == zone).any()
        },
        zone_dice={
            name: _dice(np.isin(lens_zones, zones), np.isin(maps.zones, zones)) for name, zones in DICE_ZONES.items()
        },
        strong_cortical_px=int(np.count_nonzero(strong)),
        strong_cortical_found_px=int(np.count_nonzero(strong & labelled)),
    )


def _dice(first: NDArray[np.bool_], second: NDArray[np.bool_]) -> float:
    both = np.count_nonzero(first) + np.count_nonzero(second)
    return 2 * np.count_nonzero(first & second) / both if both else 1.0
