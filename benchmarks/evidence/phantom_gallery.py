"""Draw the gallery of `docs/gallery`: opacities, artefacts, displays, ages, refusals, each with its truth.

python -m benchmarks.evidence.phantom_gallery [--out docs/gallery] [--only SHEET]
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

from edge_runtime.measure.kinds import OpacityKind
from train.phantom.eye.conditions import CONDITIONS
from train.phantom.eye.plan import GRADABLE, EyePlan, LensState
from train.phantom.imaging.plan import FORCED, Geometry, ScanPlan
from train.phantom.opacity.anterior_subcapsular import draw_anterior_subcapsular
from train.phantom.opacity.cortical_spokes import draw_cortical_spokes
from train.phantom.opacity.dots import draw_dots
from train.phantom.opacity.lamellar_separation import draw_lamellar_separation
from train.phantom.opacity.lens_opacities import LensOpacities
from train.phantom.opacity.morgagnian import draw_morgagnian
from train.phantom.opacity.posterior_polar import draw_posterior_polar
from train.phantom.opacity.posterior_subcapsular import draw_posterior_subcapsular
from train.phantom.opacity.retrodots import draw_retrodots
from train.phantom.opacity.vacuoles import draw_vacuoles
from train.phantom.opacity.water_clefts import draw_water_clefts
from train.phantom.opacity.white import draw_white
from train.phantom.patient import Eye, make_eye
from train.phantom.render import render, simulate
from train.phantom.seeds import generator

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from train.phantom.render import RenderedScan

PANEL_COLUMNS, PANEL_ROWS = 300, 255  # so that no sheet takes 200 kB
BAND_ROWS = 24  # above a lens close up, which would hide its title
LENS_COLOUR, OPACITY_COLOUR, TEXT_COLOUR = (90, 200, 60), (60, 80, 240), (80, 220, 240)  # blue, green, red
JPEG = (cv2.IMWRITE_JPEG_QUALITY, 50, cv2.IMWRITE_JPEG_OPTIMIZE, 1)  # the same pixels in fewer bytes


def panel(scan: RenderedScan, title: str, outlined: bool = True, close: bool = False) -> NDArray[np.uint8]:
    """Draw one scan with its title, or its lens close up below it, and the outlines of its truth.

    Returns (255, 300, 3) uint8; 24 rows more where it is close up.
    """
    grey = (scan.picture if scan.picture.dtype == np.uint8 else scan.picture >> 8).astype(np.uint8)
    truth = scan.truth.labels
    if close:
        rows, columns = np.nonzero(truth)
        height = int(1.08 * (rows.max() - rows.min()))
        width = height * PANEL_COLUMNS // PANEL_ROWS
        top = max(rows.min() - height // 24, 0)
        left = max((columns.min() + columns.max() - width) // 2, 0)
        grey, truth = (field[top : top + height, left : left + width] for field in (grey, truth))
    size = (PANEL_COLUMNS, PANEL_ROWS)
    small = cv2.resize(grey, size, interpolation=cv2.INTER_AREA)
    colour = cv2.cvtColor(small, cv2.COLOR_GRAY2BGR).astype(np.uint8, copy=False)
    labels = cv2.resize(truth, size, interpolation=cv2.INTER_NEAREST)
    if outlined:
        for label, tint in ((1, LENS_COLOUR), (2, OPACITY_COLOUR)):
            shapes, _ = cv2.findContours((labels >= label).astype(np.uint8), cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
            cv2.drawContours(colour, shapes, -1, tint, 1)
    if close:
        colour = np.vstack([np.zeros((BAND_ROWS, PANEL_COLUMNS, 3), np.uint8), colour])
    size_of_letters = 0.55 if close else 0.4
    place = (5, 17 if close else 13)
    cv2.putText(colour, title, place, cv2.FONT_HERSHEY_SIMPLEX, size_of_letters, TEXT_COLOUR, 1, cv2.LINE_AA)
    return colour


def sheet(panels: list[NDArray[np.uint8]], across: int) -> NDArray[np.uint8]:
    """Set panels side by side in rows."""
    missing = -len(panels) % across
    panels = panels + [np.zeros_like(panels[0])] * missing
    return np.vstack([np.hstack(panels[i : i + across]) for i in range(0, len(panels), across)])


def panels_of_kinds() -> list[NDArray[np.uint8]]:
    """Draw each kind of opacity where most of it shows, without its truth and with it."""
    base = make_eye(eye_plan("kinds-b", 66.0, dilated=True))
    panels = []
    for kind, opacities in every_kind(base).items():
        eye = replace(base, disease=replace(base.disease, opacities=opacities, cataract=True))
        scans = [render(eye, scan_plan(meridian)) for meridian in (0.0, 30.0, 60.0, 90.0, 120.0, 150.0)]
        scan = max(scans, key=lambda scan: scan.truth.opacity_px)
        title = f"{int(kind)} {kind.name.lower().replace('_', ' ')}"
        panels += [panel(scan, title, outlined=False, close=True), panel(scan, "truth", close=True)]
    return panels


def every_kind(base: Eye) -> dict[OpacityKind, LensOpacities]:
    """Draw one example of each kind of opacity for the lens of an eye."""
    shape = base.anatomy.lens
    quiet = replace(base.disease.opacities.diffuse, nuclear_db=0.0, cortical_db=0.0)
    rng = generator("gallery", "opacities")
    return {
        OpacityKind.NUCLEAR: LensOpacities(replace(quiet, nuclear_db=6.5)),
        OpacityKind.CORTICAL_HAZE: LensOpacities(replace(quiet, cortical_db=4.5)),
        OpacityKind.CORTICAL_SPOKES: LensOpacities(quiet, (draw_cortical_spokes(rng, shape, 4.0),)),
        OpacityKind.POSTERIOR_SUBCAPSULAR: LensOpacities(quiet, (draw_posterior_subcapsular(rng, 1.6),)),
        OpacityKind.POSTERIOR_POLAR: LensOpacities(quiet, (draw_posterior_polar(rng),)),
        OpacityKind.ANTERIOR_SUBCAPSULAR: LensOpacities(quiet, (draw_anterior_subcapsular(rng),)),
        OpacityKind.WATER_CLEFT: LensOpacities(quiet, (draw_water_clefts(rng),)),
        OpacityKind.RETRODOTS: LensOpacities(quiet, (draw_retrodots(rng, shape, 260),)),
        OpacityKind.VACUOLES: LensOpacities(quiet, (draw_vacuoles(rng, shape, 120),)),
        OpacityKind.LAMELLAR_SEPARATION: LensOpacities(quiet, (draw_lamellar_separation(rng),)),
        OpacityKind.WHITE: LensOpacities(quiet, (draw_white(rng),)),
        OpacityKind.MORGAGNIAN: LensOpacities(quiet, (draw_morgagnian(rng),)),
        OpacityKind.DOTS: LensOpacities(quiet, (draw_dots(rng, shape, 90),)),
    }


def panels_of_ages() -> list[NDArray[np.uint8]]:
    """Draw clear lenses from 20 to 90 years."""
    return [
        panel(simulate(eye_plan(f"age{age}", float(age)), scan_plan(0.0)), f"clear, {age} years")
        for age in range(20, 91, 10)
    ]


def panels_of_displays() -> list[NDArray[np.uint8]]:
    """Draw a clear eye and one with cataract in every geometry of the display."""
    displays = (
        (Geometry.CORRECTED, False, ""),
        (Geometry.OPTICAL, False, ""),
        (Geometry.OPTICAL, True, ", floor shown"),
        (Geometry.RAW, False, ", 16 bit"),
        (Geometry.FAN, False, ""),
    )
    clear = eye_plan("display", 52.0, dilated=True)
    ill = EyePlan("gallery", "display", "OD", 70.0, True, True, "NC")
    panels = []
    for plan in (clear, ill):
        for geometry, floor, remark in displays:
            panels.append(panel(simulate(plan, ScanPlan(1, 0.0, geometry, floor=floor)), f"{geometry}{remark}"))
        panels.append(panel(simulate(replace(plan, shifted=True), scan_plan(0.0)), "shifted phantom"))
    return panels


def panels_of_artefacts() -> list[NDArray[np.uint8]]:
    """Draw each artefact and each condition of the eye."""
    forced = [
        panel(simulate(replace(eye_plan(f"f{i}", 50.0), eye="OS"), replace(scan_plan(90.0), forced=name)), name)
        for i, name in enumerate(FORCED[1:])
    ]
    conditions = [
        panel(simulate(replace(eye_plan(f"c{i}", 50.0), condition=str(name)), scan_plan(0.0)), str(name))
        for i, name in enumerate(CONDITIONS[1:])
    ]
    return forced + conditions


def panels_of_refusals() -> list[NDArray[np.uint8]]:
    """Draw two eyes of each state of the lens that is not graded."""
    return [
        panel(simulate(replace(eye_plan(f"{state}{i}", 70.0, dilated=True), state=state), scan_plan(0.0)), str(state))
        for state in LensState
        if state not in GRADABLE
        for i in range(6 if state is LensState.INTRAOCULAR else 2)
    ]


def panels_of_implants() -> list[NDArray[np.uint8]]:
    """Draw phakic implants before clear lenses, and before anterior subcapsular cataract."""
    eyes = [replace(eye_plan(f"implant{i}", 35.0, dilated=True), state=LensState.IMPLANT) for i in range(6)]
    ill = [replace(eye, cataract=True, mix="A") if i % 2 else eye for i, eye in enumerate(eyes)]
    return [panel(simulate(eye, scan_plan(0.0)), "anterior subcapsular" if eye.cataract else "clear") for eye in ill]


def eye_plan(patient: str, age_years: float, *, dilated: bool = False) -> EyePlan:
    """Plan a clear right eye of the gallery."""
    return EyePlan("gallery", patient, "OD", age_years, cataract=False, dilated=dilated)


def scan_plan(meridian_deg: float) -> ScanPlan:
    """Plan a scan of optical path lengths."""
    return ScanPlan(1, meridian_deg, Geometry.OPTICAL)


SHEETS = {
    "kinds": (panels_of_kinds, 4),
    "ages": (panels_of_ages, 4),
    "displays": (panels_of_displays, 3),
    "artefacts": (panels_of_artefacts, 4),
    "refused": (panels_of_refusals, 4),
    "implants": (panels_of_implants, 3),
}  # what draws its panels, and how many stand side by side


def main(words: Sequence[str] | None = None) -> int:
    """Draw sheets and write them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("docs/gallery"))
    parser.add_argument("--only", choices=SHEETS, action="append", metavar="SHEET", help="default: every sheet")
    arguments = parser.parse_args(words)
    out: Path = arguments.out
    out.mkdir(parents=True, exist_ok=True)
    total = 0
    for name in arguments.only or SHEETS:
        panels, across = SHEETS[name]
        pixels = sheet(panels(), across)
        _, data = cv2.imencode(".jpg", pixels, JPEG)
        (out / f"{name}.jpg").write_bytes(data.tobytes())
        total += len(data)
        print(f"{out / name}.jpg {pixels.shape[1]} x {pixels.shape[0]}, {len(data) / 1e3:.0f} kB")
    print(f"{total / 1e6:.2f} MB in all")
    return 0


if __name__ == "__main__":
    sys.exit(main())
