"""One scan from beginning to end: the only place that knows the order of the steps."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from . import artefacts, beams, detector, display, lens_image, tissue, truth
from .cornea import paint_cornea_state
from .field import smooth_walk
from .patient import EyePlan, LensState, make_eye
from .pseudophakia import paint_intraocular_lens, paint_phakic_implant
from .seeds import generator

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .patient import Eye

NATIVE_ROWS, NATIVE_COLUMNS = 1824, 2150
EXPORT_ROWS, EXPORT_COLUMNS = 1459, 1713
RAW_ROWS, RAW_COLUMNS = 1519, 768
FORCED = (
    "",
    "lashes",
    "lid",
    "low-signal",
    "tear-film",
    "glitch",
    "rows",
    "mirror",
    "ghost",
    "blink",
    "tear",
    "saturation",
    "clipped",
    "drift",
)


@dataclass(frozen=True, slots=True)
class DisplaySetting:
    """One way to show an exposure.

    Attributes
    ----------
    gain_db
        Signal gain on top of the exposure's own; the noise stays as it is.
    range_db
        Level of white over that of black; None leaves the exam's own. Black stays where it is.
    """

    gain_db: float = 0.0
    range_db: float | None = None


DISPLAY_SETTINGS = (
    DisplaySetting(),
    DisplaySetting(gain_db=-3.0),
    DisplaySetting(gain_db=3.0),
    DisplaySetting(range_db=29.0),
    DisplaySetting(range_db=48.0),
)


@dataclass(frozen=True, slots=True)
class ScanPlan:
    """What is asked of one scan of an eye.

    Attributes
    ----------
    exam, meridian_deg
        Visit and meridian.
    geometry
        Of the picture.
    rows, columns
        Size of the picture; (0, 0) for the geometry's own.
    floor
        Show the noise floor instead of clipping it to black (8-bit pictures).
    wide
        Training: wider physics and display.
    imaging
        Name that enters the imaging seed alone: another one takes the same scan again.
    forced
        An artefact of `FORCED` that shall happen; "" leaves it to chance.
    setting
        1 to `len(DISPLAY_SETTINGS)` shows the same exposure under one of those; 0 is the exam's own display, as 1 is,
        in a cohort that does not compare displays.
    """

    exam: int
    meridian_deg: float
    geometry: display.Geometry = display.Geometry.CORRECTED
    rows: int = 0
    columns: int = 0
    floor: bool = False
    wide: bool = False
    imaging: str = "first"
    forced: str = ""
    setting: int = 0

    def __post_init__(self) -> None:
        if self.forced not in FORCED:
            raise ValueError(f"Artefact {self.forced!r}: expected one of {', '.join(FORCED[1:])}, or none.")
        if not 0 <= self.setting <= len(DISPLAY_SETTINGS):
            raise ValueError(f"Display setting {self.setting}: expected 0 to {len(DISPLAY_SETTINGS)}.")


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
    truth: truth.Truth
    notes: dict[str, float | int | str]


def simulate(eye_plan: EyePlan, scan_plan: ScanPlan) -> RenderedScan:
    """One scan of one eye, in memory; both plans together fix every byte."""
    return render(make_eye(eye_plan), scan_plan)


def render(eye: Eye, plan: ScanPlan) -> RenderedScan:
    """One scan of an eye."""
    keys = (eye.plan.cohort, eye.plan.patient, eye.plan.eye, plan.exam, f"{plan.meridian_deg:g}")
    pose_rng, imaging_rng = generator(*keys, "pose"), generator(*keys, "imaging", plan.imaging)
    # A device's display stands still during an exam; raw data are scaled scan by scan, and training shows everything.
    steady = not plan.wide and plan.geometry is not display.Geometry.RAW
    display_keys = keys[:4] if steady else keys
    shown = draw_display(generator(*display_keys, "display", plan.imaging), plan, eye.plan.shifted)
    setting = DISPLAY_SETTINGS[plan.setting - 1] if plan.setting else DisplaySetting()
    if setting.range_db is not None:
        shown = replace(shown, grey_per_db=255 / setting.range_db)
    grid = beams.Grid(rows=1900) if shown.geometry is display.Geometry.CORRECTED else beams.Grid()
    view = draw_view(pose_rng, eye, plan, grid)
    phakic = eye.plan.state in (LensState.PHAKIC, LensState.OUTSIDE, LensState.IMPLANT)
    motion = artefacts.draw_motion(generator(*keys, "motion"), eye.artefact_factor, plan.forced)
    surfaces = beams.find_surfaces(eye.anatomy, view, grid, phakic)
    signal = np.full((grid.rows, grid.columns), 10 ** (eye.tissue.flare_db / 10), np.float32)
    signal[: max(int(surfaces.cornea_path.min() / grid.row_mm), 0)] = 0
    lens = None
    if phakic:
        lens = lens_image.image_lens(eye.anatomy, eye.scatter, eye.texture, eye.disease.opacities, surfaces, view, grid)
    _paint_vitreous(signal, surfaces, eye, grid)
    tissue.paint_wall(signal, surfaces, eye.tissue, eye.anatomy, grid, imaging_rng)
    structure = generator(*keys[:3], keys[4], "iris")
    tissue.paint_iris(signal, surfaces, eye.anatomy, eye.tissue, grid, structure)
    if eye.tissue.ciliary:
        tissue.paint_ciliary(signal, surfaces, grid, structure)
    lens_light = np.zeros_like(signal)  # what of the signal is the lens' own
    if lens is not None:
        lens_light[lens.box] = lens_image.paint_lens(signal, lens, surfaces, grid)
    if eye.plan.state is LensState.INTRAOCULAR:
        paint_intraocular_lens(signal, eye.anatomy, surfaces, view, grid, generator(*keys[:3], "implant"))
    if eye.plan.state is LensState.IMPLANT:
        paint_phakic_implant(signal, surfaces, grid, generator(*keys[:3], "implant"))
    if eye.cornea_state is not None:
        lens_light *= paint_cornea_state(
            signal, surfaces, view, eye.cornea_state, grid, generator(*keys[:3], keys[4], "cornea")
        )
    faint = shown.geometry is display.Geometry.RAW and imaging_rng.uniform() < 0.7
    artefacts.paint_streak(signal, surfaces, artefacts.draw_streak(imaging_rng, faint), grid, imaging_rng)
    disturbances = artefacts.draw_disturbances(
        imaging_rng, plan.meridian_deg, eye.artefact_factor * (1.4 if plan.wide else 1.0), plan.forced
    )
    lens_light *= artefacts.disturb(signal, surfaces, disturbances, grid, imaging_rng)
    extras = artefacts.draw_extras(generator(*keys, "extras", plan.imaging), eye.artefact_factor, plan.forced)
    artefacts.apply_extras(signal, surfaces, extras, grid)
    signal = motion.move(signal, grid)
    exposure = draw_detector(imaging_rng, eye, plan)
    present = _present(disturbances, extras, motion, exposure)
    exposure = replace(exposure, gain_db=exposure.gain_db + setting.gain_db)
    response = detector.draw_response(grid.depth_mm, grid.columns, exposure, imaging_rng)
    level = detector.detect(signal, response, exposure, imaging_rng)
    warp = display.find_warp(shown, surfaces, grid, view.apex_column_mm, view.apex_depth_mm)
    picture = display.show(level, warp, shown)
    if lens is None or eye.plan.state is not LensState.PHAKIC:
        found = truth.empty_truth(shown.rows, shown.columns)
    else:
        lens_signal = response.to(motion.move(lens_light, grid))
        group_label, annotator = 2 if eye.disease.cataract else 1, generator(*keys, "annotator")
        found = truth.find_truth(lens, lens_signal, warp, grid, group_label, annotator, motion)
    return RenderedScan(picture, found, _notes(eye, plan, shown, exposure, present, found))


def draw_view(rng: np.random.Generator, eye: Eye, plan: ScanPlan, grid: beams.Grid) -> beams.View:
    """Pose of the eye during one scan, and of the exam it belongs to."""
    exam = generator(eye.plan.cohort, eye.plan.patient, eye.plan.eye, plan.exam, "exam")
    depth = eye.anatomy.pose.pole_z_mm - eye.anatomy.cornea.thickness_mm
    whole = (
        eye.anatomy.cornea.thickness_mm * beams.CORNEA_INDEX
        + depth * beams.AQUEOUS_INDEX
        + eye.anatomy.lens.thickness_mm * beams.LENS_INDEX
    )
    apex = exam.normal(2.3, 0.3)
    pupil_scale = float(np.exp(0.04 * exam.standard_normal()))
    optical = plan.geometry is not display.Geometry.CORRECTED
    if optical and exam.uniform() < 0.9:  # the operator sees to it that the posterior capsule is in the frame
        apex = min(apex, (13.3 if plan.geometry is display.Geometry.RAW else 13.7) - whole)
    if plan.forced == "clipped":
        apex = 13.9 - whole + float(exam.uniform(0.2, 1.2)) if optical else 5.2
    apex = max(apex, 0.5)
    if eye.plan.state is LensState.OUTSIDE:
        apex = (
            float(exam.uniform(8.3, 11.0))
            - whole
            + eye.anatomy.lens.thickness_mm * beams.LENS_INDEX
            + float(exam.uniform(2.2, 5.5))
        )
    apex_column = exam.normal(0, 0.15) + rng.normal(0, 0.12)
    wobble = 0.006 * smooth_walk(rng, grid.columns, 40)
    return beams.View(
        plan.meridian_deg, eye.plan.eye == "OS", float(apex_column), float(max(apex + rng.normal(0, 0.08), 0.3)),
        float(rng.normal(0, 0.08)), float(rng.normal(0, 0.08)), pupil_scale, wobble,
    )  # fmt: skip


def draw_detector(rng: np.random.Generator, eye: Eye, plan: ScanPlan) -> detector.Detector:
    """Exposure of one scan."""
    visit = generator(eye.plan.cohort, eye.plan.patient, eye.plan.eye, plan.exam, "exposure", plan.imaging)
    low = bool(visit.uniform() < 0.06 * eye.artefact_factor) or plan.forced == "low-signal"
    gain = (
        eye.gain_db
        + 0.3 * visit.standard_normal()
        - (visit.uniform(2, 6) if low else 0.0)
        + 0.2 * rng.standard_normal()
    )
    if plan.forced == "drift":  # the exposure differs from the eye's other scans
        gain += float(rng.choice((-1, 1)) * rng.uniform(1.5, 3.5))
    wide = plan.wide and rng.uniform() < 0.4
    looks = float(np.exp(rng.uniform(np.log(4), np.log(12)))) if wide else float(rng.uniform(5.5, 9.0))
    exposure = detector.Detector(
        float(gain + (rng.normal(0, 1.0) if wide else 0.0)),
        float(rng.normal(0, 0.4)) + (float(rng.uniform(-3, 3)) if low else 0.0),
        float(rng.normal(detector.NOMINAL_FOCUS_MM, 0.8)),
        float(np.clip(rng.normal(detector.NOMINAL_RAYLEIGH_MM, 0.8), 3.0, 9.0)),
        float(rng.normal(0, 0.5)),
        looks,
        float(rng.uniform(0.42, 0.92) if not wide else rng.uniform(0.4, 1.0)),
        float(rng.uniform(0.42, 0.58) if not wide else rng.uniform(0.35, 0.9)),
        float(rng.uniform(0.2, 0.5)) if rng.uniform() < 0.15 else 0.0,
        float(rng.uniform(0.3, 1.0)) if wide and rng.uniform() < 0.5 else 0.0,
    )
    if plan.forced == "rows":
        exposure = replace(exposure, row_pattern_db=float(rng.uniform(0.8, 2.0)))
    if eye.plan.shifted:  # coarser speckle with a log-normal tail, a law that training never meets
        exposure = replace(
            exposure, looks=float(rng.uniform(9, 14)), heavy_tail_db=1.3, grain_rows=0.95, grain_columns=0.75
        )
    if eye.plan.no_artefacts:
        exposure = replace(exposure, row_pattern_db=0.0)
    return exposure


def draw_display(rng: np.random.Generator, plan: ScanPlan, shifted: bool = False) -> display.Display:
    """Display window of one scan."""
    rows, columns = plan.rows, plan.columns
    if plan.geometry is display.Geometry.RAW:
        rows, columns = rows or RAW_ROWS, columns or RAW_COLUMNS
        black = -float(rng.uniform(6.5, 10.5))
        return display.Display(
            plan.geometry, rows, columns, 16, black, 255 / (float(rng.normal(36, 1.0)) - black), fade_rows=0
        )
    rows, columns = rows or NATIVE_ROWS, columns or NATIVE_COLUMNS
    black, slope = float(rng.normal(3.2, 0.20)), float(rng.normal(7.2, 0.25))
    gamma = 1.0
    if plan.wide:
        black, slope, gamma = (
            black + float(rng.normal(0, 0.8)),
            slope * float(np.exp(rng.normal(0, 0.10))),
            float(np.exp(rng.normal(0, 0.08))),
        )
    if shifted:  # a curve that lifts the dark tones, with its black a little lower
        black, slope, gamma = black - 0.8, 6.2, 0.82
    if plan.floor:  # an 8-bit picture that shows the noise: floor at 0.25 to 0.45 of the cornea
        black = -float(rng.uniform(5, 11))
        slope = float(rng.uniform(4.5, 6.5))
    jpeg = int(rng.integers(80, 99)) if plan.wide and rng.uniform() < 0.3 else 0
    fan = float(rng.uniform(0.004, 0.012)) if plan.geometry is display.Geometry.FAN else 0.0
    return display.Display(plan.geometry, rows, columns, 8, black, slope, gamma, 0 if plan.floor else 30, fan, jpeg)


def _paint_vitreous(signal: NDArray[np.float32], surfaces: beams.Surfaces, eye: Eye, grid: beams.Grid) -> None:
    """Vitreous behind the lens, and its anterior face."""
    columns = np.flatnonzero(surfaces.open > 0)
    if not len(columns):
        return
    part = slice(columns[0], columns[-1] + 1)
    first = max(int(surfaces.lens_back_path[part].min() / grid.row_mm), 0)
    behind = grid.depth_mm[first:, None] - surfaces.lens_back_path[part]
    # A crystalline lens sends some light forwards into the vitreous behind it; an empty pupil does not.
    level = eye.tissue.vitreous_db - (0.0 if eye.plan.state is LensState.PHAKIC else 5.0)
    power = 10 ** (level / 10) * np.clip(behind / np.float32(grid.row_mm), 0, 1) * surfaces.open[part]
    signal[first:, part] += power.astype(np.float32)


def _notes(
    eye: Eye, plan: ScanPlan, shown: display.Display, exposure: detector.Detector, present: str, found: truth.Truth
) -> dict[str, float | int | str]:
    lens_px, opacity_px = found.lens_px, found.opacity_px
    return {
        "profile": shown.profile,
        "display": f"{shown.geometry}{'-floor' if plan.floor else ''}",
        "state": str(eye.plan.state),
        "mix": eye.disease.mix,
        "truth_opacity_fraction": round(opacity_px / lens_px, 5) if lens_px else "",
        "truth_observable_fraction": round(found.observable_opacity_px / opacity_px, 5) if opacity_px else "",
        "truth_lens_px": lens_px,
        "truth_nuclear_db": round(eye.disease.nuclear_db, 3),
        "truth_cortical_db": round(eye.disease.cortical_db, 3),
        "truth_kinds": " ".join(str(int(kind)) for kind in eye.disease.opacities.kinds),
        "senescent": int(eye.disease.senescent),
        "locs_no": round(eye.disease.nuclear_opalescence, 2),
        "pupil_mm": round(2 * eye.anatomy.iris.pupil_radius_mm, 2),
        "dilated": int(eye.plan.dilated),
        "gain_db": round(exposure.gain_db, 3),
        "looks": round(exposure.looks, 2),
        "black_db": round(shown.black_db, 3),
        "grey_per_db": round(shown.grey_per_db, 3),
        "artefacts": present,
        "condition": eye.cornea_state.condition if eye.cornea_state else eye.plan.condition,
    }


def _present(
    what: artefacts.Disturbances, extras: artefacts.Extras, motion: artefacts.Motion, exposure: detector.Detector
) -> str:
    """Names of the artefacts of a scan, with spaces between."""
    there = {
        "lashes": bool(what.lashes),
        "lid": what.lid_mm > 0,
        "glitch": bool(what.glitch_rows or what.glitch_columns),
        "tear-film": what.tear_film_db > 0,
        "low-signal": exposure.gain_db < -1.8,
        "rows": exposure.row_pattern_db > 0,
        "mirror": extras.mirror_db < 0,
        "ghost": extras.ghost_db < 0,
        "blink": motion.blank,
        "saturation": extras.saturation_db > 0,
        "tear": motion.shift_mm != 0,
    }
    return " ".join(name for name, is_there in there.items() if is_there)
