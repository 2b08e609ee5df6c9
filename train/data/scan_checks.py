"""What only all scans together can show: an eye in two groups, one picture twice, one mask for two scans."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from .dataset import ScanRecord

MAX_NAMES = 10


def contradictions_of_rows(scans: Sequence[ScanRecord]) -> Iterator[str]:
    """Yield a fault for each eye in two groups, patient on both sides of a split, and mask that serves two scans."""
    groups: dict[str, set[str]] = defaultdict(set)
    splits: dict[str, set[str]] = defaultdict(set)
    masks: dict[Path, ScanRecord] = {}
    for scan in scans:
        groups[f"{scan.patient_id} {scan.eye.value}"].add(scan.group)
        splits[scan.patient_id].add(scan.split)
        for path in {scan.mask.resolve(), *((scan.truth_labels.resolve(),) if scan.truth_labels else ())}:
            first = masks.setdefault(path, scan)
            if first is not scan and (first.group or scan.group):  # scans without a lens may share a mask of zeros
                yield f"{scan.where}: mask {path.name} is already that of scan {first.scan_id}"
    for eye, names in groups.items():
        if {"clear", "cataract"} <= names:
            yield f"scans.csv: eye {eye} is in two groups, clear and cataract"
    for patient, names in splits.items():
        if len(names) > 1:
            yield f"scans.csv: patient {patient} is on both sides of the split"


def picture_sha256(grey: NDArray[np.uint8]) -> str:
    """Digest of what a scan shows, whatever the file: of its (rows, columns) uint8 native frame, as displayed."""
    digest = hashlib.sha256(repr(grey.shape).encode())
    digest.update(grey.tobytes())
    return digest.hexdigest()


def short(digest: str) -> str:
    """The beginning of a digest: long enough to tell pictures apart."""
    return digest[:16]


def duplicates(scans: Iterable[ScanRecord], pictures: Iterable[str | None]) -> list[str]:
    """One fault for each scan that shows the picture of an earlier one.

    Parameters
    ----------
    scans
        Scans of a dataset.
    pictures
        For each of them, what tells its picture from others; None where it could not be read.
    """
    seen: dict[str, ScanRecord] = {}
    faults = []
    for scan, picture in zip(scans, pictures, strict=True):
        if picture is None:
            continue
        first = seen.setdefault(picture, scan)
        if first is not scan:
            faults.append(f"{scan.where}: image is a duplicate of that of scan {first.scan_id}")
    return faults


def eyes_without_cataract(scans: Iterable[ScanRecord], cataract: Iterable[bool]) -> str:
    """Name the cataract eyes whose masks show no cataract in any scan; "" where there are none.

    Parameters
    ----------
    scans
        Scans of a dataset.
    cataract
        For each of them, whether its mask has a pixel of cataract.
    """
    shown: dict[str, bool] = defaultdict(bool)
    for scan, found in zip(scans, cataract, strict=True):
        if scan.group == "cataract":
            shown[f"{scan.patient_id} {scan.eye.value}"] |= found
    missing = [eye for eye, found in shown.items() if not found]
    if not missing:
        return ""
    return f"{len(missing)} cataract eye(s) without cataract in any mask, only clear lens: {some(missing)}."


def some(names: Sequence[str]) -> str:
    """Return the names, the first ones of many."""
    more = len(names) - MAX_NAMES
    return ", ".join(names[:MAX_NAMES]) + (f" and {more} more" if more > 0 else "")
