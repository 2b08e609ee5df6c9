"""The dataset layout: two tables, images and masks; checked first, with every fault named.

The same layout holds simulated and real scans. Training works on whole frames brought to the network grid once; they
are kept beside the data, so that an epoch costs no decoding.
"""

from __future__ import annotations

import csv
import hashlib
import json
import math
import os
import shutil
from collections import Counter, defaultdict
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from edge_runtime.errors import EdgeCataractError
from edge_runtime.lens import TissueLabel
from edge_runtime.profile import (
    NATIVE_PITCH_UM,
    PROFILES,
    DeviceProfile,
    load_profile,
    native_frame,
    profile_for,
)
from edge_runtime.scan import Laterality, Scan, read_scan

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from numpy.typing import NDArray

GROUPS = ("clear", "cataract", "")  # empty: the scan shows no gradable lens, its mask is background
SPLITS = ("training", "test", "")
PATIENT_COLUMNS = ("patient_id", "age_years", "sex")
SCAN_COLUMNS = (
    "scan_id", "patient_id", "eye", "exam", "group", "meridian_deg", "image", "mask", "bcva_logmar", "profile",
)  # fmt: skip
CACHE_FORMAT = 1  # raise it when the content of the cache changes
MAX_FAULTS_SHOWN = 20
# Below this many scans starting processes takes longer than it saves.
MIN_SCANS_FOR_PROCESSES = 24


class DatasetError(EdgeCataractError):
    """The dataset breaks its layout; `faults` names every place.

    Attributes
    ----------
    faults
        One sentence per fault, with the file or the row.
    """

    exit_code = 65

    def __init__(self, folder: Path, faults: Sequence[str]) -> None:
        shown = list(faults[:MAX_FAULTS_SHOWN])
        if len(faults) > MAX_FAULTS_SHOWN:
            shown.append(f"... and {len(faults) - MAX_FAULTS_SHOWN} more")
        super().__init__(
            "dataset",
            f"{folder}: {len(faults)} fault(s):\n  " + "\n  ".join(shown) + "\n",
            "Correct them, and run again.",
        )
        self.faults = tuple(faults)


@dataclass(frozen=True, slots=True)
class ScanRecord:
    """One row of scans.csv.

    Attributes
    ----------
    group
        Of the eye: "clear", "cataract", or "" where no lens can be graded.
    image, mask, truth_labels
        Files. `mask` is what an annotator paints; `truth_labels`, of simulated scans, is where the opacity truly is.
    bcva_logmar, meridian_deg, age_years
        None where the table leaves them empty.
    profile
        Name of the device profile; "" to take the one the frame fits.
    split
        "training" or "test" where the dataset fixes the split, else "".
    """

    scan_id: str
    patient_id: str
    eye: Laterality
    exam: int
    group: str
    meridian_deg: float | None
    image: Path
    mask: Path
    truth_labels: Path | None
    bcva_logmar: float | None
    age_years: float | None
    profile: str
    split: str

    @property
    def eye_id(self) -> str:
        """The unit a Cataract Fraction is averaged over: one eye at one exam."""
        return f"{self.patient_id}/{self.eye.value}/{self.exam}"

    def labels_path(self, target: str) -> Path:
        """File of the labels to learn: `mask`, or `truth_labels` where there is one."""
        return self.truth_labels if target == "truth_labels" and self.truth_labels else self.mask


@dataclass(frozen=True, slots=True)
class Dataset:
    """A checked dataset: tables that agree with each other and with the files.

    Attributes
    ----------
    folder
        Where it lies.
    scans
        In the order of scans.csv.
    tables_sha256
        Of both tables.
    description
        One sentence: where it comes from (`description.txt` if there is one).
    """

    folder: Path
    scans: tuple[ScanRecord, ...]
    tables_sha256: str
    description: str


def read_dataset(folder: Path) -> Dataset:
    """Read and check the tables.

    Raises
    ------
    DatasetError
        Naming every fault that the tables and the presence of the files can show.
    """
    faults: list[str] = []
    patients = _read_table(folder / "patients.csv", PATIENT_COLUMNS, faults)
    rows = _read_table(folder / "scans.csv", SCAN_COLUMNS, faults)
    if faults:
        raise DatasetError(folder, faults)
    ages = {row["patient_id"]: row["age_years"] for row in patients}
    faults += [
        f"patients.csv: patient {name} has several rows" for name in _repeated(row["patient_id"] for row in patients)
    ]
    faults += [f"scans.csv: scan {name} has several rows" for name in _repeated(row["scan_id"] for row in rows)]
    scans = []
    for row in rows:
        record = _record(folder, row, ages, faults)
        if record is not None:
            scans.append(record)
    if not rows:
        faults.append("scans.csv: no scan")
    faults += _contradictions(scans)
    if faults:
        raise DatasetError(folder, faults)
    tables = hashlib.sha256()
    for name in ("patients.csv", "scans.csv"):
        tables.update((folder / name).read_bytes())
    described = folder / "description.txt"
    description = described.read_text(encoding="utf-8").strip() if described.is_file() else folder.name
    return Dataset(folder, tuple(scans), tables.hexdigest(), description)


def check_disjoint(first: Dataset, second: Dataset) -> None:
    """Check that no patient and no image is in both datasets.

    Raises
    ------
    DatasetError
        Naming every patient on both sides.
    """
    shared = sorted({scan.patient_id for scan in first.scans} & {scan.patient_id for scan in second.scans})
    if shared:
        raise DatasetError(second.folder, [f"patient {patient} is also in {first.folder}" for patient in shared])


def _read_table(path: Path, columns: tuple[str, ...], faults: list[str]) -> list[dict[str, str]]:
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file)
            missing = [column for column in columns if column not in (reader.fieldnames or ())]
            faults += [f"{path.name}: column {column} is missing" for column in missing]
            rows = [{key: (value or "").strip() for key, value in row.items() if key is not None} for row in reader]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        faults.append(f"{path.name}: cannot be read ({error})")
        return []
    return rows


def _repeated(names: Iterable[str]) -> list[str]:
    return [name for name, count in Counter(names).items() if count > 1]


def _number(text: str, what: str, where: str, faults: list[str]) -> float | None:
    if not text:
        return None
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        faults.append(f"{where}: {what} {text!r} is no number")
        return None
    return value


def _record(folder: Path, row: dict[str, str], ages: dict[str, str], faults: list[str]) -> ScanRecord | None:
    where = f"scans.csv: scan {row['scan_id'] or '(no scan_id)'}"
    found = len(faults)
    if not row["scan_id"]:
        faults.append(f"{where}: scan_id is empty")
    if row["patient_id"] not in ages:
        faults.append(f"{where}: patient {row['patient_id']!r} is not in patients.csv")
    if row["eye"] not in set(Laterality):
        faults.append(f"{where}: eye {row['eye']!r} has no side, OD or OS was expected")
    if row["group"] not in GROUPS:
        faults.append(f"{where}: group {row['group']!r} is unknown, clear, cataract or nothing was expected")
    if not row["exam"].isascii() or not row["exam"].isdigit() or int(row["exam"]) < 1:
        faults.append(f"{where}: exam {row['exam']!r} is no positive integer")
    if row.get("split", "") not in SPLITS:
        faults.append(f"{where}: split {row['split']!r} is unknown, training, test or nothing was expected")
    if row["profile"] and row["profile"] not in PROFILES and not Path(row["profile"]).is_file():
        faults.append(f"{where}: profile {row['profile']!r} is unknown")
    files = {name: folder / row.get(name, "") for name in ("image", "mask", "truth_labels")}
    for name, path in files.items():
        if (row.get(name) or name != "truth_labels") and not path.is_file():
            faults.append(f"{where}: {name} {row.get(name)!r} is missing")
    meridian = _number(row["meridian_deg"], "meridian_deg", where, faults)
    acuity = _number(row["bcva_logmar"], "bcva_logmar", where, faults)
    age = _number(ages.get(row["patient_id"], ""), "age_years", f"patients.csv: patient {row['patient_id']}", faults)
    if len(faults) > found:
        return None
    return ScanRecord(
        scan_id=row["scan_id"],
        patient_id=row["patient_id"],
        eye=Laterality(row["eye"]),
        exam=int(row["exam"]),
        group=row["group"],
        meridian_deg=meridian,
        image=files["image"],
        mask=files["mask"],
        truth_labels=files["truth_labels"] if row.get("truth_labels") else None,
        bcva_logmar=acuity,
        age_years=age,
        profile=row["profile"],
        split=row.get("split", ""),
    )


def _contradictions(scans: Sequence[ScanRecord]) -> Iterator[str]:
    groups: dict[str, set[str]] = defaultdict(set)
    splits: dict[str, set[str]] = defaultdict(set)
    for scan in scans:
        groups[f"{scan.patient_id} {scan.eye.value}"].add(scan.group)
        splits[scan.patient_id].add(scan.split)
    for eye, names in groups.items():
        if {"clear", "cataract"} <= names:
            yield f"scans.csv: eye {eye} is in two groups, clear and cataract"
    for patient, names in splits.items():
        if len(names) > 1:
            yield f"scans.csv: patient {patient} is on both sides of the split"


@dataclass(frozen=True, slots=True)
class GridScan:
    """Where the lens lies in one cached frame, in half-open network-grid coordinates.

    Attributes
    ----------
    rows, columns
        Size of the frame on the network grid.
    lens_box
        (top, left, bottom, right), or None where no pixel is lens.
    image_sha256
        Of the image file.
    """

    rows: int
    columns: int
    lens_box: tuple[int, int, int, int] | None
    image_sha256: str


@dataclass(frozen=True, slots=True, eq=False)
class GridFrames:
    """Whole frames of a dataset on the network grid, memory-mapped, read-only.

    Attributes
    ----------
    grid
        Native pixels per network pixel, g.
    grey
        (n, rows, columns) uint16: the sum of g x g grey levels, exact. Frames smaller than the largest lie at the top
        left.
    labels
        (n, rows, columns) uint8 of `TissueLabel`.
    scans
        Per frame, in the order of `Dataset.scans`.
    sha256
        Of tables, images and labels: what a network learnt from.
    """

    grid: int
    grey: NDArray[np.uint16]
    labels: NDArray[np.uint8]
    scans: tuple[GridScan, ...]
    sha256: str

    def frame(self, index: int) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
        """Return one frame: (rows, columns) float32 grey in [0, 1], and its labels."""
        scan = self.scans[index]
        grey = self.grey[index, : scan.rows, : scan.columns].astype(np.float32) / np.float32(self.grid**2 * 255)
        return grey, self.labels[index, : scan.rows, : scan.columns]


def block_sum(frame: NDArray[np.uint8], grid: int) -> NDArray[np.uint16]:
    """Sum blocks of grid x grid pixels, the last row and column repeated to complete a block.

    Returns
    -------
    (ceil(rows / grid), ceil(columns / grid)) uint16
    """
    if not 1 <= grid <= 16:
        raise ValueError(f"a grid from 1 to 16 was expected, got {grid}")  # 16 * 16 * 255 is the most that uint16 holds
    rows, columns = frame.shape
    padded = np.pad(frame, ((0, -rows % grid), (0, -columns % grid)), mode="edge").astype(np.uint16)
    across = sum((padded[:, shift::grid] for shift in range(1, grid)), start=padded[:, ::grid])
    total: NDArray[np.uint16] = sum((across[shift::grid] for shift in range(1, grid)), start=across[::grid])
    return total


def labels_on_grid(labels: NDArray[np.uint8], grid: int) -> NDArray[np.uint8]:
    """Bring a label map to the network grid.

    A block is lens when more than half of its pixels are, and cataract when at least half of its lens pixels are: a
    border pixel shared by three classes is not lost to the background.
    """
    cataract = block_sum((labels == TissueLabel.CATARACT).astype(np.uint8), grid)
    lens = cataract + block_sum((labels == TissueLabel.CLEAR_LENS).astype(np.uint8), grid)
    result = np.full(lens.shape, TissueLabel.BACKGROUND, np.uint8)
    is_lens = 2 * lens > grid**2
    result[is_lens] = TissueLabel.CLEAR_LENS
    result[is_lens & (2 * cataract >= lens)] = TissueLabel.CATARACT
    return result


def profile_of(scan: Scan, name: str) -> DeviceProfile:
    """Return the named profile, or the one that fits where the table names none."""
    return load_profile(name) if name else profile_for(scan.rows, scan.columns, scan.bits)


def read_labels(path: Path) -> NDArray[np.uint8]:
    """Read a label map.

    Raises
    ------
    ValueError
        Saying what is wrong with the file.
    """
    import cv2

    data = path.read_bytes()
    labels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED) if data else None
    if labels is None:
        raise ValueError("cannot be decoded")
    if labels.ndim != 2 or labels.dtype != np.uint8:
        raise ValueError(f"one 8-bit channel was expected, got shape {labels.shape}, {labels.dtype}")
    unknown = np.unique(labels[labels > max(TissueLabel)])
    if unknown.size:
        raise ValueError(f"unknown label value(s) {', '.join(map(str, unknown))}; 0, 1 and 2 were expected")
    return labels.astype(np.uint8, copy=False)


def native_labels(labels: NDArray[np.uint8], native_shape: tuple[int, int]) -> NDArray[np.uint8]:
    """Bring a label map of the scan's pixels to the native frame, by the nearest pixel."""
    import cv2

    if labels.shape == native_shape:
        return labels
    size = (native_shape[1], native_shape[0])
    return cv2.resize(labels, size, interpolation=cv2.INTER_NEAREST_EXACT).astype(np.uint8, copy=False)


@dataclass(frozen=True, slots=True)
class _Job:
    """One scan to bring to the grid; small enough to send to another process."""

    index: int
    scan_id: str
    image: Path
    labels: Path
    mask: Path
    profile: str
    grid: int
    folder: Path


@dataclass(frozen=True, slots=True)
class _Outcome:
    faults: tuple[str, ...]
    scan: GridScan | None = None
    labels_sha256: str = ""


def prepare(
    dataset: Dataset,
    grid: int,
    target: str,
    *,
    cache: Path | None = None,
    report: Callable[[int, int], None] | None = None,
) -> GridFrames:
    """Bring every frame and its labels to the network grid, or take them from an earlier run.

    Parameters
    ----------
    dataset
        The checked tables.
    grid
        Native pixels per network pixel.
    target
        Column to learn: "mask" or "truth_labels" (which falls back to the mask where it is empty).
    cache
        Folder for the prepared frames; `cache/` beside the tables by default.
    report
        Called with (scans done, scans in all).

    Raises
    ------
    DatasetError
        Naming every image and mask that cannot be used.
    """
    home = (cache or dataset.folder / "cache") / f"{target}-grid{grid}-{_cache_key(dataset, grid, target)[:16]}"
    if not (home / "index.json").is_file():
        _build_cache(dataset, grid, target, home, report or (lambda done, total: None))
    index = json.loads((home / "index.json").read_text(encoding="utf-8"))
    scans = tuple(
        GridScan(
            entry["rows"],
            entry["columns"],
            None if entry["lens_box"] is None else tuple(entry["lens_box"]),
            entry["image_sha256"],
        )
        for entry in index["scans"]
    )
    grey: NDArray[np.uint16] = np.load(home / "grey.npy", mmap_mode="r")
    labels: NDArray[np.uint8] = np.load(home / "labels.npy", mmap_mode="r")
    return GridFrames(grid, grey, labels, scans, index["sha256"])


def _cache_key(dataset: Dataset, grid: int, target: str) -> str:
    """Changes with the tables, with any file's size or time, and with the profiles."""
    key = hashlib.sha256(f"{CACHE_FORMAT} {grid} {target} {dataset.tables_sha256}".encode())
    for scan in dataset.scans:
        for path in (scan.image, scan.labels_path(target)):
            status = path.stat()
            key.update(f"{path.name} {status.st_size} {status.st_mtime_ns}".encode())
        key.update(repr(load_profile(scan.profile) if scan.profile else sorted(PROFILES)).encode())
    return key.hexdigest()


def _build_cache(dataset: Dataset, grid: int, target: str, home: Path, report: Callable[[int, int], None]) -> None:
    part = home.with_name(f".{home.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    shape = (len(dataset.scans), *_largest_grid(dataset, grid))
    for name, dtype in (("grey", np.uint16), ("labels", np.uint8)):
        np.lib.format.open_memmap(part / f"{name}.npy", mode="w+", dtype=dtype, shape=shape).flush()
    jobs = [
        _Job(index, scan.scan_id, scan.image, scan.labels_path(target), scan.mask, scan.profile, grid, part)
        for index, scan in enumerate(dataset.scans)
    ]
    outcomes = []
    for outcome in _run(jobs):
        outcomes.append(outcome)
        report(len(outcomes), len(jobs))
    faults = [fault for outcome in outcomes for fault in outcome.faults]
    seen: dict[str, str] = {}
    digest = hashlib.sha256(f"{target} {dataset.tables_sha256}".encode())
    for job, outcome in zip(jobs, outcomes, strict=True):
        if outcome.scan is None:
            continue
        first = seen.setdefault(outcome.scan.image_sha256, job.scan_id)
        if first != job.scan_id:
            faults.append(f"scan {job.scan_id}: image is a duplicate of that of scan {first}")
        digest.update(f"{outcome.scan.image_sha256} {outcome.labels_sha256}".encode())
    if faults:
        shutil.rmtree(part, ignore_errors=True)
        raise DatasetError(dataset.folder, faults)
    index = {
        "sha256": digest.hexdigest(),
        "scans": [asdict(outcome.scan) for outcome in outcomes if outcome.scan],
    }
    (part / "index.json").write_text(json.dumps(index), encoding="utf-8")
    shutil.rmtree(home, ignore_errors=True)
    part.replace(home)


def _run(jobs: list[_Job]) -> Iterator[_Outcome]:
    workers = len(os.sched_getaffinity(0))
    if workers == 1 or len(jobs) < MIN_SCANS_FOR_PROCESSES:
        yield from map(_prepare_scan, jobs)
        return
    # Spawn: a forked child would inherit the locks of torch's and OpenCV's threads.
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        yield from pool.map(_prepare_scan, jobs, chunksize=4)


def _largest_grid(dataset: Dataset, grid: int) -> tuple[int, int]:
    """(rows, columns) on the grid that hold the frame of every profile in use."""
    profiles = [load_profile(name) for name in sorted({scan.profile for scan in dataset.scans if scan.profile})]
    if any(not scan.profile for scan in dataset.scans):
        profiles += PROFILES.values()
    rows = max(round(profile.height_mm * 1000 / NATIVE_PITCH_UM) for profile in profiles)
    columns = max(round(profile.width_mm * 1000 / NATIVE_PITCH_UM) for profile in profiles)
    return -(-rows // grid), -(-columns // grid)


def _prepare_scan(job: _Job) -> _Outcome:
    import cv2

    cv2.setNumThreads(1)  # the scans are already spread over the processors
    where = f"scan {job.scan_id}"
    try:
        scan = read_scan(job.image)
        frame = native_frame(scan, profile_of(scan, job.profile))
    except EdgeCataractError as error:
        return _Outcome((f"{where}: image {job.image.name}: {error.found}",))
    faults = []
    maps = {}
    for path in dict.fromkeys((job.labels, job.mask)):
        try:
            maps[path] = read_labels(path)
        except (OSError, ValueError) as error:
            faults.append(f"{where}: mask {path.name}: {error}")
            continue
        if maps[path].shape != (scan.rows, scan.columns):
            rows, columns = maps[path].shape
            faults.append(
                f"{where}: mask {path.name} has the wrong size, {columns} x {rows}; "
                f"the image has {scan.columns} x {scan.rows}"
            )
    if faults:
        return _Outcome(tuple(faults))
    grey = block_sum(frame, job.grid)
    labels = labels_on_grid(native_labels(maps[job.labels], (frame.shape[0], frame.shape[1])), job.grid)
    rows, columns = grey.shape
    for name, values in (("grey", grey), ("labels", labels)):
        stored = np.load(job.folder / f"{name}.npy", mmap_mode="r+")
        if rows > stored.shape[1] or columns > stored.shape[2]:
            return _Outcome((f"{where}: image {job.image.name}: the frame is larger than its profile says",))
        stored[job.index, :rows, :columns] = values
    labels_sha256 = hashlib.sha256(maps[job.labels].tobytes()).hexdigest()
    return _Outcome((), GridScan(rows, columns, lens_box(labels), scan.sha256), labels_sha256)


def lens_box(labels: NDArray[np.uint8]) -> tuple[int, int, int, int] | None:
    """Bounding box (top, left, bottom, right), half open, of the lens in a label map; None where there is none."""
    lens = labels != TissueLabel.BACKGROUND
    rows, columns = np.flatnonzero(lens.any(axis=1)), np.flatnonzero(lens.any(axis=0))
    if not rows.size:
        return None
    return int(rows[0]), int(columns[0]), int(rows[-1]) + 1, int(columns[-1]) + 1
