"""Pictures of examples, as in Fig. 3 of the paper, and of wrongly diagnosed eyes; JPEG keeps a report small."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from edge_runtime.report.overlay import draw_overlay

from .measurement import analyzer_of
from .rows import eyes_of, first_exams

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from train.data.dataset import ScanRecord

    from .rows import EyeRow, ScanRow
    from .summarise import Study

TILE_ROWS, TILE_COLUMNS, CAPTION_ROWS, TILES_ACROSS, JPEG_QUALITY = 390, 460, 22, 4, 82
EXAMPLES, WORST = 6, 6


@dataclass(frozen=True, slots=True)
class Tile:
    """One scan of the gallery and what is written under it."""

    scan: ScanRecord
    caption: str


def draw_gallery(study: Study, model: Path, folder: Path) -> list[str]:
    """Draw examples, false positives and false negatives; return the names of the files there are."""
    eyes = [eye for eye in first_exams(eyes_of(study.rows)) if eye.cataract_fraction is not None]
    names = []
    for name, chosen, beside in (
        ("examples.jpg", examples(eyes, EXAMPLES), True),
        ("false_positives.jpg", worst(eyes, study.threshold.cf_threshold, "clear"), False),
        ("false_negatives.jpg", worst(eyes, study.threshold.cf_threshold, "cataract"), False),
    ):
        tiles = [_tile(study, eye) for eye in chosen]
        if tiles:
            (folder / name).write_bytes(_montage(tiles, model, beside))
            names.append(name)
    return names


def examples(eyes: Sequence[EyeRow], count: int) -> list[EyeRow]:
    """Choose cataract eyes evenly over the range of Cataract Fractions, largest first."""
    ordered = sorted((eye for eye in eyes if eye.group == "cataract"), key=_fraction, reverse=True)
    if len(ordered) <= count:
        return ordered
    return [ordered[int(place)] for place in np.linspace(0, len(ordered) - 1, count)]


def worst(eyes: Sequence[EyeRow], cf_threshold: float, group: str) -> list[EyeRow]:
    """Choose the eyes of a group on the wrong side of the threshold, the farthest from it first."""
    wrong = [eye for eye in eyes if eye.group == group and (_fraction(eye) >= cf_threshold) is (group == "clear")]
    return sorted(wrong, key=lambda eye: abs(_fraction(eye) - cf_threshold), reverse=True)[:WORST]


def _fraction(eye: EyeRow) -> float:
    if eye.cataract_fraction is None:
        raise ValueError(f"eye {eye.eye_id} was not graded")
    return eye.cataract_fraction


def _tile(study: Study, eye: EyeRow) -> Tile:
    """Show the scan of an eye whose Cataract Fraction is the closest to the eye's."""

    def distance(row: ScanRow) -> float:
        return abs((row.cataract_fraction or 0.0) - _fraction(eye))

    members = [row for row in study.rows if row.eye_id == eye.eye_id and row.cataract_fraction is not None]
    row = min(members, key=distance)
    record = next(scan for scan in study.dataset.scans if scan.scan_id == row.scan_id)
    words = [f"CF of the eye {_fraction(eye):.2f}"]
    if eye.truth_opacity_fraction is not None:
        words.append(f"truth {eye.truth_opacity_fraction:.2f}")
    if eye.kind:
        words.append(eye.kind)
    return Tile(record, f"{eye.group}, " + ", ".join(words))


def _montage(tiles: Sequence[Tile], model: Path, beside: bool) -> bytes:
    """Arrange four tiles in a row; with `beside`, each overlay has the scan itself on its left."""
    pictures: list[NDArray[np.uint8]] = []
    for tile in tiles:
        result = analyzer_of(model, tile.scan.profile or None).analyze(tile.scan.image)
        overlay = _small(draw_overlay(result))
        if beside:
            pixels = result.scan.pixels
            grey: NDArray[np.uint8] = np.rint(np.minimum(pixels / result.scan.full_scale, 1) * 255).astype(np.uint8)
            pictures.append(_captioned(_small(np.repeat(grey[:, :, None], 3, axis=2)), tile.scan.scan_id))
        pictures.append(_captioned(overlay, tile.caption))
    whole = in_rows(pictures)
    _, data = cv2.imencode(".jpg", whole, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    return data.tobytes()


def in_rows(pictures: Sequence[NDArray[np.uint8]]) -> NDArray[np.uint8]:
    """Lay (rows, columns, 3) uint8 pictures of one size in rows of at most four; places left over are white paper."""
    across = min(TILES_ACROSS, len(pictures))
    filled = [*pictures, *[np.full_like(pictures[0], 255)] * (-len(pictures) % across)]
    return np.vstack([np.hstack(filled[index : index + across]) for index in range(0, len(filled), across)])


def _small(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Fit the whole picture into a tile, centred on black."""
    rows, columns = picture.shape[:2]
    scale = min(TILE_ROWS / rows, TILE_COLUMNS / columns)
    size = (max(1, round(columns * scale)), max(1, round(rows * scale)))
    tile = np.zeros((TILE_ROWS, TILE_COLUMNS, 3), np.uint8)
    top, left = (TILE_ROWS - size[1]) // 2, (TILE_COLUMNS - size[0]) // 2
    tile[top : top + size[1], left : left + size[0]] = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    return tile


def _captioned(picture: NDArray[np.uint8], text: str) -> NDArray[np.uint8]:
    framed = cv2.copyMakeBorder(picture, 0, CAPTION_ROWS, 0, 0, cv2.BORDER_CONSTANT, value=(30, 30, 30))
    place = (6, framed.shape[0] - 7)
    cv2.putText(framed, text, place, cv2.FONT_HERSHEY_SIMPLEX, 0.42, (255, 255, 255), 1, cv2.LINE_AA)
    return framed.astype(np.uint8, copy=False)
