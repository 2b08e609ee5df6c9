"""The maps that a scan is compared with, read and checked on the scan's own pixels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from train.data.frames import read_labels

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from edge_runtime.results import ScanResult


@dataclass(frozen=True, slots=True)
class CodeMap:
    """A column of scans.csv whose maps hold codes from 0 to below `codes`."""

    column: str
    codes: int


@dataclass(frozen=True, slots=True)
class Masks:
    """What a scan is compared with, on its own pixels: (rows, columns) uint8 each, None where the dataset has none."""

    mask: NDArray[np.uint8]
    truth: NDArray[np.uint8] | None
    kinds: NDArray[np.uint8] | None
    observable: NDArray[np.uint8] | None


def label_map(path: Path | None, where: str, result: ScanResult, faults: list[str]) -> NDArray[np.uint8] | None:
    """Read a map of labels on the scan's pixels; None without a path, or with a sentence added to `faults`."""
    if path is None:
        return None
    try:
        return read_labels(path, (result.scan.rows, result.scan.columns))
    except (OSError, ValueError) as error:
        faults.append(f"{where}: mask {path.name}: {error}")
        return None


def code_map(
    path: Path | None, kind: CodeMap, where: str, result: ScanResult, faults: list[str]
) -> NDArray[np.uint8] | None:
    """Read a map of codes on the scan's pixels; None without a path, or with a sentence added to `faults`."""
    if path is None:
        return None
    try:
        codes = cv2.imdecode(np.fromfile(path, np.uint8), cv2.IMREAD_UNCHANGED)
    except (OSError, cv2.error):
        codes = None
    if codes is None or codes.ndim != 2 or codes.dtype != np.uint8:
        faults.append(f"{where}: {kind.column} {path.name} is no readable 8-bit map")
        return None
    if codes.max() >= kind.codes:
        faults.append(f"{where}: {kind.column} {path.name} has the unknown code {codes.max()}")
        return None
    rows, columns = result.scan.rows, result.scan.columns
    if codes.shape != (rows, columns):
        found = f"{codes.shape[1]} x {codes.shape[0]}; the image has {columns} x {rows}"
        faults.append(f"{where}: {kind.column} {path.name}: wrong size, {found}")
        return None
    return codes.astype(np.uint8, copy=False)
