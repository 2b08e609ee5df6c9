"""One picture of an eye: its scans, the lens as seen from the front, the nuclear grade, and the answer."""

from __future__ import annotations

import time
from enum import Enum, auto
from typing import TYPE_CHECKING

import numpy as np

from edge_runtime.measure.en_face import RADIUS_MM, STEPS, Meridian
from edge_runtime.measure.grade import STEP_EDGES_DB, STEP_WORDS
from edge_runtime.measure.lens_measures import measure_zones
from edge_runtime.measure.zones import CENTRAL_RADIUS_MM
from edge_runtime.printable import drawable
from edge_runtime.results import ScanResult

from .lettering import Lettering
from .overlay import BACKGROUND, colours_of, draw_panel, panel_shape
from .overlay_words import short_name
from .text import summary

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from edge_runtime.measure.lens_measures import LensMaps
    from edge_runtime.results import EyeResult

WIDTH, SCAN_WIDTH, GAP = 1800, 420, 20  # pixels
MAP_SIDE = 440
WEDGE_DEG = 15.0  # the width of a half-meridian on the map; less where more than twelve scans share the circle
USUAL_ANGLES_DEG = (0.0, 30.0, 60.0, 90.0, 120.0, 150.0)
WHITE, GREY, ORANGE = (255, 255, 255), (96, 96, 96), (64, 160, 255)
_GRADE_DB = (-1.0, 9.0)  # from and to, on the bar


class Angles(Enum):
    """Where the angles of the scans on a map come from."""

    RECORDED = auto()
    ASSUMED = auto()
    PARTLY_RECORDED = auto()


ANGLES: dict[Angles, str] = {
    Angles.RECORDED: "Angles as recorded.",
    Angles.ASSUMED: "Angles assumed: 0 to 150, in the order given.",
    Angles.PARTLY_RECORDED: "Scans without a recorded angle are not drawn.",
}


def draw_eye(eye: EyeResult, *, date: str | None = None) -> NDArray[np.uint8]:
    """Draw the scans of one eye and what they show together.

    Parameters
    ----------
    date
        Day of the analysis; None: today, in UTC. The same result and day give the same bytes.

    Returns
    -------
    (rows, columns, 3) uint8 in cv2's blue-green-red order.
    """
    letters = Lettering(WIDTH, 1)
    header = letters.wrapped([drawable(line) for line in summary(eye).splitlines()])
    header[0] += f"   {date or time.strftime('%Y-%m-%d', time.gmtime())}"
    top = letters.height(len(header)) + GAP
    tiles = [
        _scan(entry, number, letters) for number, entry in enumerate(eye.entries, 1) if isinstance(entry, ScanResult)
    ]
    left_width = 3 * SCAN_WIDTH + 4 * GAP
    rows_of_tiles = [tiles[start : start + 3] for start in range(0, len(tiles), 3)]
    heights = [max(tile.shape[0] for tile in row) for row in rows_of_tiles]
    side = from_the_front(eye, letters)
    bar = _grade_bar(eye, letters)
    height = max(sum(heights) + GAP * len(heights), side.shape[0] + bar.shape[0] + GAP)
    picture = np.full((top + height, WIDTH, 3), BACKGROUND, np.uint8)
    letters.write(picture, header, 0)
    row = top
    for tiles_of_row, tall in zip(rows_of_tiles, heights, strict=True):
        for number, tile in enumerate(tiles_of_row):
            _put(picture, tile, row, GAP + number * (SCAN_WIDTH + GAP))
        row += tall + GAP
    _put(picture, side, top, left_width)
    _put(picture, bar, top + side.shape[0] + GAP, left_width)
    return picture


def _put(picture: NDArray[np.uint8], part: NDArray[np.uint8], row: int, column: int) -> None:
    picture[row : row + part.shape[0], column : column + part.shape[1]] = part


def _scan(scan: ScanResult, number: int, letters: Lettering) -> NDArray[np.uint8]:
    """One scan with its colours, and a line that says which it is and what it gives."""
    import cv2

    panel = draw_panel(scan, panel_shape(scan.maps.scan_shape, scan.maps.frame_shape))
    rows = max(1, round(panel.shape[0] * SCAN_WIDTH / panel.shape[1]))
    small = cv2.resize(panel, (SCAN_WIDTH, rows), interpolation=cv2.INTER_AREA)
    fraction = "not graded" if scan.cataract_fraction is None else f"{scan.cataract_fraction:.3f}"
    name = short_name(scan.scan.source or "frame")
    tile = np.full((rows + letters.height(1), SCAN_WIDTH, 3), BACKGROUND, np.uint8)
    tile[letters.height(1) :] = small
    letters.write(tile, [f"{number}: {fraction}  {name[-36:]}"], 0, 0)
    return tile


def from_the_front(eye: EyeResult, letters: Lettering) -> NDArray[np.uint8]:
    """The map of `draw_map` between a title and its legend."""
    lines = legend(angles_of(eye))
    picture = np.full((letters.height(1 + len(lines)) + MAP_SIDE, MAP_SIDE, 3), BACKGROUND, np.uint8)
    letters.write(picture, ["Lens from the front; rings: 3 and 6 mm"], 0, 0)
    picture[letters.height(1) : letters.height(1) + MAP_SIDE] = draw_map(eye)
    letters.write(picture, lines, letters.height(1) + MAP_SIDE, 0)
    return picture


def angles_of(eye: EyeResult) -> Angles:
    """Where the angles on the map come from.

    They are assumed only where no scan knows its own, and no more scans were given than there are usual angles. A scan
    that could not be read keeps its place among them.
    """
    graded = [scan for scan in eye.scans if scan.lens is not None]
    if all(scan.scan.meridian_deg is not None for scan in graded):
        return Angles.RECORDED
    nothing_known = all(scan.scan.meridian_deg is None for scan in eye.scans)
    return Angles.ASSUMED if nothing_known and len(eye.entries) <= len(USUAL_ANGLES_DEG) else Angles.PARTLY_RECORDED


def _lenses_at_angles(eye: EyeResult) -> Iterator[tuple[LensMaps, float]]:
    """The lens of every graded scan whose angle is known, or assumed, and that angle in degrees."""
    assumed = angles_of(eye) is Angles.ASSUMED
    for place, entry in enumerate(eye.entries):
        if not isinstance(entry, ScanResult) or entry.lens is None:
            continue
        if entry.scan.meridian_deg is not None:
            yield entry.lens, entry.scan.meridian_deg.value
        elif assumed:
            yield entry.lens, USUAL_ANGLES_DEG[place]


def draw_map(eye: EyeResult) -> NDArray[np.uint8]:
    """Two half-meridians of each scan at its angle; between them nothing was measured, and nothing is drawn.

    Returns
    -------
    (`MAP_SIDE`, `MAP_SIDE`, 3) uint8 in cv2's blue-green-red order.
    """
    wedges = np.full((MAP_SIDE, MAP_SIDE, 3), BACKGROUND, np.uint8)
    vertical, across = np.mgrid[0:MAP_SIDE, 0:MAP_SIDE].astype(np.float64) - (MAP_SIDE - 1) / 2
    radius = np.hypot(across, vertical) * 2 * RADIUS_MM / MAP_SIDE
    place = np.minimum((radius / RADIUS_MM * STEPS).astype(np.int64), STEPS - 1)
    turned = np.degrees(np.arctan2(-vertical, across))  # anticlockwise from the right, as meridians are counted
    wedge_deg = min(WEDGE_DEG, 180 / max(len(eye.entries), 1))
    narrowed = wedge_deg / WEDGE_DEG
    for lens, meridian_deg in _lenses_at_angles(eye):
        found = measure_zones(lens, None, None)
        if found is None:
            continue
        meridian = Meridian.of(lens, found)
        for half, direction in enumerate((meridian_deg + 180, meridian_deg)):
            away = np.abs((turned - direction + 180) % 360 - 180)
            inside = (away <= wedge_deg / 2) & (radius < RADIUS_MM)
            _paint(wedges, inside, place, meridian, half)
            for layer, colour, low in ((meridian.posterior, WHITE, 0.0), (meridian.anterior, ORANGE, 4.0)):
                line = inside & (away >= low * narrowed) & (away <= (low + 1.5) * narrowed) & layer[half][place]
                wedges[line] = colour
    pixel_mm = 2 * RADIUS_MM / MAP_SIDE
    for ring_mm in (CENTRAL_RADIUS_MM, RADIUS_MM - pixel_mm):
        wedges[np.abs(radius - ring_mm) < pixel_mm / 2] = GREY
    return wedges


def legend(angles: Angles) -> list[str]:
    """The legend of the map."""
    return [
        "Colour: share of cataract in depth (yellow: all).",
        "White: below the back capsule. Orange: front.",
        ANGLES[angles],
    ]


def _paint(
    wedges: NDArray[np.uint8], inside: NDArray[np.bool_], place: NDArray[np.int64], meridian: Meridian, half: int
) -> None:
    share = meridian.opaque[half][place]
    seen = inside & ~np.isnan(share)
    levels = np.round(np.nan_to_num(share[seen]) * 255).astype(np.uint8)[:, None]
    wedges[seen] = colours_of(levels, np.full_like(levels, 128))[:, 0]


def _grade_bar(eye: EyeResult, letters: Lettering) -> NDArray[np.uint8]:
    """The five steps of the nuclear grade, with the estimate and the interval that holds nine in ten eyes."""
    tall, bar = 60, 24
    picture = np.full((letters.height(2) + tall, MAP_SIDE, 3), BACKGROUND, np.uint8)
    grade = eye.findings.grade
    letters.write(picture, ["Nucleus, dB above a clear lens" if grade else "Nucleus: not graded"], 0, 0)
    if grade is None:
        return picture

    def column(value_db: float) -> int:
        low, high = _GRADE_DB
        return round((min(max(value_db, low), high) - low) / (high - low) * (MAP_SIDE - 1))

    top = letters.height(1)
    edges = [column(edge) for edge in (_GRADE_DB[0], *STEP_EDGES_DB, _GRADE_DB[1])]
    for step in range(len(STEP_WORDS)):
        shade = 60 + 35 * step
        picture[top : top + bar, edges[step] : edges[step + 1]] = (shade, shade, shade)
    low, high = (column(value) for value in grade.interval_db)
    picture[top + bar + 6 : top + bar + 12, low : high + 1] = ORANGE
    at = column(grade.value_db)
    picture[top - 2 : top + bar + 16, max(at - 2, 0) : at + 3] = ORANGE
    said = f"{grade.word}: {grade.value_db:.1f} dB ({grade.interval_db[0]:.1f} to {grade.interval_db[1]:.1f})"
    letters.write(picture, [said], top + bar + 18, 0)
    return picture
