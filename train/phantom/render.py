"""One scan from beginning to end: the only place that knows the order of the steps."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from edge_runtime.look.tissues import Picture

from .eye.plan import GRADABLE, EyePlan, LensState
from .imaging.artefacts import add_artefacts
from .imaging.beams import Grid, find_surfaces
from .imaging.detector import detect, draw_response
from .imaging.display import draw_display, show
from .imaging.exposure import draw_exposure
from .imaging.eye_light import STATES_WITH_LENS, paint_eye
from .imaging.plan import DISPLAY_SETTINGS, DisplaySetting, Geometry, Tool
from .imaging.pose import draw_view
from .imaging.scan_seeds import ScanSeeds
from .imaging.tissue_map import map_tissues, show_tissues
from .imaging.truth import empty_truth, find_truth, visible_lens
from .imaging.warp import find_warp
from .patient import make_eye
from .tools.alter import alter

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from .imaging.artefacts import Artefacts
    from .imaging.beams import Surfaces
    from .imaging.detector import Detector, Response
    from .imaging.display import Display
    from .imaging.eye_light import EyeLight
    from .imaging.plan import ScanPlan
    from .imaging.truth import Truth
    from .imaging.warp import Warp
    from .patient import Eye

VERSION = "8"  # raise it when rendered bytes change
CORRECTED_ROWS = 1900  # refraction correction shows more optical path than the device's own frame

PICTURES = {
    LensState.PHAKIC: Picture.NATURAL_LENS,
    LensState.INTRAOCULAR: Picture.ARTIFICIAL_LENS,
    LensState.APHAKIC: Picture.NO_LENS,
    LensState.OUTSIDE: Picture.LENS_OUTSIDE,
    LensState.IMPLANT: Picture.PHAKIC_IMPLANT,
}


@dataclass(frozen=True, slots=True)
class RenderedScan:
    """A picture with its truth.

    Attributes
    ----------
    picture
        (rows, columns) uint8 or uint16.
    truth
        Maps of the same size.
    notes
        Numbers and words for the table of scans.
    """

    picture: NDArray[np.uint8] | NDArray[np.uint16]
    truth: Truth
    notes: dict[str, float | int | str]


def simulate(eye_plan: EyePlan, scan_plan: ScanPlan) -> RenderedScan:
    """Render one scan of one eye; both plans together fix every byte."""
    return render(make_eye(eye_plan), scan_plan)


def render(eye: Eye, plan: ScanPlan) -> RenderedScan:
    """Render one scan of an eye."""
    seeds = ScanSeeds.of(eye, plan)
    rng = seeds.scan("imaging", plan.imaging)
    setting = DISPLAY_SETTINGS[plan.setting - 1] if plan.setting else DisplaySetting()
    shown = _display(eye, plan, setting, seeds)
    grid = Grid(rows=CORRECTED_ROWS) if shown.geometry is Geometry.CORRECTED else Grid()
    view = draw_view(seeds.scan("pose"), eye, plan, grid)
    surfaces = find_surfaces(eye.anatomy, view, grid, eye.plan.state in STATES_WITH_LENS)
    light = paint_eye(eye, view, surfaces, grid, seeds, rng)
    artefacts = add_artefacts(light, eye, plan, surfaces, grid, seeds, rng)
    exposure = draw_exposure(rng, eye, plan, view.apex_depth_mm)
    artefact_names = artefacts.names(exposure)
    exposure = replace(exposure, gain_db=exposure.gain_db + setting.gain_db)
    response = draw_response(grid.depth_mm, grid.columns, exposure, rng)
    level = detect(artefacts.motion.move(light.signal, grid), response, exposure, rng)
    warp = find_warp(shown, surfaces, grid, view.apex_column_mm, view.apex_depth_mm)
    picture = show(level, warp, shown)
    truth = _truth(light, eye, surfaces, artefacts, response, warp, grid, seeds)
    rendered = RenderedScan(picture, truth, _notes(eye, plan, shown, exposure, artefact_names, truth, light.vault_mm))
    return rendered if plan.tool is None else altered(rendered, eye, plan, plan.tool)


def _truth(
    light: EyeLight,
    eye: Eye,
    surfaces: Surfaces,
    artefacts: Artefacts,
    response: Response,
    warp: Warp,
    grid: Grid,
    seeds: ScanSeeds,
) -> Truth:
    """The maps of a scan; empty, but for the tissues, where the natural lens cannot be graded."""
    motion = artefacts.motion
    lens = None if light.lens is None else visible_lens(light.lens, warp, grid, motion)
    tissue = show_tissues(map_tissues(eye, surfaces, light.layers, artefacts, grid), lens, warp)
    if light.lens is None or lens is None or eye.plan.state not in GRADABLE:
        return empty_truth(tissue)
    lens_signal = response.to(motion.move(light.from_lens, grid))
    group_label, annotator = 2 if eye.disease.cataract else 1, seeds.scan("annotator")
    return find_truth(light.lens, lens, tissue, lens_signal, warp, grid, group_label, annotator, motion)


def altered(rendered: RenderedScan, eye: Eye, plan: ScanPlan, tool: Tool) -> RenderedScan:
    """A rendered scan after this tool; its notes name the tool among the artefacts, and no profile: none is known."""
    picture, truth = alter(rendered.picture, rendered.truth, tool, ScanSeeds.of(eye, plan).scan("tool", tool))
    words = f"{rendered.notes['artefacts']} {tool}".strip()
    kind = rendered.notes["picture"] if tool is Tool.JPEG else str(Picture.ALTERED)
    return RenderedScan(picture, truth, {**rendered.notes, "profile": "", "artefacts": words, "picture": kind})


def _display(eye: Eye, plan: ScanPlan, setting: DisplaySetting, seeds: ScanSeeds) -> Display:
    """The display of a scan under a setting."""
    # A device's display stays the same during an exam; raw data are scaled scan by scan, and training shows everything.
    steady = not plan.wide and plan.geometry is not Geometry.RAW
    rng = (seeds.exam_wide if steady else seeds.scan)("display", plan.imaging)
    shown = draw_display(rng, plan, eye.plan.shifted)
    return shown if setting.range_db is None else replace(shown, grey_per_db=255 / setting.range_db)


def _notes(
    eye: Eye,
    plan: ScanPlan,
    shown: Display,
    exposure: Detector,
    artefact_names: str,
    truth: Truth,
    vault_mm: float | None,
) -> dict[str, float | int | str]:
    """Numbers and words about a scan for the table of scans."""
    lens_px, opacity_px = truth.lens_px, truth.opacity_px
    return {
        "profile": shown.profile,
        "display": f"{shown.geometry}{'-floor' if plan.floor else ''}",
        "state": str(eye.plan.state),
        "picture": str(PICTURES[eye.plan.state]),
        "vault_mm": "" if vault_mm is None else round(vault_mm, 3),
        "mix": eye.disease.mix,
        "truth_opacity_fraction": round(opacity_px / lens_px, 5) if lens_px else "",
        "truth_observable_fraction": round(truth.observable_opacity_px / opacity_px, 5) if opacity_px else "",
        "truth_lens_px": lens_px,
        "truth_nuclear_db": round(eye.disease.nuclear_db, 3),
        "truth_cortical_db": round(eye.disease.cortical_db, 3),
        "truth_kinds": " ".join(str(int(kind)) for kind in eye.disease.opacities.kinds),
        "senescent": int(eye.disease.senescent),
        "locs_no": round(eye.disease.nuclear_opalescence, 2),
        "pupil_mm": round(2 * eye.anatomy.iris.pupil_radius_mm, 2),
        "dilated": int(eye.plan.dilated),
        "gain_db": round(exposure.gain_db, 3),
        "depth_slope_db": round(exposure.depth_slope_db, 3),
        "looks": round(exposure.looks, 2),
        "black_db": round(shown.black_db, 3),
        "grey_per_db": round(shown.grey_per_db, 3),
        "artefacts": artefact_names,
        "condition": eye.cornea_state.condition if eye.cornea_state else eye.plan.condition,
    }
