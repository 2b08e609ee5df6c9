"""A cohort in the dataset layout: rendered in parallel, resumable, and the same bytes for a seed."""

from __future__ import annotations

import json
import re
import sys
from concurrent.futures import as_completed
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np
from tqdm import tqdm

from edge_runtime.errors import OutputError
from edge_runtime.ledger import Ledger
from edge_runtime.report.files import write_all
from train.cluster import over_cluster
from train.phantom.patient import make_eye
from train.phantom.render import VERSION, render
from train.workers import process_pool

from .catalogue import plan_cohort
from .tables import patient_table, scan_id, scan_row, scan_table

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import Self

    from numpy.typing import NDArray

    from train.phantom.eye.plan import EyePlan
    from train.phantom.imaging.plan import ScanPlan
    from train.phantom.render import RenderedScan

    from .patients import PatientPlan

BYTES_PER_SCAN = 1_450_000  # measured over a training cohort
FOLDERS = {
    "image": "images",
    "mask": "masks",
    "truth_labels": "truth_labels",
    "truth_excess": "truth_excess",
    "truth_type": "truth_type",
    "truth_observable": "truth_observable",
    "truth_tissue": "truth_tissue",
}  # by column of scans.csv
LEDGER = "cohort.ledger"
_DESCRIBED = re.compile(
    r"phantom (?P<version>\S+), cohort (?P<cohort>\S+), (?P<patients>\d+) patients, seed (?P<seed>\d+)"
)


@dataclass(frozen=True, slots=True)
class CohortStamp:
    """Identity of a cohort: equal stamps mean equal bytes."""

    cohort: str
    seed: int
    patients: int
    version: str = VERSION

    def describe(self) -> str:
        """The cohort in one line, as reports quote it."""
        return (
            f"simulated scans: phantom {self.version}, cohort {self.cohort}, {self.patients} patients, seed {self.seed}"
        )

    @classmethod
    def described(cls, text: str) -> tuple[Self, ...]:
        """The cohorts that a text names as `describe` does, in their order; none where it names none."""
        found = _DESCRIBED.finditer(text)
        return tuple(cls(one["cohort"], int(one["seed"]), int(one["patients"]), one["version"]) for one in found)


@dataclass(frozen=True, slots=True)
class Cohort:
    """A cohort with the plans of all its patients, before anything is rendered."""

    stamp: CohortStamp
    patients: tuple[PatientPlan, ...]

    @classmethod
    def plan(cls, name: str, seed: int = 0, patients: int | None = None) -> Self:
        """Plan a cohort; ValueError where `plan_cohort` raises it."""
        plans = plan_cohort(name, seed, patients)
        return cls(stamp=CohortStamp(cohort=name, seed=seed, patients=len(plans)), patients=tuple(plans))

    @property
    def scans(self) -> int:
        """Number of scans."""
        return sum(len(scans) for patient in self.patients for _, scans in patient.eyes)

    @property
    def bytes(self) -> int:
        """About how many bytes the dataset will take."""
        return self.scans * BYTES_PER_SCAN


@dataclass(frozen=True, slots=True)
class EyeJob:
    """The scans of one eye that are still to be rendered."""

    eye: EyePlan
    scans: tuple[ScanPlan, ...]


def write_cohort(cohort: Cohort, out: Path, workers: int = 1, ray: str | None = None) -> None:
    """Render and write the scans that are missing, then the tables.

    Work is recorded eye by eye in a ledger; a cohort that was stopped is continued by the same call.

    Parameters
    ----------
    cohort
        The cohort with its plans.
    out
        Folder of the dataset; it is made where there is none.
    workers
        Number of processes.
    ray
        Address of a cluster whose processors render instead; this machine writes.

    Raises
    ------
    OutputError
        When the cluster cannot be used, or the folder holds another cohort, seed, size or version, or one begun by a
        version without a ledger.
    WriteError
        When writing fails, for example on a full disk.
    """
    out.mkdir(parents=True, exist_ok=True)
    _refuse_other_work(cohort.stamp, out)
    write_all({str(out / "cohort.json"): (json.dumps(asdict(cohort.stamp)) + "\n").encode()})
    for folder in FOLDERS.values():
        (out / folder).mkdir(exist_ok=True)
    eyes = [(eye, scans) for patient in cohort.patients for eye, scans in patient.eyes]
    with Ledger(out / LEDGER, asdict(cohort.stamp)) as ledger:
        _remove_leftovers(out)
        missing = [
            EyeJob(eye=eye, scans=tuple(scan for scan in scans if scan_id(eye, scan) not in ledger))
            for eye, scans in eyes
        ]
        for rows in _rendered([job for job in missing if job.scans], out, workers, ray):
            for row in rows:
                ledger.append(str(row["scan_id"]), row)
        table = scan_table(ledger[scan_id(eye, scan)] for eye, scans in eyes for scan in scans)
    write_all(
        {
            str(out / "scans.csv"): table,
            str(out / "patients.csv"): patient_table(cohort.patients),
            str(out / "description.txt"): (cohort.stamp.describe() + "\n").encode(),
        }
    )


def _refuse_other_work(stamp: CohortStamp, out: Path) -> None:
    marker = out / "cohort.json"
    if marker.exists() and json.loads(marker.read_text()) != asdict(stamp):
        raise OutputError(
            "ledger-other-work",
            f"{out} holds another cohort ({marker.read_text().strip()}).",
            "Choose an empty folder.",
        )
    if (out / "progress").exists():
        raise OutputError(
            "not-a-ledger",
            f"{out} holds a cohort of an earlier version, which this one cannot continue.",
            "Choose an empty folder.",
        )


def _remove_leftovers(out: Path) -> None:
    """Remove what a killed run had begun to write; the ledger is open, so no other run is writing here."""
    for folder in FOLDERS.values():
        for leftover in (out / folder).glob(".edge-cataract-*.tmp"):
            leftover.unlink()


def _rendered(jobs: list[EyeJob], out: Path, workers: int, ray: str | None) -> Iterator[list[dict[str, object]]]:
    """Write the scans of all jobs, and give the rows of each eye when it is done."""
    with tqdm(total=len(jobs), unit="eye", disable=not sys.stderr.isatty(), file=sys.stderr) as bar:
        if ray is not None:
            for eye in over_cluster(_render_elsewhere, None, jobs, ray) if jobs else ():
                yield _written(eye, out)
                bar.update()
        elif workers <= 1:
            for job in jobs:
                yield write_eye(job, out)
                bar.update()
        elif jobs:
            with process_pool(min(workers, len(jobs))) as pool:
                for future in as_completed([pool.submit(write_eye, job, out) for job in jobs]):
                    yield future.result()
                    bar.update()


@dataclass(frozen=True, slots=True)
class EyeFiles:
    """The rendered scans of an eye.

    Attributes
    ----------
    rows
        Of scans.csv.
    files
        Contents by path within the dataset.
    """

    rows: list[dict[str, object]]
    files: dict[str, bytes]


def write_eye(job: EyeJob, out: Path) -> list[dict[str, object]]:
    """Render and write the scans of a job; returns their rows of scans.csv."""
    return _written(rendered_eye(job), out)


def _written(eye: EyeFiles, out: Path) -> list[dict[str, object]]:
    write_all({str(out / path): content for path, content in eye.files.items()})
    return eye.rows


def _render_elsewhere(_: None, job: EyeJob) -> EyeFiles:
    return rendered_eye(job)


def rendered_eye(job: EyeJob) -> EyeFiles:
    """Render the scans of a job, and write nothing."""
    eye = make_eye(job.eye)
    rows, files = [], {}
    for scan in job.scans:
        rendered = render(eye, scan)
        name = scan_id(job.eye, scan)
        files.update(_images(rendered, name))
        rows.append(scan_row(eye, scan, rendered, _paths(name)))
    return EyeFiles(rows, files)


def _paths(name: str) -> dict[str, str]:
    """The path of each picture and map of a scan by its column."""
    return {column: f"{folder}/{name}.png" for column, folder in FOLDERS.items()}


def _images(rendered: RenderedScan, name: str) -> dict[str, bytes]:
    """The picture and the maps of a scan, by their paths."""
    maps: dict[str, NDArray[np.uint8] | NDArray[np.uint16]] = {
        "image": rendered.picture,
        "mask": rendered.truth.mask,
        "truth_labels": rendered.truth.labels,
        "truth_excess": rendered.truth.excess,
        "truth_type": rendered.truth.kind,
        "truth_observable": rendered.truth.observable,
        "truth_tissue": rendered.truth.tissue,
    }
    paths = _paths(name)
    return {paths[column]: quick_png(pixels) for column, pixels in maps.items()}


def quick_png(pixels: NDArray[np.uint8] | NDArray[np.uint16]) -> bytes:
    """A PNG that is packed lightly, because time matters more than size in a cohort."""
    # One filter that is named: libpng tries several otherwise, which takes up to six times as long.
    settings = [cv2.IMWRITE_PNG_COMPRESSION, 1, cv2.IMWRITE_PNG_FILTER, cv2.IMWRITE_PNG_FILTER_UP]
    done, data = cv2.imencode(".png", pixels, settings)
    if not done:
        raise RuntimeError(f"OpenCV cannot write pixels of shape {pixels.shape} and type {pixels.dtype} as PNG.")
    return data.tobytes()
