"""Turn polygons drawn in LabelMe into the masks of the dataset layout."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from edge_runtime.errors import UsageError
from edge_runtime.measure.lens import TissueLabel
from edge_runtime.report.files import write_all
from edge_runtime.report.png import encode_png

from .dataset import DatasetError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from numpy.typing import NDArray

# Names an annotator may give to a polygon; later ones are painted over earlier ones.
NAMES = {"clear lens": TissueLabel.CLEAR_LENS, "cataract": TissueLabel.CATARACT}
FINER = 4  # places along each side of a pixel at which its area is looked at
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

    @property
    def filled_px(self) -> int:
        """Pixels that the outlines go around without holding them, as behind an inner loop; `paint` fills them."""
        size = (self.rows, self.columns)
        return sum(int(_covered(points, size).filled.sum()) for _, points in self.polygons)


class _Covered(NamedTuple):
    """What a polygon covers within its bounding box: all its pixels, and those of them that were filled."""

    box: tuple[slice, slice]
    pixels: NDArray[np.bool_]
    filled: NDArray[np.bool_]


def further_names(pairs: Iterable[str]) -> dict[str, TissueLabel]:
    """The names that polygons may have, and what they mean: ours, and those of other annotators.

    Parameters
    ----------
    pairs
        ``WORD=CLASS`` each; the class is one of `NAMES`.

    Raises
    ------
    UsageError
        For another form, an unknown class, or a word that has two meanings.
    """
    names = dict(NAMES)
    for pair in pairs:
        word, equals, name = (_plain(part) for part in pair.rpartition("="))
        label = NAMES.get(name)
        if not (word and equals) or label is None:
            found = f"--map {pair!r} is not WORD=CLASS, with the class {' or '.join(NAMES)}."
            raise UsageError("usage", found, "Write --map 'lens=clear lens', for example.")
        if names.setdefault(word, label) is not label:
            raise UsageError("usage", f"--map {pair!r} gives {word!r} a second meaning.", "Map each word once.")
    return names


def _plain(word: str) -> str:
    return " ".join(word.lower().replace("_", " ").split())


def write_masks(labelme: Path, out: Path, names: Mapping[str, TissueLabel] = NAMES) -> dict[str, Drawing]:
    """Write one mask for each LabelMe file of a folder, or none when a file has a fault.

    Parameters
    ----------
    labelme
        Folder of LabelMe files, `*.json`.
    out
        Folder for the masks, `<name>.png`; it is made where it is missing.
    names
        Names that polygons may have, as `further_names` gives them.

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
    read = {file.stem: read_drawing(file, faults, names) for file in files}
    if faults:
        raise DatasetError(labelme, faults)
    drawings = {name: drawing for name, drawing in read.items() if drawing is not None}
    out.mkdir(parents=True, exist_ok=True)
    write_all({str(out / f"{name}.png"): encode_png(paint(drawing)) for name, drawing in drawings.items()})
    return drawings


def read_drawing(path: Path, faults: list[str], names: Mapping[str, TissueLabel] = NAMES) -> Drawing | None:
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
        found = _polygon(shape, f"{path.name}: shape {number}", (rows, columns), names, faults)
        if found is not None:
            polygons.append(found)
    return Drawing(rows, columns, tuple(sorted(polygons, key=lambda polygon: polygon[0])))


def _polygon(
    shape: Any, where: str, size: tuple[int, int], names: Mapping[str, TissueLabel], faults: list[str]
) -> tuple[TissueLabel, NDArray[np.float64]] | None:
    try:
        kind, name = shape.get("shape_type", "polygon"), shape["label"]
        points = np.array(shape["points"], np.float64)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        faults.append(f"{where}: label and points were expected ({error})")
        return None
    label = names.get(_plain(str(name)))
    found = len(faults)
    if kind != "polygon":
        advice = ": draw its outline, or let LabelMe convert it" if kind == "mask" else ""
        faults.append(f"{where}: is a {kind}, a polygon was expected{advice}")
        return None
    if label is None:
        faults.append(f"{where}: label {name!r} is unknown, {' or '.join(names)} was expected")
    if points.ndim != 2 or points.shape[1] != 2 or len(points) < 3 or not np.isfinite(points).all():
        faults.append(f"{where}: at least three points (column, row) were expected")
    elif points.min() < -1 or (points > [size[1] + 1, size[0] + 1]).any():
        faults.append(f"{where}: a point lies outside the image of {size[1]} x {size[0]}")
    elif not _covered(points, size).pixels.any():
        faults.append(f"{where}: encloses no pixel")
    return None if len(faults) > found or label is None else (label, points)


def paint(drawing: Drawing) -> NDArray[np.uint8]:
    """Paint the polygons: a pixel belongs to one when more than half of it does.

    Whatever an outline encloses belongs to it, however it was drawn: a lens has no holes, and neither has an outline
    that crosses itself, was traced twice, or runs along an inner loop in either direction.

    Returns
    -------
    (rows, columns) uint8 of `TissueLabel`; cataract lies over clear lens.
    """
    labels = np.zeros((drawing.rows, drawing.columns), np.uint8)
    for label, points in drawing.polygons:
        covered = _covered(points, (drawing.rows, drawing.columns))
        labels[covered.box][covered.pixels] = label
    return labels


def _covered(points: NDArray[np.float64], size: tuple[int, int]) -> _Covered:
    """The bounding box of a polygon within (rows, columns), and which of its pixels belong to the polygon."""
    limits = [size[1], size[0]]
    left, top = np.clip(np.floor(points.min(axis=0)).astype(int), 0, limits)
    right, bottom = np.clip(np.ceil(points.max(axis=0)).astype(int), 0, limits)
    rows, columns = max(bottom - top, 0), max(right - left, 0)
    drawn = _windings((points - [left, top]) * FINER, rows * FINER, columns * FINER) != 0
    held, covered = (_mostly(inside, rows, columns) for inside in (drawn, _without_holes(drawn)))
    return _Covered((slice(top, top + rows), slice(left, left + columns)), covered, covered & ~held)


def _mostly(inside: NDArray[np.bool_], rows: int, columns: int) -> NDArray[np.bool_]:
    """Which pixels lie inside with more than half of their area."""
    share = inside.reshape(rows, FINER, columns, FINER).sum(axis=(1, 3), dtype=np.int64)
    mostly: NDArray[np.bool_] = 2 * share > FINER**2
    return mostly


def _without_holes(inside: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The same places, and all that they enclose: what cannot be reached from beyond the bounding box."""
    import cv2

    outside = cv2.copyMakeBorder((~inside).astype(np.uint8), 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=1)
    _, pieces = cv2.connectedComponents(outside, connectivity=4)
    enclosed: NDArray[np.bool_] = pieces[1:-1, 1:-1] != pieces[0, 0]
    return enclosed


def _windings(points: NDArray[np.float64], rows: int, columns: int) -> NDArray[np.int32]:
    """How often an outline goes around the centre of every place of a grid, against or with the clock.

    Every edge that crosses the row of a centre counts for all centres to the right of the crossing.
    """
    crossings = np.zeros((rows, columns + 1), np.int32)
    for (x0, y0), (x1, y1) in zip(points, np.roll(points, -1, axis=0), strict=True):
        if y0 == y1:
            continue
        upper, lower = min(y0, y1), max(y0, y1)
        row = np.arange(max(int(np.ceil(upper - 0.5)), 0), min(int(np.ceil(lower - 0.5)), rows))
        across = x0 + (row + 0.5 - y0) * (x1 - x0) / (y1 - y0)
        column = np.clip(np.ceil(across - 0.5), 0, columns).astype(np.int64)
        np.add.at(crossings, (row, column), 1 if y1 > y0 else -1)
    windings: NDArray[np.int32] = crossings.cumsum(axis=1, dtype=np.int32)[:, :columns]
    return windings
