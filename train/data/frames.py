"""Whole frames of a dataset on the network grid, prepared once and kept beside the data: an epoch costs no decoding.

Every image and every mask is read and checked on the way, and every fault is named.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from edge_runtime.errors import EdgeCataractError
from edge_runtime.frame.brightness import Brightness, find_reference_levels, referenced_grey, regrade
from edge_runtime.frame.profiles import PROFILES, DeviceProfile, load_profile, profile_for
from edge_runtime.frame.resample import native_frame
from edge_runtime.frame.window import NATIVE_PITCH_UM
from edge_runtime.measure.lens import TissueLabel
from edge_runtime.reading.raster import read_scan
from edge_runtime.scan import Scan
from train.workers import process_pool

from .dataset import Dataset, DatasetError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

CACHE_FORMAT = 2  # raise it when the content of the cache changes
# Below this many scans starting processes takes longer than it saves.
MIN_SCANS_FOR_PROCESSES = 24


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
    brightness: Brightness
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
    brightness: Brightness = Brightness.AS_SHOWN,
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
    brightness
        What grey shall mean.
    cache
        Folder for the prepared frames; `cache/` beside the tables by default.
    report
        Called with (scans done, scans in all).

    Raises
    ------
    DatasetError
        Naming every image and mask that cannot be used.
    """
    key = _cache_key(dataset, grid, target)[:16]
    home = (cache or dataset.folder / "cache") / f"{target}-grid{grid}-{brightness}-{key}"
    if not (home / "index.json").is_file():
        _build_cache(dataset, grid, target, brightness, home, report or (lambda done, total: None))
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


def _build_cache(
    dataset: Dataset, grid: int, target: str, brightness: Brightness, home: Path, report: Callable[[int, int], None]
) -> None:
    part = home.with_name(f".{home.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    shape = (len(dataset.scans), *_largest_grid(dataset, grid))
    for name, dtype in (("grey", np.uint16), ("labels", np.uint8)):
        np.lib.format.open_memmap(part / f"{name}.npy", mode="w+", dtype=dtype, shape=shape).flush()
    jobs = [
        _Job(index, scan.scan_id, scan.image, scan.labels_path(target), scan.mask, scan.profile, grid, brightness, part)
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
    with process_pool(workers) as pool:
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
    where = f"scan {job.scan_id}"
    try:
        scan = read_scan(job.image)
        profile = profile_of(scan, job.profile)
        frame = native_frame(scan, profile)
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
    if job.brightness is Brightness.REFERENCED:
        device_pixels = profile.has_device_pixels((scan.rows, scan.columns))
        frame = regrade(frame, referenced_grey(find_reference_levels(frame, device_pixels=device_pixels)))
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
