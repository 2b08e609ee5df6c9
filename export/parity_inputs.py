"""Inputs that an exported model and PyTorch are compared on: noise and drawn scans, at sizes that cause trouble."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray


def sizes(grid: int, stride: int) -> list[tuple[int, int]]:
    """Native (rows, columns): the smallest, odd ones, both sides of a block, the window, whole frames."""
    block = grid * stride
    return [
        (1, 1), (1, block), (block - 1, block + 1), (block, block), (grid + 1, 3 * block),
        (2 * block + 1, block + grid - 1), (367, 501), (1100, 1100), (1099, 1101), (1459, 1713), (1824, 2150),
    ]  # fmt: skip


def parity_inputs(grid: int, stride: int, seed: int = 0) -> Iterator[NDArray[np.uint8]]:
    """Yield (rows, columns) uint8 inputs, per size one of noise and one drawn; the extremes once."""
    generator = np.random.default_rng(seed)
    yield np.zeros((3 * grid, 5 * grid), np.uint8)
    yield np.full((3 * grid, 5 * grid), 255, np.uint8)
    for rows, columns in sizes(grid, stride):
        yield generator.integers(0, 256, (rows, columns), dtype=np.uint8)
        yield drawn_scan(rows, columns, generator)


def drawn_scan(rows: int, columns: int, generator: np.random.Generator) -> NDArray[np.uint8]:
    """Draw something between a scan and a sketch: arc, layered ellipse, a bright patch in it, speckle."""
    row, column = np.ogrid[:rows, :columns]
    across = (column - columns * generator.uniform(0.4, 0.6)) / (0.25 * columns + 1)
    along = (row - rows * generator.uniform(0.5, 0.65)) / (0.28 * rows + 1)
    radius = np.hypot(across, along)
    grey = np.full((rows, columns), generator.uniform(0, 20))
    grey += 70 * (np.abs(row - rows * (0.08 + 0.05 * across**2)) < 0.02 * rows)
    grey += (radius < 1) * (30 + 50 * radius**2 + 8 * np.cos(12 * radius))
    patch = np.hypot(across - generator.uniform(-0.3, 0.3), along - generator.uniform(-0.3, 0.3)) < generator.uniform(
        0.1, 0.5
    )
    grey += patch * generator.uniform(20, 120)
    grey *= generator.gamma(8, 1 / 8, size=(rows, columns))
    scan: NDArray[np.uint8] = np.clip(np.rint(grey), 0, 255).astype(np.uint8)
    return scan
