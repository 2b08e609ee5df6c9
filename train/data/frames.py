"""Prepare the frames of a dataset once and keep them beside the data, so that an epoch costs no decoding.

Every image and every mask is read and checked on the way, and every fault is named.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

import edge_runtime.frame
import edge_runtime.measure.evidence
import edge_runtime.measure.kinds
import edge_runtime.reading
from edge_runtime.errors import EdgeCataractError
from edge_runtime.frame.brightness import Brightness
from edge_runtime.frame.prepare import prepare_frame
from edge_runtime.frame.profiles import PROFILES, DeviceProfile, load_profile, profile_for
from edge_runtime.frame.resample import block_sum
from edge_runtime.frame.window import NATIVE_PITCH_UM
from edge_runtime.machine.cgroup import available_threads
from edge_runtime.measure.lens import TissueLabel
from edge_runtime.reading.raster import read_scan
from train.workers import process_pool

from .dataset import Dataset, DatasetError
from .evidence import LAYERS, UNKNOWN, evidence_on_grid, read_codes
from .grid import GridFrames, GridScan
from .labels import contradictions, labels_on_grid, lens_box, native_labels, read_labels
from .scan_checks import duplicates, eyes_without_cataract, picture_sha256

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    from edge_runtime.scan import Scan

    from .dataset import ScanRecord

# The grid and the labels are part of what this module has to offer.
__all__ = [
    "GridFrames", "GridScan", "labels_on_grid", "lens_box", "native_labels", "preparation_sha256",
    "prepare", "profile_of", "read_labels", "sources_sha256",
]  # fmt: skip

# Below this many scans starting processes takes longer than it saves.
MIN_SCANS_FOR_PROCESSES = 24


@dataclass(frozen=True, slots=True)
class _Job:
    """One scan to bring to the grid; small enough to send to another process."""

    index: int
    scan: ScanRecord
    labels: Path
    grid: int
    brightness: Brightness
    folder: Path
    evidence_grid: int


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What became of one scan: either faults, or its place on the grid, digests, and whether its mask has cataract."""

    faults: tuple[str, ...]
    scan: GridScan | None = None
    labels_sha256: str = ""
    picture_sha256: str | None = None
    cataract: bool = False


def prepare(
    dataset: Dataset,
    grid: int,
    target: str,
    brightness: Brightness = Brightness.AS_SHOWN,
    *,
    evidence_grid: int = 0,
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
    evidence_grid
        Native pixels per pixel of the evidence (`train.data.evidence`); 0 leaves it out.
    cache
        Folder for the prepared frames; `cache/` beside the tables by default.
    report
        Called with (scans done, scans in all).

    Raises
    ------
    DatasetError
        Naming every image and mask that cannot be used.
    """
    key = _cache_key(dataset, grid, target, evidence_grid > 0)[:16]
    more = f"-evidence{evidence_grid}" if evidence_grid else ""
    home = (cache or dataset.folder / "cache") / f"{target}-grid{grid}-{brightness}{more}-{key}"
    if not (home / "index.json").is_file():
        jobs = [
            _Job(index, scan, scan.labels_path(target), grid, brightness, home, evidence_grid)
            for index, scan in enumerate(dataset.scans)
        ]
        _build_cache(dataset, target, jobs, home, report or (lambda done, total: None))
    return _opened(home, grid)


def _opened(home: Path, grid: int) -> GridFrames:
    """The prepared frames of a folder, mapped into memory."""
    index = json.loads((home / "index.json").read_text(encoding="utf-8"))
    evidence = home / "evidence.npy"
    scans = tuple(
        GridScan(
            rows=entry["rows"],
            columns=entry["columns"],
            lens_box=None if entry["lens_box"] is None else tuple(entry["lens_box"]),
            image_sha256=entry["image_sha256"],
        )
        for entry in index["scans"]
    )
    grey: NDArray[np.uint16] = np.load(home / "grey.npy", mmap_mode="r")
    labels: NDArray[np.uint8] = np.load(home / "labels.npy", mmap_mode="r")
    return GridFrames(
        grid=grid,
        grey=grey,
        labels=labels,
        scans=scans,
        sha256=index["sha256"],
        pictures=tuple(index["pictures"]),
        doubt=index["doubt"],
        evidence=np.load(evidence, mmap_mode="r") if evidence.is_file() else None,
    )


def preparation_sha256() -> str:
    """Digest of everything but the dataset that decides what a prepared frame holds.

    It covers the code that reads a file, prepares a frame and brings both frame and labels to the grid, and the
    versions of the libraries that this code calls. A changed scale of brightness therefore gives new prepared frames,
    and no network can learn from frames on an old scale.
    """
    packages = [Path(folder) for package in (edge_runtime.reading, edge_runtime.frame) for folder in package.__path__]
    here = [Path(__file__).with_name(f"{name}.py") for name in ("grid", "labels", "scan_checks", "evidence", "frames")]
    codes = [Path(str(module.__file__)) for module in (edge_runtime.measure.evidence, edge_runtime.measure.kinds)]
    return sources_sha256([*packages, *here, *codes], (cv2.__version__, np.__version__))


def sources_sha256(places: Iterable[Path], versions: Sequence[str]) -> str:
    """Digest of Python files, those in folders included, and of the versions of libraries."""
    digest = hashlib.sha256(" ".join(versions).encode())
    for place in places:
        for path in sorted(place.rglob("*.py")) if place.is_dir() else [place]:
            digest.update(f"\n{path.name} {hashlib.sha256(path.read_bytes()).hexdigest()}".encode())
    return digest.hexdigest()


def _cache_key(dataset: Dataset, grid: int, target: str, evidence: bool) -> str:
    """Digest of the tables, of the size and time of every file read, of the profiles, and of the preparation itself."""
    key = hashlib.sha256(f"{preparation_sha256()} {grid} {target} {dataset.tables_sha256}".encode())
    for scan in dataset.scans:
        truths = [path for path in (scan.truth_excess, scan.truth_type) if path is not None and evidence]
        for path in dict.fromkeys((scan.image, scan.labels_path(target), scan.mask, *truths)):
            status = path.stat()
            key.update(f"{path.name} {status.st_size} {status.st_mtime_ns}".encode())
        key.update(repr(load_profile(scan.profile) if scan.profile else sorted(PROFILES)).encode())
    return key.hexdigest()


def _build_cache(
    dataset: Dataset, target: str, jobs: list[_Job], home: Path, report: Callable[[int, int], None]
) -> None:
    grid, coarser = jobs[0].grid, jobs[0].evidence_grid
    part = home.with_name(f".{home.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    shape = (len(dataset.scans), *_largest_grid(dataset, grid))
    for name, dtype in (("grey", np.uint16), ("labels", np.uint8)):
        np.lib.format.open_memmap(part / f"{name}.npy", mode="w+", dtype=dtype, shape=shape).flush()
    if coarser:
        sides = tuple(-(-side * grid // coarser) for side in shape[1:])
        evidence = np.lib.format.open_memmap(
            part / "evidence.npy", mode="w+", dtype=np.uint8, shape=(len(jobs), LAYERS, *sides)
        )
        evidence[:] = UNKNOWN
        evidence.flush()
    outcomes = []
    for outcome in _run([replace(job, folder=part) for job in jobs]):
        outcomes.append(outcome)
        report(len(outcomes), len(jobs))
    faults = [fault for outcome in outcomes for fault in outcome.faults]
    faults += duplicates(dataset.scans, (outcome.picture_sha256 for outcome in outcomes))
    if faults:
        shutil.rmtree(part, ignore_errors=True)
        raise DatasetError(dataset.folder, faults)
    scans = [outcome.scan for outcome in outcomes if outcome.scan]
    digest = hashlib.sha256(f"{target} {dataset.tables_sha256}".encode())
    for scan, outcome in zip(scans, outcomes, strict=True):
        digest.update(f"{scan.image_sha256} {outcome.labels_sha256}".encode())
    if coarser:
        digest.update(np.load(part / "evidence.npy", mmap_mode="r").ravel())
    index = {
        "sha256": digest.hexdigest(),
        "scans": [asdict(scan) for scan in scans],
        "pictures": [outcome.picture_sha256 for outcome in outcomes],
        "doubt": eyes_without_cataract(dataset.scans, (outcome.cataract for outcome in outcomes)),
    }
    (part / "index.json").write_text(json.dumps(index), encoding="utf-8")
    shutil.rmtree(home, ignore_errors=True)
    part.replace(home)


def _run(jobs: list[_Job]) -> Iterator[_Outcome]:
    workers = available_threads()
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


def profile_of(scan: Scan, name: str) -> DeviceProfile:
    """Return the named profile, or the one that fits where the table names none."""
    return load_profile(name) if name else profile_for(scan.rows, scan.columns, scan.bits)


def _prepare_scan(job: _Job) -> _Outcome:
    record, where = job.scan, job.scan.where
    try:
        scan = read_scan(record.image)
        frame = prepare_frame(scan, profile_of(scan, record.profile), job.brightness)
    except EdgeCataractError as error:
        return _Outcome((f"{where}: image {record.image.name}: {error.found}",))
    faults = []
    maps = {}
    for path in dict.fromkeys((job.labels, record.mask)):
        try:
            maps[path] = read_labels(path, (scan.rows, scan.columns))
        except (OSError, ValueError) as error:
            faults.append(f"{where}: mask {path.name}: {error}")
    if faults:
        return _Outcome(tuple(faults))
    grey = block_sum(frame.graded(frame.grey), job.grid)
    on_grid = {path: labels_on_grid(native_labels(found, frame.shape), job.grid) for path, found in maps.items()}
    labels, mask = on_grid[job.labels], on_grid[record.mask]
    if contradictory := contradictions(mask, record.group, job.grid, by_hand=record.by_hand):
        return _Outcome(tuple(f"{where}: mask {record.mask.name} {fault}" for fault in contradictory))
    rows, columns = grey.shape
    for name, values in (("grey", grey), ("labels", labels)):
        stored = np.load(job.folder / f"{name}.npy", mmap_mode="r+")
        if rows > stored.shape[1] or columns > stored.shape[2]:
            return _Outcome((f"{where}: image {record.image.name}: the frame is larger than its profile says",))
        stored[job.index, :rows, :columns] = values
    if job.evidence_grid:
        try:
            excess, kinds = read_codes(record.truth_excess), read_codes(record.truth_type)
        except ValueError as error:
            return _Outcome((f"{where}: {error}",))
        painted = maps[record.mask]
        found = evidence_on_grid(maps[job.labels], painted, excess, kinds, frame.shape, job.evidence_grid)
        stored = np.load(job.folder / "evidence.npy", mmap_mode="r+")
        stored[job.index, :, : found.shape[1], : found.shape[2]] = found
    return _Outcome(
        faults=(),
        scan=GridScan(rows=rows, columns=columns, lens_box=lens_box(labels), image_sha256=scan.sha256),
        labels_sha256=hashlib.sha256(maps[job.labels].tobytes()).hexdigest(),
        picture_sha256=picture_sha256(frame.grey),
        cataract=bool((mask == TissueLabel.CATARACT).any()),
    )
