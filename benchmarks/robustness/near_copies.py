"""How alike saved copies of a scan are, and other scans of an eye: ``python -m benchmarks.robustness.near_copies``.

Simulated eyes are scanned at two exams, and once more without any movement of the eye, which no patient manages. Every
scan is saved again as JPEG of several qualities, at half size, and both. Copies must be told, other scans must not.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from benchmarks.provenance import place, save
from edge_runtime.exam_checks import LEAST_ALIKE, likeness, sketch
from edge_runtime.reading.raster import decode_scan, read_scan
from train.phantom.cohorts.catalogue import plan_cohort
from train.phantom.patient import make_eye
from train.phantom.render import render

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

    from train.phantom.eye.plan import EyePlan
    from train.phantom.imaging.plan import ScanPlan

RESULTS = Path(__file__).parents[1] / "results" / "near_copies.json"
QUALITIES = (95, 75, 50)
STILL = "still"  # of the imaging: the same place again, other noise


def scans_of(eye_plan: EyePlan, plans: tuple[ScanPlan, ...]) -> dict[str, NDArray[Any]]:
    """Pictures of one eye at the meridians 0 and 30 of every exam, and at 0 again without movement."""
    eye = make_eye(eye_plan)
    wanted = [plan for plan in plans if plan.meridian_deg in (0.0, 30.0)]
    found = {f"{plan.exam} {plan.meridian_deg:g}": render(eye, plan).picture for plan in wanted}
    first = wanted[0]
    found[f"{first.exam} {first.meridian_deg:g} {STILL}"] = render(eye, replace(first, imaging=STILL)).picture
    return found


def copies_of(pixels: NDArray[Any]) -> Iterator[tuple[str, NDArray[Any]]]:
    """The same scan, saved again in several ways."""
    grey = pixels if pixels.dtype == np.uint8 else np.rint(pixels / 257.0).astype(np.uint8)
    half = cv2.resize(grey, (grey.shape[1] // 2, grey.shape[0] // 2), interpolation=cv2.INTER_AREA)
    for quality in QUALITIES:
        for name, picture in (("", grey), ("half size, ", half)):
            data = cv2.imencode(".jpg", picture, (cv2.IMWRITE_JPEG_QUALITY, quality))[1].tobytes()
            yield f"{name}JPEG {quality}", decode_scan(data, "copy.jpg").pixels
    yield "half size", half


def likenesses(eyes: list[Mapping[str, NDArray[Any]]]) -> dict[str, list[float]]:
    """Every likeness that was found, by what was compared."""
    found: dict[str, list[float]] = {}
    for scans in eyes:
        sketches = {name: sketch(pixels) for name, pixels in scans.items()}
        for (name, one), (other_name, other) in combinations(sketches.items(), 2):
            kind = "without movement" if f"{name} {STILL}" == other_name else "other scans of the eye"
            found.setdefault(kind, []).append(likeness(one, other))
        for name, pixels in scans.items():
            for kind, copy in copies_of(pixels):
                found.setdefault(f"copy: {kind}", []).append(likeness(sketches[name], sketch(copy)))
    return found


def summary(found: dict[str, list[float]]) -> dict[str, dict[str, float]]:
    """How many, and the extremes, of each kind."""
    return {
        kind: {"count": len(values), "lowest": round(min(values), 4), "highest": round(max(values), 4)}
        for kind, values in sorted(found.items())
    }


def faults(found: dict[str, list[float]]) -> int:
    """Copies that are not told, and other scans that are."""
    return sum((value > LEAST_ALIKE) is not kind.startswith("copy: ") for kind in found for value in found[kind])


def main() -> int:
    """Measure, print, save; 1 when a copy is not told or another scan is taken for one."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--patients", type=int, default=24)
    parser.add_argument("--seed", type=int, default=18)
    parser.add_argument("--scans", type=Path, help="a folder of PNG scans of one device instead; nothing is saved")
    parser.add_argument("--out", type=Path, default=RESULTS)
    arguments = parser.parse_args()
    if arguments.scans is not None:
        files = sorted(arguments.scans.glob("*.png"))
        eyes: list[Mapping[str, NDArray[Any]]] = [{path.name: read_scan(path).pixels for path in files}]
    else:
        patients = plan_cohort("test-retest", arguments.seed, arguments.patients)
        eyes = [scans_of(*patient.eyes[0]) for patient in patients]
    found = likenesses(eyes)
    wrong = faults(found)
    for kind, row in summary(found).items():
        print(f"{kind}: {row['count']:.0f}, {row['lowest']} to {row['highest']}")
    print(f"{wrong} on the wrong side of {LEAST_ALIKE}")
    if arguments.scans is None:
        content = {"seed": arguments.seed, "least_alike": LEAST_ALIKE, "faults": wrong, "likeness": summary(found)}
        save(arguments.out, {**place(), **content})
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
