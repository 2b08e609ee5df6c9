"""Colour-coded cataract probability over the original, uncropped scan (Zeboulon et al. 2022, Fig. 3).

The scan with its colours, a colour bar, and the scan as it was stand side by side between a header and a footer, so
that nothing is ever written over the lens.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING

import numpy as np

from edge_runtime.frame.resample import at_8_bits, on_scan_pixels
from edge_runtime.measure.lens import TissueLabel

from .lettering import Lettering
from .overlay_words import footer_lines, header_lines, zone_legend
from .zone_lines import draw_zones, zones_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from edge_runtime.results import ScanResult
    from edge_runtime.scan import Laterality

OPACITY = 0.45  # of the colours over the grey scan
MAX_PANEL_PIXELS, MIN_PANEL_SIDE = 2_000_000, 480  # more would break the cap on memory that pictures are promised
MAX_ENLARGEMENT = 24
PIXEL_SHAPE_TOLERANCE = 0.01  # 7.674 x 7.675 um are drawn as square
BACKGROUND = 32  # grey: one number fills a picture ten times as fast as three
LENS_OUTLINE, COUNTED_OUTLINE = (255, 255, 255), (0, 0, 0)
_ROWS_AT_ONCE = 64


def draw_overlay(
    result: ScanResult, *, laterality: Laterality | None = None, date: str | None = None, zones: bool = False
) -> NDArray[np.uint8]:
    """Draw one analysed scan.

    Parameters
    ----------
    laterality
        Which eye the scan belongs to; None: what the scan itself knows.
    date
        Day of the analysis, written into the header; None: today, in UTC. The same result and day give the same bytes.
    zones
        Whether the borders of the lens zones are drawn into the original; the footer says what they are, or that they
        could not be measured.

    Returns
    -------
    (rows, columns, 3) uint8 in cv2's blue-green-red order, larger than the scan. At the left the scan with the colours
    of cataract probability inside the lens, the lens outlined in white, the pixels that are counted as cataract
    outlined in black and white; the colour bar, with the colours over every grey level of the scan; at the right the
    scan as it was. Pixels that are not square are drawn with the true proportions of the tissue.
    """
    shape = panel_shape(result.maps.scan_shape, result.maps.frame_shape)
    inside = _LensColours.of(result, shape)  # before the picture: whole frames pass through it
    layout = _Layout.of(shape)
    day = date or time.strftime("%Y-%m-%d", time.gmtime())
    letters = Lettering(layout.columns, layout.unit)
    header = letters.wrapped(header_lines(result, laterality, day))
    found = zones_of(result) if zones else None
    footer = letters.wrapped([*(zone_legend(drawn=found is not None) if zones else []), *footer_lines(result)])
    top = letters.height(len(header) + 1)
    picture = np.full((top + layout.panel_rows + letters.height(len(footer)), layout.columns, 3), BACKGROUND, np.uint8)
    letters.write(picture, header, 0)
    original = "Original, with the zones of the lens" if found is not None else "Original"
    for title, column in (("Cataract probability", layout.overlay), (original, layout.original)):
        letters.write(picture, [title], top - letters.height(1), column)
    letters.write(picture, footer, top + layout.panel_rows)
    rows, columns = shape
    panels = [picture[top : top + rows, left : left + columns] for left in (layout.overlay, layout.original)]
    _draw_scan(panels, result)
    inside.draw(panels[0], layout.unit)
    if found is not None:
        draw_zones(panels[1], result, found, layout.unit)
    _draw_colour_bar(picture[top : top + layout.panel_rows], layout, letters)
    return picture


def draw_panel(result: ScanResult, shape: tuple[int, int]) -> NDArray[np.uint8]:
    """The scan with its colours alone, as (rows, columns, 3) uint8 of this shape."""
    inside = _LensColours.of(result, shape)
    panel = np.empty((*shape, 3), np.uint8)
    _draw_scan([panel], result)
    inside.draw(panel, max(1, round(max(shape) / 800)))
    return panel


def draw_original(result: ScanResult, shape: tuple[int, int]) -> NDArray[np.uint8]:
    """The scan as it was, as (rows, columns, 3) uint8 of this shape."""
    panel = np.empty((*shape, 3), np.uint8)
    _draw_scan([panel], result)
    return panel


def panel_shape(scan_shape: tuple[int, int], frame_shape: tuple[int, int]) -> tuple[int, int]:
    """(rows, columns) in which a scan is drawn: its own pixels where they are square and neither few nor very many.

    Parameters
    ----------
    scan_shape, frame_shape
        (rows, columns) of the scan, and of its native frame, whose pixels are square.
    """
    row_share, column_share = (scan / native for scan, native in zip(scan_shape, frame_shape, strict=True))
    if abs(row_share / column_share - 1) <= PIXEL_SHAPE_TOLERANCE:
        drawn: tuple[float, float] = scan_shape
    else:
        most = max(row_share, column_share)
        drawn = (frame_shape[0] * most, frame_shape[1] * most)
    scale = 1.0
    limit = min(MAX_PANEL_PIXELS, max(scan_shape[0] * scan_shape[1], frame_shape[0] * frame_shape[1]))
    if drawn[0] * drawn[1] > limit:
        scale = (limit / (drawn[0] * drawn[1])) ** 0.5
    elif max(drawn) < MIN_PANEL_SIDE:
        scale = min(MAX_ENLARGEMENT, ceil(MIN_PANEL_SIDE / max(drawn)))
    return max(1, round(drawn[0] * scale)), max(1, round(drawn[1] * scale))


def colours_of(probability: NDArray[np.uint8], grey: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Colours of P(cataract) x 255 over grey levels of the same shape: one map for the lens and for the colour bar.

    Cividis rises in lightness from dark blue to yellow, and looks the same with and without red-green blindness.
    """
    import cv2

    painted = cv2.applyColorMap(probability, cv2.COLORMAP_CIVIDIS)
    blended = cv2.addWeighted(cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR), 1 - OPACITY, painted, OPACITY, 0)
    return blended.astype(np.uint8, copy=False)


@dataclass(frozen=True, slots=True)
class _Layout:
    """Where the panels and the colour bar begin, in columns of the picture; `unit` is the width of a thin line."""

    unit: int
    overlay: int
    bar: int
    bar_columns: int
    original: int
    columns: int
    panel_rows: int

    @classmethod
    def of(cls, shape: tuple[int, int]) -> _Layout:
        unit = max(1, round(max(shape) / 1000))
        margin, bar_columns = 10 * unit, 60 * unit
        bar = margin + shape[1] + 2 * margin
        original = bar + bar_columns + 5 * margin
        width = max(original + shape[1] + margin, 900)
        return cls(unit, margin, bar, bar_columns, original, width, max(shape[0], 160 * unit))


@dataclass(frozen=True, slots=True)
class _LensColours:
    """What is drawn inside the box of the lens; only that box is held, for whole frames are large."""

    top: int
    left: int
    probability: NDArray[np.uint8]
    labels: NDArray[np.uint8]

    @classmethod
    def of(cls, result: ScanResult, shape: tuple[int, int]) -> _LensColours:
        maps = result.maps
        where = (maps.grid, maps.window, maps.frame_shape, shape)
        labels = on_scan_pixels(maps.prediction.labels, *where)
        box = _bounding_box(labels != TissueLabel.BACKGROUND)
        labels = labels[box].copy()
        if labels.size:
            share = on_scan_pixels(maps.prediction.cataract_probability, *where)[box]
            probability = np.rint(share * 255).astype(np.uint8)
        else:
            probability = np.zeros_like(labels)
        return cls(box[0].start, box[1].start, probability, labels)

    def draw(self, panel: NDArray[np.uint8], unit: int) -> None:
        """Colour the lens, and outline it and what is counted as cataract."""
        import cv2

        rows, columns = self.labels.shape
        part = panel[self.top : self.top + rows, self.left : self.left + columns]
        for start in range(0, rows, _ROWS_AT_ONCE):
            strip = slice(start, start + _ROWS_AT_ONCE)
            lens = (self.labels[strip] != TissueLabel.BACKGROUND).astype(np.uint8)
            grey = np.ascontiguousarray(part[strip][..., 0])
            cv2.copyTo(colours_of(self.probability[strip], grey), lens, part[strip])
        self._outline(panel, self.labels == TissueLabel.CATARACT, ((LENS_OUTLINE, 3 * unit), (COUNTED_OUTLINE, unit)))
        self._outline(panel, self.labels != TissueLabel.BACKGROUND, ((LENS_OUTLINE, unit),))

    def _outline(
        self, panel: NDArray[np.uint8], chosen: NDArray[np.bool_], pens: tuple[tuple[tuple[int, int, int], int], ...]
    ) -> None:
        import cv2

        if not chosen.any():
            return
        lines, _ = cv2.findContours(chosen.astype(np.uint8), cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
        canvas = np.ascontiguousarray(panel[self._reach(panel)])
        area = self._reach(panel)
        offset = (self.left - area[1].start, self.top - area[0].start)
        for colour, width in pens:
            cv2.drawContours(canvas, lines, -1, colour, width, cv2.LINE_8, offset=offset)
        panel[area] = canvas

    def _reach(self, panel: NDArray[np.uint8]) -> tuple[slice, slice]:
        """The box with room for the width of a line, within the panel."""
        room = 8
        rows, columns = self.labels.shape
        return (
            slice(max(0, self.top - room), min(panel.shape[0], self.top + rows + room)),
            slice(max(0, self.left - room), min(panel.shape[1], self.left + columns + room)),
        )


def _bounding_box(chosen: NDArray[np.bool_]) -> tuple[slice, slice]:
    """Smallest box that holds every true pixel; empty where there is none."""
    rows, columns = (np.flatnonzero(chosen.any(axis=axis)) for axis in (1, 0))
    if not rows.size:
        return slice(0, 0), slice(0, 0)
    return slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1)


def _draw_scan(panels: list[NDArray[np.uint8]], result: ScanResult) -> None:
    """The scan at 8 bits in every panel; 16-bit scans over their declared full scale, only for the eye."""
    import cv2

    pixels, (rows, columns) = result.scan.pixels, panels[0].shape[:2]
    grey = at_8_bits(pixels, 0.0, 255.0 if pixels.dtype == np.uint8 else float(result.scan.full_scale))
    if grey.shape != (rows, columns):
        shrinks = rows * columns < grey.size
        way = cv2.INTER_AREA if shrinks else cv2.INTER_NEAREST
        grey = cv2.resize(grey, (columns, rows), interpolation=way).astype(np.uint8, copy=False)
    for panel in panels:
        cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR, dst=panel)


def _draw_colour_bar(band: NDArray[np.uint8], layout: _Layout, letters: Lettering) -> None:
    """P from 0 below to 1 above, over the grey levels of a scan from black at the left to white at the right."""
    unit = layout.unit
    height = min(400 * unit, band.shape[0] - 4 * letters.height(1))
    if height < 16:
        return
    top = letters.height(1)
    share = np.linspace(255, 0, height).round().astype(np.uint8)[:, None].repeat(layout.bar_columns, axis=1)
    grey = np.linspace(0, 255, layout.bar_columns).round().astype(np.uint8)[None].repeat(height, axis=0)
    band[top : top + height, layout.bar : layout.bar + layout.bar_columns] = colours_of(share, grey)
    letters.write(band, ["P 1"], 0, layout.bar)
    letters.write(band, ["P 0"], top + height, layout.bar)
