"""Plans of the scans of one eye, by kind of cohort."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from train.phantom.imaging.plan import EXPORT_COLUMNS, EXPORT_ROWS, Geometry, ScanPlan

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np

MERIDIANS_DEG = (0.0, 30.0, 60.0, 90.0, 120.0, 150.0)
STRESS_MERIDIANS_DEG = (0.0, 60.0, 120.0)


def study_scans(rng: np.random.Generator, index: int) -> tuple[ScanPlan, ...]:
    """Six radial scans of an eye in one geometry: optical path, as devices export today, or refraction-corrected."""
    geometry = Geometry.OPTICAL if rng.uniform() < 0.6 else Geometry.CORRECTED
    return tuple(ScanPlan(1, meridian, geometry) for meridian in MERIDIANS_DEG)


def training_scans(rng: np.random.Generator, index: int) -> tuple[ScanPlan, ...]:
    """Three of the meridians, each in a geometry of its own, under wide physics."""
    plans = []
    for meridian in rng.permutation(MERIDIANS_DEG)[:3]:
        geometry = Geometry(str(rng.choice(["optical", "corrected", "raw", "fan"], p=[0.45, 0.33, 0.12, 0.10])))
        small = geometry is Geometry.OPTICAL and rng.uniform() < 0.4
        floor = geometry is not Geometry.RAW and bool(rng.uniform() < 0.12)
        rows, columns = (EXPORT_ROWS, EXPORT_COLUMNS) if small else (0, 0)
        plans.append(
            ScanPlan(
                exam=1,
                meridian_deg=float(meridian),
                geometry=geometry,
                rows=rows,
                columns=columns,
                floor=floor,
                wide=True,
            )
        )
    return tuple(plans)


def stress_scans(
    forced: tuple[str, ...] = ("",),
    exams: tuple[int, ...] = (1,),
    settings: tuple[int, ...] = (0,),
    meridians: tuple[float, ...] = STRESS_MERIDIANS_DEG,
) -> Callable[..., tuple[ScanPlan, ...]]:
    """Scans of a stress cohort: 60 % of the eyes in optical path, the others refraction-corrected."""

    def scans(rng: np.random.Generator, index: int) -> tuple[ScanPlan, ...]:
        geometry = Geometry.OPTICAL if rng.uniform() < 0.6 else Geometry.CORRECTED
        return tuple(
            ScanPlan(exam, meridian, geometry, forced=str(rng.choice(forced)), setting=setting)
            for exam in exams
            for setting in settings
            for meridian in meridians
        )

    return scans


def altered_scans() -> Callable[..., tuple[ScanPlan, ...]]:
    """Scans of a stress cohort, half of those in optical path in the smaller size that devices export, too."""
    usual = stress_scans()

    def scans(rng: np.random.Generator, index: int) -> tuple[ScanPlan, ...]:
        plans = usual(rng, index)
        small = plans[0].geometry is Geometry.OPTICAL and rng.uniform() < 0.5
        return tuple(replace(plan, rows=EXPORT_ROWS, columns=EXPORT_COLUMNS) if small else plan for plan in plans)

    return scans
