"""What the scans of one eye show of its lens together: means over the scans that can be graded."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from .zones import Zone

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from .evidence import LensEvidence
    from .lens_measures import LensMeasures


@dataclass(frozen=True, slots=True)
class ZoneMean:
    """One zone of an eye's lens.

    Attributes
    ----------
    fraction
        Mean over the scans of cataract pixels over lens pixels, 0 to 1; None where no scan shows the zone.
    density
        Mean over the scans of the grey on the eye's own scale, 0 to 255; None without that scale.
    """

    fraction: float | None
    density: float | None


@dataclass(frozen=True, slots=True)
class SubcapsularAreas:
    """Subcapsular opacity as a share of the central discs of 3 and 5 mm, 0 to 1; None where no scan shows a disc.

    A scan is one diameter of the disc, so the mean over the radial scans stands for the disc.
    """

    anterior_3mm: float | None
    anterior_5mm: float | None
    posterior_3mm: float | None
    posterior_5mm: float | None


@dataclass(frozen=True, slots=True)
class EyeEvidence:
    """Means over the scans; see `evidence.LensEvidence`."""

    lens_db: float
    nucleus_db: float
    spoke_share: float
    paper_fraction: float


@dataclass(frozen=True, slots=True)
class EyeMeasures:
    """What an eye's scans show of its lens; see `LensMeasures` for ranges and units.

    Attributes
    ----------
    scans
        Number of scans that were measured.
    zones
        Every zone by its name in documents, and ``central-3mm``.
    areas
        Subcapsular areas.
    fraction_range
        The Cataract Fraction when only pixels that are surely cataract count, and when possible ones do; in what is
        reported widened to hold the fraction itself (`with_range_about`).
    thickness_mm
        Thickness of the lens on its axis, in tissue; None where a scan does not surely show what its depth counts, and
        where the frame cuts the lens in every scan.
    nucleus_probability, log_odds, density
        As `LensMeasures` has them.
    optical_depth, forward_scatter
        Over the central 3 mm; None where it is not seen.
    evidence
        What the second head of the network says; None without one, or where a scan does not show the nucleus.
    thickness_apart_mm
        From the thinnest to the thickest lens of the scans; None where the thickness is.
    """

    scans: int
    zones: dict[str, ZoneMean]
    areas: SubcapsularAreas
    fraction_range: tuple[float, float]
    thickness_mm: float | None
    nucleus_probability: float | None
    log_odds: float
    density: float | None
    optical_depth: float | None
    forward_scatter: float | None
    evidence: EyeEvidence | None = None
    thickness_apart_mm: float | None = None

    @property
    def nucleus(self) -> ZoneMean:
        """The nucleus."""
        return self.zones[Zone.NUCLEUS.label]

    def with_range_about(self, fraction: float) -> EyeMeasures:
        """The same with a range that holds the eye's fraction: a second head may call more, or less, opaque."""
        low, high = self.fraction_range
        return replace(self, fraction_range=(min(low, fraction), max(high, fraction)))


CENTRAL = "central-3mm"


def eye_measures(scans: Sequence[LensMeasures]) -> EyeMeasures | None:
    """The means of measures of an eye's scans; None without any."""
    if not scans:
        return None

    zones = {
        zone.label: ZoneMean(
            mean_of(scan.zones[zone].fraction for scan in scans), mean_of(scan.zones[zone].density for scan in scans)
        )
        for zone in Zone
        if zone is not Zone.OUTSIDE
    }
    thicknesses = _thicknesses(scans)
    zones[CENTRAL] = ZoneMean(
        mean_of(scan.central.fraction for scan in scans), mean_of(scan.central.density for scan in scans)
    )
    return EyeMeasures(
        scans=len(scans),
        zones=zones,
        areas=SubcapsularAreas(
            anterior_3mm=mean_of(scan.anterior_area[0] for scan in scans),
            anterior_5mm=mean_of(scan.anterior_area[1] for scan in scans),
            posterior_3mm=mean_of(scan.posterior_area[0] for scan in scans),
            posterior_5mm=mean_of(scan.posterior_area[1] for scan in scans),
        ),
        fraction_range=(
            _mean(scan.fraction_range[0] for scan in scans),
            _mean(scan.fraction_range[1] for scan in scans),
        ),
        thickness_mm=mean_of(thicknesses),
        nucleus_probability=mean_of(scan.nucleus_probability for scan in scans),
        log_odds=_mean(scan.log_odds for scan in scans),
        density=mean_of(scan.density for scan in scans),
        optical_depth=mean_of(scan.scatter.optical_depth for scan in scans if scan.scatter),
        forward_scatter=mean_of(scan.scatter.forward_scatter for scan in scans if scan.scatter),
        evidence=_evidence([scan.evidence for scan in scans if scan.evidence is not None]),
        thickness_apart_mm=max(thicknesses) - min(thicknesses) if thicknesses else None,
    )


def _thicknesses(scans: Sequence[LensMeasures]) -> list[float]:
    """A lens in optical path looks 1.4 times as thick: better no number than one of the wrong kind."""
    if not all(scan.geometry.certain for scan in scans):
        return []
    return [scan.geometry.thickness_mm for scan in scans if scan.seen_in_depth]


def _evidence(scans: Sequence[LensEvidence]) -> EyeEvidence | None:
    nucleus = mean_of(scan.nucleus_db for scan in scans)
    if nucleus is None:
        return None
    return EyeEvidence(
        lens_db=_mean(scan.lens_db for scan in scans),
        nucleus_db=nucleus,
        spoke_share=_mean(scan.spoke_share for scan in scans),
        paper_fraction=_mean(scan.paper_fraction for scan in scans),
    )


def _mean(values: Iterable[float]) -> float:
    known = list(values)
    return math.fsum(known) / len(known)


def mean_of(values: Iterable[float | None]) -> float | None:
    """Mean of the values that are not None; None without any."""
    known = [value for value in values if value is not None]
    return _mean(known) if known else None
