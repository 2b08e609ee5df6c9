"""What ails a lens: from latents of a patient and an eye to opacities, a LOCS III reading and the acuity."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from .field import WaveField
from .mature import Morgagnian, White
from .opacity import (
    Cleft,
    CorticalSpokes,
    Dot,
    Dots,
    LamellarSeparation,
    LensOpacities,
    Nuclear,
    Opacity,
    OpacityKind,
    Plaque,
    Spoke,
    WaterClefts,
)

if TYPE_CHECKING:
    from .lens import LensShape

INFERONASAL_RAD = float(np.deg2rad(-45.0))  # cortical cataract favours it (Schein et al.; Graz 1996)
# Letters: N nuclear, C cortical, P posterior subcapsular, F focal (polar or anterior). Shares of population series
# (INDEYE).
MIX_FROM_55 = (("N", 0.42), ("NC", 0.22), ("NP", 0.17), ("NCP", 0.14), ("C", 0.03), ("P", 0.015), ("F", 0.005))
MIX_BELOW_55 = (("N", 0.25), ("NC", 0.06), ("NP", 0.20), ("NCP", 0.04), ("C", 0.08), ("P", 0.22), ("F", 0.15))


@dataclass(frozen=True, slots=True)
class Calibration:
    """The knobs that may be turned on calibration seeds, and nothing else.

    Attributes
    ----------
    nuclear_mean_db, nuclear_spread_db
        Excess of the nucleus in nuclear cataract.
    cortical_slope
        Cortical haze in dB per dB of nuclear excess.
    senescent_share, senescent_slope
        Share of clear eyes with a senescent nucleus at 45 years, and its growth per year beyond.
    """

    nuclear_mean_db: float = 5.6
    nuclear_spread_db: float = 2.2
    cortical_slope: float = 0.20
    senescent_share: float = 0.05
    senescent_slope: float = 0.004


@dataclass(frozen=True, slots=True)
class Disease:
    """The state of one lens.

    Attributes
    ----------
    cataract
        The group of the eye.
    mix
        Letters of the types, "" for a clear eye.
    nuclear_db, cortical_db
        EN and EC of the specification.
    cortical_grade, plaque_mm
        C (0 without spokes) and the radius of a posterior subcapsular plaque (0 without).
    senescent
        A clear eye with an ageing nucleus: the pool of false positives.
    opacities
        Solids in the lens.
    nuclear_opalescence, bcva_logmar
        LOCS III NO and acuity.
    swelling_mm
        Of a white lens.
    """

    cataract: bool
    mix: str
    nuclear_db: float
    cortical_db: float
    cortical_grade: float
    plaque_mm: float
    senescent: bool
    opacities: LensOpacities
    nuclear_opalescence: float
    bcva_logmar: float
    swelling_mm: float


@dataclass(frozen=True, slots=True)
class DiseaseLatents:
    """Standard normal latents of one eye and the type its patient has."""

    nuclear: float
    haze: float
    cortical: float
    plaque: float
    mix: str
    white: OpacityKind | None


def draw_latents(
    shared: np.random.Generator, own: np.random.Generator, age_years: float, mix: str | None = None
) -> DiseaseLatents:
    """Latents of one eye; the patient's generator gives both eyes the same type and correlated severity."""
    names = (("nuclear", 0.85), ("haze", 0.80), ("cortical", 0.75), ("plaque", 0.60))
    values = [float(np.sqrt(c) * shared.standard_normal() + np.sqrt(1 - c) * own.standard_normal()) for _, c in names]
    table = MIX_FROM_55 if age_years >= 55 else MIX_BELOW_55
    drawn = str(
        shared.choice(
            [name for name, _ in table], p=np.array([share for _, share in table]) / sum(share for _, share in table)
        )
    )
    white = None
    if shared.uniform() < 0.02 and age_years > 60:
        white = OpacityKind.WHITE if shared.uniform() < 0.7 else OpacityKind.MORGAGNIAN
    return DiseaseLatents(*values, mix or drawn, white if mix is None else None)


def swelling_mm(latents: DiseaseLatents, cataract: bool) -> float:
    """Extra thickness of a white lens, from its latents (0.3 to 0.8 mm)."""
    return 0.55 + 0.25 * float(np.tanh(latents.haze)) if cataract and latents.white is OpacityKind.WHITE else 0.0


def draw_disease(
    rng: np.random.Generator,
    age_years: float,
    shape: LensShape,
    latents: DiseaseLatents,
    cataract: bool,
    acuity_offset: float = 0.06,
    calibration: Calibration = Calibration(),
    senescent: bool = False,
) -> Disease:
    """The lens of one eye of the clear or of the cataract group."""
    focal: list[Opacity] = []
    mix = latents.mix if cataract else ""
    haze = latents.haze
    grade = plaque_mm = 0.0
    if cataract:
        senescent = False
        nuclear = (
            calibration.nuclear_mean_db + calibration.nuclear_spread_db * latents.nuclear
            if "N" in mix
            else 0.3 + latents.nuclear
        )
        nuclear = float(np.clip(nuclear, 2.4, 14.0)) if "N" in mix else nuclear
        cortical = -0.2 + 1.1 * haze + calibration.cortical_slope * max(nuclear, 0.0)
    else:
        nuclear, cortical = latents.nuclear, haze
        share = calibration.senescent_share + calibration.senescent_slope * max(age_years - 45, 0)
        senescent = bool(rng.uniform() < share) or senescent
        nuclear += float(rng.uniform(1.5, 3.5)) if senescent else 0.0
    uneven = WaveField.draw(rng, (0.8, 0.8, 0.5))
    diffuse = Nuclear(
        nuclear, cortical, float(rng.normal(0.05 + 0.02 * max(nuclear, 0), 0.15)), 0.7 if cataract else 0.4, uneven
    )
    if "C" in mix:
        grade = float(np.clip(3.0 + 1.5 * latents.cortical, 0.8, 5.0))
        focal.append(draw_spokes(rng, shape, grade))
    if "P" in mix:
        plaque_mm = float(np.clip(1.6 * np.exp(0.45 * latents.plaque), 0.3, 3.0))
        focal.append(draw_posterior_plaque(rng, plaque_mm))
    if "F" in mix:
        focal.append(draw_polar(rng) if rng.uniform() < 0.5 else draw_anterior_plaque(rng))
    if cataract:
        focal += _companions(rng, age_years, shape, latents)
    elif rng.uniform() < 0.08:
        focal.append(draw_dots(rng, shape, OpacityKind.DOTS, int(rng.integers(1, 6)), harmless=True))
    opalescence = (
        1.9 + 0.28 * nuclear + rng.normal(0, 0.775)
        if cataract
        else 0.8 + 0.022 * (age_years - 20) + rng.normal(0, 0.35)
    )
    acuity = 0.0
    if cataract:
        worst = (
            max(nuclear, 0) * 0.020
            + 0.12 * float(np.clip((grade - 1.5) / 3.5, 0, 1))
            + 0.16 * float(np.clip(plaque_mm / 2, 0, 1))
        )
        acuity = acuity_offset + worst + rng.normal(0, 0.175)
        if acuity_offset < 0.1 and rng.uniform() < 0.10:
            acuity += rng.exponential(0.60)
        acuity = float(np.clip(acuity, -0.1, 2.3))
    return Disease(
        cataract,
        mix,
        float(nuclear),
        float(cortical),
        grade,
        plaque_mm,
        senescent,
        LensOpacities(diffuse, tuple(focal)),
        float(np.clip(opalescence, 0.1, 6.9)),
        round(float(acuity), 2),
        swelling_mm(latents, cataract),
    )


def _companions(rng: np.random.Generator, age_years: float, shape: LensShape, latents: DiseaseLatents) -> list[Opacity]:
    """What comes with age beside the main opacity, and the white lenses."""
    found: list[Opacity] = []
    if age_years > 60:
        if rng.uniform() < 0.25:
            found.append(draw_clefts(rng))
        if rng.uniform() < 0.20:
            found.append(
                draw_dots(rng, shape, OpacityKind.RETRODOTS, int(np.exp(rng.uniform(np.log(20), np.log(300)))))
            )
        if rng.uniform() < 0.20:
            found.append(draw_dots(rng, shape, OpacityKind.VACUOLES, int(rng.integers(3, 41))))
        if rng.uniform() < 0.15:
            found.append(draw_separation(rng))
    if latents.white is OpacityKind.WHITE:
        found.append(draw_white(rng))
    if latents.white is OpacityKind.MORGAGNIAN:
        found.append(draw_morgagnian(rng))
    return found


def draw_spokes(rng: np.random.Generator, shape: LensShape, grade: float) -> CorticalSpokes:
    """Spokes for a LOCS-like grade of 0.8 to 5."""
    spokes = []
    for _ in range(int(rng.poisson(4 * grade)) + 2):
        front = bool(rng.uniform() < 0.55)
        cortex = shape.front_cortex_mm if front else shape.back_cortex_mm
        spokes.append(
            Spoke(
                float(rng.vonmises(INFERONASAL_RAD, 0.8)),
                float(np.deg2rad(rng.uniform(5, 20))),
                float(np.clip(rng.normal(2.6 - 0.35 * grade, 0.6), 0.45, 3.8)),
                float(rng.uniform(0.15, 0.75) * cortex),
                float(rng.uniform(0.10, 0.40)),
                front,
                float(rng.uniform(8, 18)),
            )
        )
    return CorticalSpokes(tuple(spokes), WaveField.draw(rng, (0.15, 0.15, 0.06)))


def draw_posterior_plaque(rng: np.random.Generator, radius_mm: float) -> Plaque:
    """A granular plaque on the posterior capsule."""
    look = rng.choice(3, p=(0.45, 0.16, 0.39))  # vacuolar, solid, mixed (series of 160 eyes)
    return Plaque(
        False,
        float(rng.normal(0, 0.35)),
        float(rng.normal(0, 0.35)),
        radius_mm,
        float(rng.uniform(0.08, 0.35)),
        float(rng.uniform(9, 20)),
        (3.5, 1.2, 2.5)[look],
        0.0,
        (0.45, 0.0, 0.25)[look],
        WaveField.draw(rng, (0.12, 0.12, 0.05), 20),
        WaveField.draw(rng, (0.5, 0.5, 0.5)),
    )


def draw_polar(rng: np.random.Generator) -> Plaque:
    """A posterior polar disc with onion rings."""
    return Plaque(
        False,
        float(rng.normal(0, 0.1)),
        float(rng.normal(0, 0.1)),
        float(rng.uniform(0.25, 0.9)),
        float(rng.uniform(0.15, 0.5)),
        float(rng.uniform(12, 22)),
        1.5,
        1.0,
        0.1,
        WaveField.draw(rng, (0.12, 0.12, 0.08)),
        WaveField.draw(rng, (0.6, 0.6, 0.6)),
        OpacityKind.POSTERIOR_POLAR,
    )


def draw_anterior_plaque(rng: np.random.Generator) -> Plaque:
    """An anterior subcapsular or polar plaque."""
    return Plaque(
        True,
        float(rng.normal(0, 0.4)),
        float(rng.normal(0, 0.4)),
        float(rng.uniform(0.3, 1.4)),
        float(rng.uniform(0.06, 0.25)),
        float(rng.uniform(12, 25)),
        2.0,
        0.0,
        0.05,
        WaveField.draw(rng, (0.15, 0.15, 0.05)),
        WaveField.draw(rng, (0.5, 0.5, 0.5)),
        OpacityKind.ANTERIOR_SUBCAPSULAR,
    )


def draw_dots(
    rng: np.random.Generator, shape: LensShape, kind: OpacityKind, count: int, harmless: bool = False
) -> Dots:
    """Retrodots at the border of the nucleus, vacuoles below the capsule, or dots and flakes of the periphery."""
    dots = []
    for _ in range(count):
        front = bool(rng.uniform() < 0.6)
        cortex = shape.front_cortex_mm if front else shape.back_cortex_mm
        depth = {OpacityKind.RETRODOTS: rng.normal(1.1, 0.25), OpacityKind.VACUOLES: rng.uniform(0.08, 0.45)}.get(
            kind, rng.uniform(0.2, 0.95)
        ) * cortex
        radius = float(np.sqrt(rng.uniform(0.25 if kind is OpacityKind.DOTS else 0.0, 1.0)) * 3.4)
        angle = float(rng.uniform(0, 2 * np.pi))
        sag = float(shape.sag(np.float32(radius), front))
        z = sag + depth if front else shape.thickness_mm - sag - depth
        size, strength, height = _dot_size(rng, kind)
        dots.append(Dot(radius * np.cos(angle), radius * np.sin(angle), float(z), size, size * height, strength))
    return Dots(tuple(dots), kind is OpacityKind.VACUOLES, kind, harmless)


def _dot_size(rng: np.random.Generator, kind: OpacityKind) -> tuple[float, float, float]:
    """Half width in mm, strength in dB and relative height of one small body."""
    if kind is OpacityKind.RETRODOTS:
        return float(rng.uniform(0.04, 0.25)), float(rng.uniform(3, 7)), 0.6
    if kind is OpacityKind.VACUOLES:
        return float(rng.uniform(0.04, 0.125)), float(rng.uniform(6, 12)), 0.8
    return float(rng.uniform(0.03, 0.10)), float(rng.uniform(5, 12)), 0.5


def draw_clefts(rng: np.random.Generator) -> WaterClefts:
    """Slits along the anterior Y suture."""
    turn = float(rng.normal(np.pi / 2, 0.3))
    clefts = tuple(
        Cleft(
            turn + k * 2 * np.pi / 3,
            float(rng.uniform(0.15, 0.5)),
            float(rng.uniform(0.025, 0.075)),
            float(rng.uniform(0.1, 0.8)),
            float(rng.uniform(1.6, 3.2)),
            float(rng.uniform(0.25, 0.7)),
        )
        for k in range(3)
    )
    return WaterClefts(clefts, 8.0, float(rng.uniform(-10, -6)))


def draw_separation(rng: np.random.Generator) -> LamellarSeparation:
    """A sector of separated lamellae."""
    first = float(rng.uniform(0.12, 0.3))
    return LamellarSeparation(
        float(rng.vonmises(INFERONASAL_RAD, 0.8)),
        float(rng.uniform(0.5, 1.4)),
        float(rng.uniform(0.08, 0.20)),
        first,
        first + float(rng.uniform(0.3, 0.8)),
        float(rng.uniform(3, 5)),
    )


def draw_white(rng: np.random.Generator) -> White:
    """A mature, swollen lens."""
    return White(
        float(rng.uniform(14, 20)), float(rng.choice([0.0, 0.06, 0.12])), WaveField.draw(rng, (0.8, 0.8, 0.25))
    )


def draw_morgagnian(rng: np.random.Generator) -> Morgagnian:
    """A hypermature lens."""
    return Morgagnian(
        float(rng.uniform(10, 16)),
        float(rng.uniform(6, 14)),
        float(rng.uniform(0.5, 1.4)),
        float(rng.uniform(1.7, 2.4)),
    )
