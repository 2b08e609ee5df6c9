"""Turn polygons drawn in LabelMe into the masks of the dataset layout."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from edge_runtime.measure.lens import TissueLabel
from edge_runtime.report.files import write_all
from edge_runtime.report.png import encode_png

from .dataset import DatasetError

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

# Names an annotator may give to a polygon; later ones are painted over earlier ones.
NAMES = {"clear lens": TissueLabel.CLEAR_LENS, "cataract": TissueLabel.CATARACT}
# fillPoly also paints every pixel that the outline touches: on a finer grid that is an eighth of a pixel.
FINER = 4
MAX_SIDE = 20_000


@dataclass(frozen=True, slots=True)
class Drawing:
    """The polygons of one scan.

    Attributes
    ----------
    rows, columns
        Size of the scan.
    polygons
        Each polygon's label, and its (points, 2) float64 (column, row); a pixel's upper left corner has whole numbers.
    """

    rows: int
    columns: int
    polygons: tuple[tuple[TissueLabel, NDArray[np.float64]], ...]


def write_masks(labelme: Path, out: Path) -> dict[str, Drawing]:
    """Write one mask for each LabelMe file of a folder, or none when a file has a fault.

    Parameters
    ----------
    labelme
        Folder of LabelMe files, `*.json`.
    out
        Folder for the masks, `<name>.png`; it is made where it is missing.

    Returns
    -------
    The drawings by name.

    Raises
    ------
    DatasetError
        Naming every fault of every file.
    OutputError, WriteError
        When the masks cannot be written.
    """
    files = sorted(labelme.glob("*.json"))
    faults: list[str] = [] if files else ["no LabelMe file (*.json)"]
    read = {file.stem: read_drawing(file, faults) for file in files}
    if faults:
        raise DatasetError(labelme, faults)
    drawings = {name: drawing for name, drawing in read.items() if drawing is not None}
    out.mkdir(parents=True, exist_ok=True)
    write_all({str(out / f"{name}.png"): encode_png(paint(drawing)) for name, drawing in drawings.items()})
    return drawings


def read_drawing(path: Path, faults: list[str]) -> Drawing | None:
    """Read one LabelMe file; what is wrong with it is added to `faults`."""
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        rows, columns, shapes = content["imageHeight"], content["imageWidth"], content["shapes"]
        sizes_are_numbers = all(type(side) is int and 0 < side <= MAX_SIDE for side in (rows, columns))
        if not sizes_are_numbers or not isinstance(shapes, list):
            raise ValueError(f"imageHeight {rows} and imageWidth {columns}")
    except (OSError, ValueError, KeyError, TypeError) as error:
        faults.append(f"{path.name}: no LabelMe file ({error})")
        return None
    polygons = []
    for number, shape in enumerate(shapes, start=1):
        found = _polygon(shape, f"{path.name}: shape {number}", (rows, columns), faults)
        if found is not None:
            polygons.append(found)
    return Drawing(rows, columns, tuple(sorted(polygons, key=lambda polygon: polygon[0])))


def _polygon(
    shape: Any, where: str, size: tuple[int, int], faults: list[str]
) -> tuple[TissueLabel, NDArray[np.float64]] | None:
    try:
        kind, name = shape.get("shape_type", "polygon"), shape["label"]
        points = np.array(shape["points"], np.float64)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        faults.append(f"{where}: label and points were expected ({error})")
        return None
    label = NAMES.get(str(name).strip().lower().replace("_", " "))
    found = len(faults)
    if kind != "polygon":
        faults.append(f"{where}: is a {kind}, a polygon was expected")
    if label is None:
        faults.append(f"{where}: label {name!r} is unknown, {' or '.join(NAMES)} was expected")
    if points.ndim != 2 or points.shape[1] != 2 or len(points) < 3 or not np.isfinite(points).all():
        faults.append(f"{where}: at least three points (column, row) were expected")
    elif points.min() < -1 or (points > [size[1] + 1, size[0] + 1]).any():
        faults.append(f"{where}: a point lies outside the image of {size[1]} x {size[0]}")
    return None if len(faults) > found or label is None else (label, points)


def paint(drawing: Drawing) -> NDArray[np.uint8]:
    """Paint the polygons: a pixel belongs to one when more than half of it does.

    Returns
    -------
    (rows, columns) uint8 of `TissueLabel`; cataract lies over clear lens.
    """
    import cv2

    labels = np.zeros((drawing.rows, drawing.columns), np.uint8)
    for label, points in drawing.polygons:
        left, top = np.clip(np.floor(points.min(axis=0)).astype(int), 0, [drawing.columns, drawing.rows])
        right, bottom = np.clip(np.ceil(points.max(axis=0)).astype(int), 0, [drawing.columns, drawing.rows])
        if right <= left or bottom <= top:
            continue
        fine = np.zeros(((bottom - top) * FINER, (right - left) * FINER), np.uint8)
        # In fillPoly a pixel's centre has whole numbers; 4 bits of the coordinates are fractions.
        corners = np.rint(((points - [left, top]) * FINER - 0.5) * 16).astype(np.int32)
        cv2.fillPoly(fine, [corners], 1, shift=4)
        covered = fine.reshape(bottom - top, FINER, right - left, FINER).sum(axis=(1, 3), dtype=np.int64)
        labels[top:bottom, left:right][2 * covered > FINER**2] = label
    return labels
