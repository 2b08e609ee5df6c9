"""The state of one lens: from latents of a patient and an eye to opacities, a LOCS III reading and the acuity."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from edge_runtime.measure.kinds import OpacityKind
from train.phantom.field import WaveField
from train.phantom.seeds import correlated

from .anterior_subcapsular import draw_anterior_subcapsular
from .companions import draw_companions
from .cortical_spokes import draw_cortical_spokes
from .dots import draw_dots
from .lens_opacities import LensOpacities
from .nuclear import Nuclear
from .posterior_polar import draw_posterior_polar
from .posterior_subcapsular import draw_posterior_subcapsular

if TYPE_CHECKING:
    from train.phantom.eye.lens import LensShape

    from .opacity import Opacity

# Letters: N nuclear, C cortical, P posterior subcapsular, F focal (polar or anterior), A anterior subcapsular.
# Shares are those of population series (INDEYE).
MIX_FROM_55 = (("N", 0.42), ("NC", 0.22), ("NP", 0.17), ("NCP", 0.14), ("C", 0.03), ("P", 0.015), ("F", 0.005))
MIX_BELOW_55 = (("N", 0.25), ("NC", 0.06), ("NP", 0.20), ("NCP", 0.04), ("C", 0.08), ("P", 0.22), ("F", 0.15))

UNEVENNESS_DB = (0.4, 0.7)  # of nucleus and haze, clear or opaque: if it told them apart, a network would read it


@dataclass(frozen=True, slots=True)
class Calibration:
    """The settings that were chosen on calibration seeds.

    Attributes
    ----------
    nuclear_mean_db, nuclear_spread_db
        Excess of the nucleus in nuclear cataract.
    cortical_slope
        Cortical haze in dB per dB of nuclear excess.
    senescent_share, senescent_slope
        Share of clear eyes with a senescent nucleus at 45 years, and its growth per year of age beyond.
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
        Whether the eye belongs to the cataract group.
    mix
        Letters of the types, "" for a clear eye.
    nuclear_db, cortical_db
        Mean excess of the nucleus and of the cortex.
    cortical_grade, plaque_mm
        Grade of the spokes (0 without spokes), and radius of a posterior subcapsular plaque (0 without one).
    senescent
        Whether a clear eye has an ageing nucleus, which invites false positives.
    opacities
        The opacities of the lens.
    nuclear_opalescence, bcva_logmar
        Nuclear opalescence as in LOCS III, and acuity.
    swelling_mm
        Extra thickness of a white lens.
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

    def as_uneven(self, spread_db: float) -> Disease:
        """The same lens with another unevenness of nucleus and haze, in dB."""
        opacities = self.opacities
        return replace(self, opacities=replace(opacities, diffuse=replace(opacities.diffuse, texture_db=spread_db)))


@dataclass(frozen=True, slots=True)
class DiseaseLatents:
    """Standard normal latents of one eye, and the types of cataract that its patient has."""

    nuclear: float
    haze: float
    cortical: float
    plaque: float
    mix: str
    white: OpacityKind | None


def draw_latents(
    shared: np.random.Generator, own: np.random.Generator, age_years: float, mix: str | None = None
) -> DiseaseLatents:
    """Latents of one eye; the patient's generator gives both eyes the same types and correlated severity."""
    nuclear, haze, cortical, plaque = (
        correlated(shared.standard_normal(), own.standard_normal(), correlation)
        for correlation in (0.85, 0.80, 0.75, 0.60)
    )
    table = MIX_FROM_55 if age_years >= 55 else MIX_BELOW_55
    shares = np.array([share for _, share in table])
    drawn = str(shared.choice([name for name, _ in table], p=shares / sum(share for _, share in table)))
    white = None
    if shared.uniform() < 0.02 and age_years > 60:
        white = OpacityKind.WHITE if shared.uniform() < 0.7 else OpacityKind.MORGAGNIAN
    return DiseaseLatents(
        nuclear=nuclear,
        haze=haze,
        cortical=cortical,
        plaque=plaque,
        mix=mix or drawn,
        white=white if mix is None else None,
    )


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
    """Draw the state of one lens of the clear or of the cataract group."""
    mix = latents.mix if cataract else ""
    if cataract:
        senescent = False
        nuclear, cortical = _cataract_excess(latents, calibration)
    else:
        nuclear, cortical = latents.nuclear, latents.haze
        share = calibration.senescent_share + calibration.senescent_slope * max(age_years - 45, 0)
        senescent = bool(rng.uniform() < share) or senescent
        nuclear += float(rng.uniform(1.5, 3.5)) if senescent else 0.0
    uneven = WaveField.draw(rng, (0.8, 0.8, 0.5))
    diffuse = Nuclear(
        nuclear_db=nuclear,
        cortical_db=cortical,
        border_mm=float(rng.normal(0.05 + 0.02 * max(nuclear, 0), 0.15)),
        texture_db=float(rng.uniform(*UNEVENNESS_DB)),
        texture=uneven,
    )
    grade = float(np.clip(3.0 + 1.5 * latents.cortical, 0.8, 5.0)) if "C" in mix else 0.0
    plaque_mm = float(np.clip(1.6 * np.exp(0.45 * latents.plaque), 0.3, 3.0)) if "P" in mix else 0.0
    focal = _focal_opacities(rng, mix, shape, grade, plaque_mm)
    if cataract:
        focal += draw_companions(rng, age_years, shape, latents.white)
    elif rng.uniform() < 0.08:
        focal.append(draw_dots(rng, shape, int(rng.integers(1, 6)), harmless=True))
    return Disease(
        cataract=cataract,
        mix=mix,
        nuclear_db=float(nuclear),
        cortical_db=float(cortical),
        cortical_grade=grade,
        plaque_mm=plaque_mm,
        senescent=senescent,
        opacities=LensOpacities(diffuse, tuple(focal)),
        nuclear_opalescence=_nuclear_opalescence(rng, age_years, nuclear, cataract),
        bcva_logmar=_acuity(rng, nuclear, grade, plaque_mm, acuity_offset) if cataract else 0.0,
        swelling_mm=swelling_mm(latents, cataract),
    )


def _cataract_excess(latents: DiseaseLatents, calibration: Calibration) -> tuple[float, float]:
    """Mean excess of the nucleus and of the cortex in an eye with cataract, in dB."""
    if "N" in latents.mix:
        drawn = calibration.nuclear_mean_db + calibration.nuclear_spread_db * latents.nuclear
        nuclear = float(np.clip(drawn, 2.4, 14.0))
    else:
        nuclear = 0.3 + latents.nuclear
    return nuclear, -0.2 + 1.1 * latents.haze + calibration.cortical_slope * max(nuclear, 0.0)


def _focal_opacities(
    rng: np.random.Generator, mix: str, shape: LensShape, grade: float, plaque_mm: float
) -> list[Opacity]:
    """The opacities that the letters of the mix stand for, but for the nucleus."""
    focal: list[Opacity] = []
    if "C" in mix:
        focal.append(draw_cortical_spokes(rng, shape, grade))
    if "P" in mix:
        focal.append(draw_posterior_subcapsular(rng, plaque_mm))
    if "F" in mix:
        focal.append(draw_posterior_polar(rng) if rng.uniform() < 0.5 else draw_anterior_subcapsular(rng))
    if "A" in mix:
        focal.append(draw_anterior_subcapsular(rng))
    return focal


def _nuclear_opalescence(rng: np.random.Generator, age_years: float, nuclear_db: float, cataract: bool) -> float:
    """Nuclear opalescence as an observer would grade it by LOCS III."""
    graded = (
        1.9 + 0.28 * nuclear_db + rng.normal(0, 0.775)
        if cataract
        else 0.8 + 0.022 * (age_years - 20) + rng.normal(0, 0.35)
    )
    return float(np.clip(graded, 0.1, 6.9))


def _acuity(rng: np.random.Generator, nuclear_db: float, grade: float, plaque_mm: float, offset: float) -> float:
    """Best-corrected acuity of an eye with cataract, logMAR; eyes of the validation study have a tail of low acuity."""
    worst = (
        max(nuclear_db, 0) * 0.020
        + 0.12 * float(np.clip((grade - 1.5) / 3.5, 0, 1))
        + 0.16 * float(np.clip(plaque_mm / 2, 0, 1))
    )
    acuity = offset + worst + rng.normal(0, 0.175)
    if offset < 0.1 and rng.uniform() < 0.10:
        acuity += rng.exponential(0.60)
    return round(float(np.clip(acuity, -0.1, 2.3)), 2)
