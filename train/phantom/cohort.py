"""`train phantom`: a cohort in the dataset layout, rendered in parallel, resumable, the same bytes for a seed."""

from __future__ import annotations

import csv
import json
import os
import shutil
import sys
from concurrent.futures import as_completed
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from train.workers import process_pool

from .render import VERSION

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from .eye.plan import EyePlan
    from .imaging.plan import ScanPlan
    from .plans import PatientPlan
    from .render import RenderedScan

BYTES_PER_SCAN = 1_450_000  # measured over a training cohort
FOLDERS = ("images", "masks", "truth_labels", "truth_excess", "truth_type", "truth_observable")
PATIENT_COLUMNS = ("patient_id", "age_years", "sex", "truth_age_years")
SCAN_COLUMNS = (
    "scan_id",
    "patient_id",
    "eye",
    "exam",
    "group",
    "meridian_deg",
    "image",
    "mask",
    "bcva_logmar",
    "profile",
    "truth_labels",
    "truth_excess",
    "truth_type",
    "truth_observable",
    "truth_opacity_fraction",
    "truth_observable_fraction",
    "truth_lens_px",
    "truth_nuclear_db",
    "truth_cortical_db",
    "truth_kinds",
    "display",
    "state",
    "mix",
    "senescent",
    "locs_no",
    "pupil_mm",
    "dilated",
    "gain_db",
    "looks",
    "black_db",
    "grey_per_db",
    "artefacts",
    "condition",
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the verb."""
    from .plans import COHORTS

    parser.add_argument("--cohort", required=True, choices=sorted(COHORTS), help="which patients")
    parser.add_argument("--out", required=True, type=Path, help="folder of the dataset; a started one is continued")
    parser.add_argument("--patients", type=int, help="how many (default: the cohort's own number)")
    parser.add_argument("--seed", type=int, default=0, help="other seeds give other patients (default: 0)")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="processes (default: one per core)")


def run(arguments: argparse.Namespace) -> int:
    """Render the cohort; 0 when all is written, 2 for a senseless request, 73 when the folder holds another one."""
    from .plans import plan_cohort

    try:
        patients = plan_cohort(arguments.cohort, arguments.seed, arguments.patients)
    except ValueError as error:
        sys.stderr.write(f"train phantom: {error}\n")
        return 2
    scans = sum(len(scan_plans) for patient in patients for _, scan_plans in patient.eyes)
    free = shutil.disk_usage(_existing(arguments.out)).free
    sys.stderr.write(
        f"Cohort {arguments.cohort}: {len(patients)} patients, {scans} scans, "
        f"about {scans * BYTES_PER_SCAN / 1e9:.2f} GB ({free / 1e9:.1f} GB free).\n"
    )
    stamp = {"cohort": arguments.cohort, "seed": arguments.seed, "patients": len(patients), "version": VERSION}
    try:
        write_cohort(patients, arguments.out, stamp, arguments.workers)
    except FileExistsError as error:
        sys.stderr.write(f"train phantom: {error}\n")
        return 73
    return 0


def _existing(folder: Path) -> Path:
    folder = folder.absolute()
    while not folder.exists():
        folder = folder.parent
    return folder


def write_cohort(patients: list[PatientPlan], out: Path, stamp: dict[str, str | int], workers: int = 1) -> None:
    """Render and write what is missing, then the tables.

    Raises
    ------
    FileExistsError
        When the folder holds another cohort, seed, size or version.
    """
    out.mkdir(parents=True, exist_ok=True)
    marker = out / "cohort.json"
    if marker.exists() and json.loads(marker.read_text()) != stamp:
        raise FileExistsError(f"{out} holds another cohort ({marker.read_text().strip()}); choose an empty folder.")
    marker.write_text(json.dumps(stamp) + "\n")
    for folder in (*FOLDERS, "progress"):
        (out / folder).mkdir(exist_ok=True)
    jobs = [(eye, scans, out) for patient in patients for eye, scans in patient.eyes]
    todo = [job for job in jobs if not all(_progress(out, scan_id(job[0], scan)).exists() for scan in job[1])]
    _work(todo, workers)
    rows = [json.loads(_progress(out, scan_id(eye, scan)).read_text()) for eye, scans, _ in jobs for scan in scans]
    _write_table(out / "scans.csv", SCAN_COLUMNS, rows)
    people = [
        {
            "patient_id": p.patient_id,
            "age_years": f"{p.age_years:.1f}",
            "sex": p.sex,
            "truth_age_years": f"{p.age_years:.1f}",
        }
        for p in patients
    ]
    _write_table(out / "patients.csv", PATIENT_COLUMNS, people)
    of_whom = f"cohort {stamp['cohort']}, {stamp['patients']} patients, seed {stamp['seed']}"
    (out / "description.txt").write_text(f"simulated scans: phantom {stamp['version']}, {of_whom}\n")


def _work(jobs: list[tuple[EyePlan, tuple[ScanPlan, ...], Path]], workers: int) -> None:
    from tqdm import tqdm

    bar = tqdm(total=len(jobs), unit="eye", disable=not sys.stderr.isatty(), file=sys.stderr)
    if workers <= 1:
        for job in jobs:
            write_eye(*job)
            bar.update()
    elif jobs:
        with process_pool(min(workers, len(jobs))) as pool:
            for future in as_completed([pool.submit(write_eye, *job) for job in jobs]):
                future.result()
                bar.update()
    bar.close()


def scan_id(eye: EyePlan, scan: ScanPlan) -> str:
    """Name of a scan and of its files."""
    name = f"{eye.patient}_{eye.eye}_{exam_number(scan)}_{round(scan.meridian_deg):03d}"
    return name if scan.imaging == "first" else f"{name}_{scan.imaging}"


def exam_number(scan: ScanPlan) -> int:
    """Exam as in the table; displays of one exposure count as exams, each has a Cataract Fraction of its own."""
    return scan.setting or scan.exam


def _progress(out: Path, name: str) -> Path:
    return out / "progress" / f"{name}.json"


def write_eye(plan: EyePlan, scans: tuple[ScanPlan, ...], out: Path) -> None:
    """Render and write the scans of one eye that are not there yet."""
    from .patient import make_eye
    from .render import render

    eye = make_eye(plan)
    for scan in scans:
        name = scan_id(plan, scan)
        if _progress(out, name).exists():
            continue
        rendered = render(eye, scan)
        row: dict[str, float | int | str] = {
            "scan_id": name, "patient_id": plan.patient, "eye": plan.eye, "exam": exam_number(scan),
            "group": ("cataract" if plan.cataract else "clear") if rendered.truth.lens_px else "",
            "meridian_deg": f"{scan.meridian_deg:g}", "bcva_logmar": f"{eye.disease.bcva_logmar:.2f}",
            "profile": rendered.notes["profile"],
        }  # fmt: skip
        row |= _write_images(rendered, out, name) | rendered.notes
        _write_whole(_progress(out, name), json.dumps(row).encode())


def _write_images(rendered: RenderedScan, out: Path, name: str) -> dict[str, str]:
    maps: dict[str, NDArray[np.generic]] = {
        "image": rendered.picture,
        "mask": rendered.truth.mask,
        "truth_labels": rendered.truth.labels,
        "truth_excess": rendered.truth.excess,
        "truth_type": rendered.truth.kind,
        "truth_observable": rendered.truth.observable,
    }
    paths = {}
    for (column, pixels), folder in zip(maps.items(), FOLDERS, strict=True):
        paths[column] = f"{folder}/{name}.png"
        _write_whole(out / paths[column], encode_png(pixels))
    return paths


def encode_png(pixels: NDArray[np.generic]) -> bytes:
    """A PNG, packed lightly: time matters more than size."""
    import cv2

    done, data = cv2.imencode(".png", pixels, [cv2.IMWRITE_PNG_COMPRESSION, 1])
    if not done:
        raise ValueError(f"Pixels of shape {pixels.shape} and type {pixels.dtype} cannot be written as PNG.")
    return data.tobytes()


def _write_whole(path: Path, data: bytes) -> None:
    """Write beside, then move: a file is there whole or not at all."""
    beside = path.with_name(path.name + ".part")
    beside.write_bytes(data)
    beside.replace(path)


def _write_table(path: Path, columns: tuple[str, ...], rows: Sequence[Mapping[str, object]]) -> None:
    with path.with_name(path.name + ".part").open("w", newline="") as file:
        writer = csv.DictWriter(file, columns, extrasaction="ignore", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    path.with_name(path.name + ".part").replace(path)
