"""One scale of brightness for one eye: the reference levels of its scans are brought together before it is graded.

The tissues of one eye and the display of one exam stand still; what differs between its scans is mostly the error with
which their references were found (docs/brightness.md). A change of the exposure moves both tissues alike, so only as
far as they move together is a scan taken to be brighter than the others. Sums are exact and everything else is one
operation on two doubles, so that every processor finds the same levels.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from statistics import median
from typing import TYPE_CHECKING

from .brightness import BRIGHT_OVER_STROMA_DB

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Sequence

    from .brightness import ReferenceLevels

# Of simulated scans 99 in 100 have a scale (grey per dB) within 13 % of the median of their exam, and a level within
# 1.8 dB. What is further away was exposed in another way, and keeps its own scale; what is much further is flagged.
MOST_SCALE, MOST_LEVEL_DB, UNLIKELY_LEVEL_DB = 0.2, 1.5, 3.0
# Exposures of one exam that differ less cannot be distinguished from the error of the references.
STEADY_DB = 0.5
LENS_BELOW_STROMA_DB = 5.0  # a usual lens, where the error of a scale is given
_AIR = 1.0  # grey from which a display shows the noise


@dataclass(frozen=True, slots=True)
class FoundLevels:
    """What one scan shows of the scale of its eye.

    Attributes
    ----------
    kind
        Scans that differ in it come from different exports, and are never mixed.
    levels
        Its reference levels; None where they were not found.
    """

    kind: Hashable
    levels: ReferenceLevels | None


@dataclass(frozen=True, slots=True)
class SharedScale:
    """The scale by which one scan of an eye is graded.

    Attributes
    ----------
    levels
        Its reference levels, reconciled with those of the other scans; its own where there is nothing to share.
    deviation_db
        Standard deviation of what the shared scale says about a usual lens, from the spread over the scans; 0 where the
        scale is the scan's own.
    unlikely
        Whether the scan has quite other levels than the other scans of its kind, so that it may show another eye.
    """

    levels: ReferenceLevels | None
    deviation_db: float = 0.0
    unlikely: bool = False


def share_scale(scans: Sequence[FoundLevels]) -> list[SharedScale]:
    """Bring the scales of the scans of one eye together.

    Parameters
    ----------
    scans
        What each scan shows, in any order.

    Returns
    -------
    list of SharedScale
        One for each scan, in the same order.
    """
    shared = [SharedScale(scan.levels) for scan in scans]
    groups: dict[Hashable, dict[int, ReferenceLevels]] = {}
    for place, scan in enumerate(scans):
        if scan.levels is not None:
            kind = (scan.kind, scan.levels.speckle is None, scan.levels.air > _AIR)
            groups.setdefault(kind, {})[place] = scan.levels
    for group in groups.values():
        per_db = median(levels.grey_per_db for levels in group.values())
        middle = median(_level(levels) for levels in group.values())
        alike: dict[int, ReferenceLevels] = {}
        for place, levels in group.items():
            aside, far = abs(levels.grey_per_db - per_db), abs(_level(levels) - middle)
            if aside <= MOST_SCALE * per_db and far <= MOST_LEVEL_DB * per_db:
                alike[place] = levels
            unlikely = aside > MOST_SCALE * per_db or far > UNLIKELY_LEVEL_DB * per_db
            shared[place] = SharedScale(levels, unlikely=unlikely)
        if len(alike) > 1:
            for place, one in zip(alike, _reconciled(list(alike.values())), strict=True):
                shared[place] = one
    return shared


def _level(levels: ReferenceLevels) -> float:
    """What moves with the exposure: the mean of both tissues, in grey."""
    return (levels.stroma + levels.brightest) / 2


def _reconciled(group: list[ReferenceLevels]) -> list[SharedScale]:
    """The scales of two or more scans that agree: one display, and as much of each exposure as both tissues show."""
    middle = replace(
        group[0],
        stroma=_mean(levels.stroma for levels in group),
        brightest=_mean(levels.brightest for levels in group),
        speckle=None if group[0].speckle is None else _mean(levels.speckle or 0.0 for levels in group),
        air=_mean(levels.air for levels in group),
    )
    per_db = middle.grey_per_db
    moved = [_level(levels) - _level(middle) for levels in group]
    together = _mean(
        (levels.stroma - middle.stroma) * (levels.brightest - middle.brightest) for levels in group
    ) * len(group) / (len(group) - 1)  # fmt: skip
    spread = _variance(moved)
    steady = STEADY_DB * per_db
    share = min(max(together - steady * steady, 0.0) / spread, 1.0) if spread else 0.0
    deviation = math.sqrt(_variance([_lens_db(levels, middle) for levels in group]) / len(group))
    return [
        SharedScale(
            replace(
                middle,
                stroma=middle.stroma + share * aside,
                brightest=middle.brightest + share * aside,
                apex_row=levels.apex_row,
                radius_mm=levels.radius_mm,
            ),
            deviation,
        )
        for levels, aside in zip(group, moved, strict=True)
    ]


def _lens_db(levels: ReferenceLevels, shared: ReferenceLevels) -> float:
    """What a scan's own scale says about the grey of a usual lens, in dB over the stroma."""
    grey = shared.stroma - LENS_BELOW_STROMA_DB * shared.grey_per_db
    return (grey - _level(levels)) / levels.grey_per_db + BRIGHT_OVER_STROMA_DB / 2


def _mean(values: Iterable[float]) -> float:
    """The mean, about the first, so that the mean of equal values is that value."""
    known = list(values)
    first = known[0]
    return first + math.fsum(value - first for value in known) / len(known)


def _variance(values: list[float]) -> float:
    """Sample variance of two or more values."""
    middle = _mean(values)
    return math.fsum((value - middle) * (value - middle) for value in values) / (len(values) - 1)
