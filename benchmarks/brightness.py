"""How far the display drops out of what a network sees, and how steady the references are.

`python -m benchmarks.brightness [REAL_SCANS]`: simulated eyes under the five settings of the `display` cohort,
simulated eyes at other sizes, simulated eyes of other cohorts, and, where a folder of real scans is given, the
references in those.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from edge_runtime import CataractAnalyzer, Limits
from edge_runtime.errors import EdgeCataractError
from edge_runtime.frame.brightness import HIGHEST_DB, LOWEST_DB, find_reference_levels, referenced_grey, regrade
from edge_runtime.frame.profiles import load_profile, profile_for
from edge_runtime.frame.resample import native_frame
from edge_runtime.reading.raster import read_scan
from edge_runtime.scan import scan_from_pixels
from train.data.frames import block_sum, native_labels
from train.phantom.cohorts.catalogue import plan_cohort
from train.phantom.imaging.plan import DISPLAY_SETTINGS
from train.phantom.imaging.truth import EXCESS_OFFSET_DB, EXCESS_STEPS_PER_DB
from train.phantom.patient import make_eye
from train.phantom.render import render
from train.workers import process_pool

from .provenance import provenance, save

if TYPE_CHECKING:
    from numpy.typing import NDArray

RESULTS = Path(__file__).parent / "results" / "brightness.json"
PAGE = Path(__file__).parent.parent / "docs" / "brightness.md"
COHORTS = ("validation", "shifted", "age-matched", "test-retest", "artefacts", "corneal-disease", "training")
SEED = 31  # of no cohort that anything is trained or judged on
GRID = 4
DB_PER_GREY = (HIGHEST_DB - LOWEST_DB) / 255
BORDER_DB = (2.0, 4.0)  # excess of the pixels that decide about the label: an opacity begins at 3 dB
MIN_BLOCKS = 200
SIZES = (0.7, 0.5, 0.4)  # of the device's own frame


def main() -> int:
    """Measure, save, write the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("real", nargs="?", type=Path, help="folder with scans.csv and the scans it names")
    parser.add_argument("--eyes", type=int, default=40, help="per cohort (default 40)")
    parser.add_argument("--out", type=Path, default=RESULTS)
    parser.add_argument("--page", type=Path, default=PAGE)
    arguments = parser.parse_args()
    workers = len(os.sched_getaffinity(0))
    with process_pool(workers) as pool:
        shown = list(pool.map(five_displays, range(arguments.eyes)))
        resampled = list(pool.map(fractions_at_sizes, range(arguments.eyes)))
        cohorts = {
            cohort: spread(list(pool.map(references, [cohort] * arguments.eyes, range(arguments.eyes))))
            for cohort in COHORTS
        }
    content: dict[str, Any] = {
        **provenance(CataractAnalyzer()),
        "seed": SEED,
        "eyes": arguments.eyes,
        "display": ranges([one for one in shown if one]),
        "sizes": moved_by_size(resampled),
        "cohorts": cohorts,
        "real": real(arguments.real) if arguments.real else None,
    }
    save(arguments.out, content)
    arguments.page.write_text(page(json.loads(arguments.out.read_text(encoding="utf-8"))), encoding="utf-8")
    return 0


def five_displays(number: int) -> dict[str, list[float]] | None:
    """Mean level, in dB, of one eye's pixels near the border of opacity, per setting; None where it has too few."""
    patients = plan_cohort("display", SEED)
    eye_plan, scans = patients[(2 * number + 1) % len(patients)].eyes[0]  # every second one has cataract
    eye = make_eye(eye_plan)
    levels: dict[str, list[float]] = {"referenced": [], "nominal": [], "as_shown_grey": []}
    for setting in range(1, len(DISPLAY_SETTINGS) + 1):
        rendered = render(eye, replace(scans[0], setting=setting))
        frame = _native(rendered.picture, str(rendered.notes["profile"]))
        excess = native_labels(rendered.truth.excess, frame.shape[:2]).astype(np.float32)
        excess = _blocks(excess) / EXCESS_STEPS_PER_DB - EXCESS_OFFSET_DB
        lens = _blocks((native_labels(rendered.truth.labels, frame.shape[:2]) > 0).astype(np.float32)) == 1
        border = lens & (excess > BORDER_DB[0]) & (excess < BORDER_DB[1])
        if np.count_nonzero(border) < MIN_BLOCKS:
            return None
        found = find_reference_levels(frame)
        for name, table in (("referenced", referenced_grey(found)), ("nominal", referenced_grey(None))):
            grey = block_sum(regrade(frame, table), GRID)[: border.shape[0], : border.shape[1]] / GRID**2
            levels[name].append(float(grey[border].mean()) * DB_PER_GREY + LOWEST_DB)
        grey = block_sum(frame, GRID)[: border.shape[0], : border.shape[1]] / GRID**2
        levels["as_shown_grey"].append(float(grey[border].mean()))
    return levels


def ranges(eyes: list[dict[str, list[float]]]) -> dict[str, Any]:
    """Range over the five settings: median and 95th percentile of eyes."""
    found: dict[str, Any] = {"eyes": len(eyes)}
    for name in eyes[0] if eyes else ():
        one = [float(np.ptp(eye[name])) for eye in eyes]
        found[name] = {"median": float(np.median(one)), "percentile_95": float(np.percentile(one, 95))}
    return found


def fractions_at_sizes(number: int) -> dict[str, list[float | None]]:
    """Cataract Fraction of one scan of a cataract eye at its own size, then made smaller, with speckle and without."""
    import cv2

    eyes = [eye for patient in plan_cohort("validation", SEED) for eye in patient.eyes if eye[0].cataract]
    eye_plan, scans = eyes[number % len(eyes)]
    picture = render(make_eye(eye_plan), scans[0]).picture
    shape = picture.shape[:2]
    analyzer = CataractAnalyzer(limits=Limits(threads=1))
    found: dict[str, list[float | None]] = {"contrast": [], "speckle_too": []}
    for size in (1.0, *SIZES):
        smaller = cv2.resize(picture, None, fx=size, fy=size, interpolation=cv2.INTER_AREA)
        found["contrast"].append(analyzer.analyze_pixels(smaller).cataract_fraction)
        spread_out = cv2.resize(smaller, shape[::-1], interpolation=cv2.INTER_LINEAR)  # taken for the device's pixels
        found["speckle_too"].append(analyzer.analyze_pixels(spread_out).cataract_fraction)
    return found


def moved_by_size(eyes: list[dict[str, list[float | None]]]) -> dict[str, Any]:
    """By how much a size moves the Cataract Fraction: mean, and 95th percentile of its amount."""
    found: dict[str, Any] = {"scans": len(eyes)}
    for name in eyes[0]:
        values = np.array([[np.nan if one is None else one for one in eye[name]] for eye in eyes], np.float64)
        moved = values[:, 1:] - values[:, :1]
        found[name] = {
            str(size): {
                "graded_in_both": int(np.isfinite(column).sum()),
                "mean": float(np.nanmean(column)),
                "percentile_95": float(np.nanpercentile(np.abs(column), 95)),
            }
            for size, column in zip(SIZES, moved.T, strict=True)
        }
    return found


def references(cohort: str, number: int) -> tuple[float, float] | None:
    """Level of the stroma and contrast of the brightest tissue, dB by the true display; None where not found."""
    patients = plan_cohort(cohort, SEED)
    eye_plan, scans = patients[7 * number % len(patients)].eyes[0]  # both groups, wherever they stand
    rendered = render(make_eye(eye_plan), scans[0])
    profile = load_profile(str(rendered.notes["profile"]))
    found = find_reference_levels(_native(rendered.picture, profile.name))
    if found is None:
        return None

    def level_db(grey: float) -> float:
        """What the display showed with this grey, dB over the noise."""
        full = profile.display_low * 255 + grey * (profile.display_high - profile.display_low)
        return full / float(rendered.notes["grey_per_db"]) + float(rendered.notes["black_db"])

    return level_db(found.stroma), level_db(found.brightest) - level_db(found.stroma)


def spread(scans: list[tuple[float, float] | None]) -> dict[str, float | int]:
    """How steady the references are over eyes."""
    found = np.array([scan for scan in scans if scan])
    contrast = np.log(found[:, 1])
    return {
        "scans": len(scans),
        "without_references": len(scans) - len(found),
        "stroma_sd_db": float(found[:, 0].std(ddof=1)),
        "contrast_median_db": float(np.median(found[:, 1])),
        "contrast_sd_share": float(contrast.std(ddof=1)),
    }


def real(folder: Path) -> dict[str, Any]:
    """The references in real scans of the display that is known to stand still (8 bits)."""
    rows: list[tuple[float, float, float]] = []
    missing = 0
    with (folder / "scans.csv").open(newline="", encoding="utf-8") as file:
        names = [row["scan"] for row in csv.DictReader(file)]
    for name in names:
        try:
            scan = read_scan(folder / name)
            if scan.bits != 8:
                continue
            frame = native_frame(scan, profile_for(scan.rows, scan.columns, scan.bits))
        except EdgeCataractError:
            continue
        found = find_reference_levels(frame)
        if found is None:
            missing += 1
        else:
            rows.append((found.stroma, found.brightest, found.apex_row))
    stroma, brightest, apex = np.array(rows).T
    slope, start = np.polyfit(apex, stroma, 1)
    return {
        "scans": len(rows) + missing,
        "without_references": missing,
        "stroma_grey": _about(stroma),
        "brightest_grey": _about(brightest),
        "contrast_grey": _about(brightest - stroma),
        "stroma_grey_per_native_row_of_apex": float(slope),
        "stroma_sd_without_that": float((stroma - slope * apex - start).std(ddof=2)),
    }


def _about(values: NDArray[np.float64]) -> dict[str, float]:
    return {"mean": float(values.mean()), "sd": float(values.std(ddof=1))}


def _native(picture: NDArray[np.generic], profile: str) -> NDArray[np.uint8]:
    return native_frame(scan_from_pixels(picture), load_profile(profile))


def _blocks(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Means of whole blocks of the network grid."""
    rows, columns = (side // GRID for side in values.shape)
    blocks = values[: rows * GRID, : columns * GRID].reshape(rows, GRID, columns, GRID)
    return blocks.mean(axis=(1, 3), dtype=np.float32)


def page(content: dict[str, Any]) -> str:
    """docs/brightness.md from the numbers."""
    shown, machine, model = content["display"], content["machine"], content["model"]

    def pair(name: str, unit: str) -> str:
        return f"| {shown[name]['median']:.2f} {unit} | {shown[name]['percentile_95']:.2f} {unit} |"

    lines = [
        "# Brightness",
        "",
        "What grey means to the bundled model, and how well that is known.",
        f"Written by `python -m benchmarks.brightness`, commit {content['commit']},",
        f"seed {content['seed']}, {machine['processor']}, Python {machine['python']}.",
        "",
        "## The display drops out",
        "",
        f"{shown['eyes']} simulated eyes, each exposure under five settings: signal gain of 0, -3 and +3 dB, windows",
        f"of 29 and 48 dB. Mean level of the lens pixels whose opacity is {BORDER_DB[0]:g} to {BORDER_DB[1]:g} dB,",
        "where the label is decided; its range over the five settings:",
        "",
        "| grey | median of eyes | 95th percentile |",
        "|---|---|---|",
        "| as shown " + pair("as_shown_grey", "grey"),
        "| on the nominal scale " + pair("nominal", "dB"),
        "| on the eye's own scale " + pair("referenced", "dB"),
        "",
        "## Frames of another size",
        "",
        "Speckle tells the scale too, but a frame that was made smaller has lost part of it. So it is read from frames",
        "of a size that the device exports, and from no others.",
        f"{content['sizes']['scans']} simulated scans of cataract eyes, made smaller; change of the Cataract Fraction",
        f"by {model['name']} {model['version']} {model['precision']} (sha256 {model['sha256'][:12]}):",
        "",
        "| size | mean | 95th percentile | mean, were speckle read too | 95th percentile |",
        "|---|---|---|---|---|",
        *(
            f"| {size:g} | "
            + " | ".join(
                f"{content['sizes'][name][str(size)]['mean']:+.3f} | "
                f"{content['sizes'][name][str(size)]['percentile_95']:.3f}"
                for name in ("contrast", "speckle_too")
            )
            + " |"
            for size in SIZES
        ),
        "",
        "## The references are not free of noise",
        "",
        "One scan each of simulated eyes of every cohort: a wrong reference makes the whole lens brighter or darker,",
        "and no display can be blamed for it.",
        "",
        "| cohort | scans | without references | stroma, SD | brightest over stroma, median | SD |",
        "|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {name} | {one['scans']} | {one['without_references']} | {one['stroma_sd_db']:.1f} dB "
        f"| {one['contrast_median_db']:.1f} dB | {100 * one['contrast_sd_share']:.0f} % |"
        for name, one in content["cohorts"].items()
    ]
    if content["real"]:
        one = content["real"]
        lines += [
            "",
            "## In real scans",
            "",
            f"{one['scans']} real 8-bit scans of a device whose display stands still;",
            f"{one['without_references']} without references. Grey levels, mean and SD:",
            "",
            "| stroma | brightest | brightest over stroma |",
            "|---|---|---|",
            "| "
            + " | ".join(
                f"{one[name]['mean']:.0f} +- {one[name]['sd']:.1f}"
                for name in ("stroma_grey", "brightest_grey", "contrast_grey")
            )
            + " |",
            "",
            "The stroma is brighter where the eye is deeper in the frame: "
            f"{one['stroma_grey_per_native_row_of_apex']:.2f} grey per native row of its apex.",
            f"Without that, an SD of {one['stroma_sd_without_that']:.1f} grey would be left.",
        ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())
