"""Tiles: plan them (pure geometry), run a predictor over them, stitch the cores. Tiled output equals whole output."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import product
from typing import TYPE_CHECKING

import numpy as np

from edge_runtime.machine.cancelling import stop_if_cancelled

from .predictor import EVIDENCE_STEP, Prediction

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from edge_runtime.frame.prepare import Frame
    from edge_runtime.frame.window import CropWindow
    from edge_runtime.machine.memory import Headroom

    from .metadata import ModelMetadata
    from .predictor import Predictor


@dataclass(frozen=True, slots=True)
class Tile:
    """Half-open windows into the crop, in native pixels.

    Attributes
    ----------
    read
        (row, column) slices: the core grown by the halo, clipped to the crop.
    core
        (row, column) slices: the only part of the prediction that is kept.
    """

    read: tuple[slice, slice]
    core: tuple[slice, slice]

    @property
    def read_pixels(self) -> int:
        """Native pixels that are read."""
        return int((self.read[0].stop - self.read[0].start) * (self.read[1].stop - self.read[1].start))

    def kept(self, grid: int) -> tuple[slice, slice]:
        """Network-grid (row, column) slices of the core within the prediction of the tile."""
        return self._on_grid(0, grid, self.read[0].start), self._on_grid(1, grid, self.read[1].start)

    def place(self, grid: int) -> tuple[slice, slice]:
        """Network-grid (row, column) slices of the core within the whole crop."""
        return self._on_grid(0, grid, 0), self._on_grid(1, grid, 0)

    def _on_grid(self, axis: int, grid: int, origin: int) -> slice:
        core = self.core[axis]
        return slice((core.start - origin) // grid, -(-(core.stop - origin) // grid))


@dataclass(frozen=True, slots=True)
class TileGeometry:
    """What a model demands of its tiles.

    Attributes
    ----------
    grid
        Native pixels per network-grid pixel.
    unit
        Cores and reads start at multiples of this many native pixels, where the network's own sampling starts anew.
    halo
        Native pixels of context on each side, a multiple of `unit`, that make the core exact.
    """

    grid: int
    unit: int
    halo: int

    def smallest_read(self, rows: int, columns: int) -> int:
        """Native pixels that the smallest tile of a (rows, columns) crop reads: a core of one unit and its halo."""
        side = self.unit + 2 * self.halo
        return min(side, rows) * min(side, columns)

    @classmethod
    def of(cls, metadata: ModelMetadata) -> TileGeometry:
        """The geometry that a model's metadata asks for."""
        unit = metadata.grid * metadata.stride
        return cls(metadata.grid, unit, -(-metadata.receptive_field // metadata.stride) * unit)


def plan(rows: int, columns: int, geometry: TileGeometry, max_read_pixels: int) -> list[Tile]:
    """Tiles whose cores cover a (rows, columns) crop once: of those that read at most `max_read_pixels` the least work.

    Where no tile is small enough, the smallest; where tiles would be as large as the crop, the crop at once.
    """
    if rows * columns <= max_read_pixels:
        whole = (slice(0, rows), slice(0, columns))
        return [Tile(whole, whole)]

    def cost(split: tuple[_Spans, _Spans]) -> tuple[int, int]:
        reads = [[read.stop - read.start for read, _ in spans] for spans in split]
        return max(max(reads[0]) * max(reads[1]), max_read_pixels), sum(reads[0]) * sum(reads[1])

    splits = product(_splits(rows, geometry), _splits(columns, geometry))
    down, across = min(splits, key=cost)
    return [Tile((row[0], column[0]), (row[1], column[1])) for row in down for column in across]


_Spans = list[tuple[slice, slice]]  # (read, core) along one axis


def _splits(length: int, geometry: TileGeometry) -> list[_Spans]:
    """Every way to cut one axis into cores of one size, whole units each, from a single one to the smallest."""
    units = -(-length // geometry.unit)
    sizes = sorted({-(-units // parts) * geometry.unit for parts in range(1, units + 1)}, reverse=True)
    return [
        [
            (
                slice(max(start - geometry.halo, 0), min(start + size + geometry.halo, length)),
                slice(start, min(start + size, length)),
            )
            for start in range(0, length, size)
        ]
        for size in sizes
    ]


def predict(
    predict_window: Callable[[NDArray[np.uint8]], Prediction], window: NDArray[np.uint8], tiles: list[Tile], grid: int
) -> Prediction:
    """Run a predictor over the tiles of a (rows, columns) uint8 window, views of it, and stitch their cores.

    Returns
    -------
    Prediction
        Maps of (ceil(rows / grid), ceil(columns / grid)).
    """
    parts = (predict_window(window[tile.read]) for tile in tiles)
    if len(tiles) == 1:
        return next(parts)
    shape = -(-window.shape[0] // grid), -(-window.shape[1] // grid)
    stitched = Prediction(np.zeros(shape, np.float32), np.zeros(shape, np.float32), np.zeros(shape, np.uint8))
    evidence: NDArray[np.float32] | None = None
    for tile, part in zip(tiles, parts, strict=True):
        source, target = tile.kept(grid), tile.place(grid)
        if part.evidence is not None:  # cores begin at whole strides, so at whole pixels of the coarser grid, too
            if evidence is None:
                evidence = np.zeros((len(part.evidence), *(-(-side // EVIDENCE_STEP) for side in shape)), np.float32)
            coarse = EVIDENCE_STEP * grid
            evidence[:, *tile.place(coarse)] = part.evidence[:, *tile.kept(coarse)]
        stitched.lens_probability[target] = part.lens_probability[source]
        stitched.cataract_probability[target] = part.cataract_probability[source]
        stitched.labels[target] = part.labels[source]
    return replace(stitched, evidence=evidence)


@dataclass(frozen=True, slots=True, eq=False)
class TiledPredictor:
    """A predictor that labels windows of any size in tiles, as large as memory allows.

    Attributes
    ----------
    predictor
        Labels one tile.
    geometry
        What the model demands of its tiles.
    headroom
        The memory that is left for tiles.
    tile_done
        Called after each tile.
    """

    predictor: Predictor
    geometry: TileGeometry
    headroom: Headroom
    tile_done: Callable[[], None]

    def largest_tile(self, scan_shape: tuple[int, int], frame_shape: tuple[int, int]) -> int:
        """Native pixels that one tile of a scan may read; scan and native frame are (rows, columns).

        Raises
        ------
        ResourceError
            ``memory-cap`` when the cap cannot be kept.
        """
        smallest = self.geometry.smallest_read(*frame_shape)
        return self.headroom.largest_tile(scan_shape, frame_shape, smallest)

    def tiles(self, scan_shape: tuple[int, int], frame_shape: tuple[int, int], window: CropWindow) -> list[Tile]:
        """Tiles of a window of the native frame of a scan, (rows, columns) each.

        Raises
        ------
        ResourceError
            ``memory-cap`` when the cap cannot be kept.
        """
        return plan(window.rows, window.columns, self.geometry, self.largest_tile(scan_shape, frame_shape))

    def label(self, frame: Frame, window: CropWindow) -> Prediction:
        """Label one window of a prepared frame; maps of (ceil(rows / grid), ceil(columns / grid)).

        Raises
        ------
        InferenceError
            When the network fails.
        ResourceError
            When memory does not suffice.
        AnalysisCancelledError
            When the caller does not want it any more.
        """
        tiles = self.tiles((frame.scan.rows, frame.scan.columns), frame.shape, window)

        def label_tile(tile: NDArray[np.uint8]) -> Prediction:
            stop_if_cancelled()
            found = self.predictor.predict(frame.graded(tile))
            self.tile_done()
            return found

        return predict(label_tile, window.cut(frame.grey), tiles, self.geometry.grid)
