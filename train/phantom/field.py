"""Smooth random fields in three dimensions, the same for every plane that cuts them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_WAVES = 14  # few enough to be quick, enough that no single wave is seen


@dataclass(frozen=True, slots=True)
class WaveField:
    """A Gaussian random field as a sum of cosines with random directions (random Fourier features).

    Attributes
    ----------
    waves
        (n, 3) float32; wave numbers in radian per mm along the three axes.
    phases
        (n,) float32; radian.
    """

    waves: NDArray[np.float32]
    phases: NDArray[np.float32]

    @classmethod
    def draw(cls, rng: np.random.Generator, lengths_mm: tuple[float, float, float], waves: int = _WAVES) -> WaveField:
        """Draw a field of unit variance with these correlation lengths along the three axes."""
        numbers = rng.standard_normal((waves, 3)) / np.asarray(lengths_mm)
        return cls(numbers.astype(np.float32), rng.uniform(0.0, 2.0 * np.pi, waves).astype(np.float32))

    def at(self, x: NDArray[np.float32], y: NDArray[np.float32], z: NDArray[np.float32]) -> NDArray[np.float32]:
        """Values at points in mm, arrays of one shape; float32 of variance one."""
        total = np.zeros_like(x)
        for (along_x, along_y, along_z), phase in zip(self.waves, self.phases, strict=True):
            total += np.cos(along_x * x + along_y * y + along_z * z + phase)
        total *= np.float32(np.sqrt(2.0 / len(self.phases)))
        return total

    def at_stride(
        self, x: NDArray[np.float32], y: NDArray[np.float32], z: NDArray[np.float32], stride: int
    ) -> NDArray[np.float32]:
        """Values at (rows, columns) grids of points, computed at every stride-th one and interpolated between."""
        coarse = self.at(*(_every(a, stride) for a in (x, y, z)))
        rows = np.arange(x.shape[0], dtype=np.float32)[:, None] / stride
        columns = np.arange(x.shape[1], dtype=np.float32)[None, :] / stride
        maps = np.broadcast_to(columns, x.shape).copy(), np.broadcast_to(rows, x.shape).copy()
        fine = cv2.remap(coarse, *maps, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        return fine.astype(np.float32, copy=False)


def _every(a: NDArray[np.float32], stride: int) -> NDArray[np.float32]:
    return np.ascontiguousarray(a[::stride, ::stride])


def smooth_walk(rng: np.random.Generator, count: int, correlation: float) -> NDArray[np.float32]:
    """Draw a smooth random line, (count,) float32 of variance one; `correlation` is a Gaussian's sigma in samples."""
    margin = int(4 * correlation) + 1
    noise = rng.standard_normal(count + 2 * margin).astype(np.float32)
    line = cv2.GaussianBlur(noise[None, :], (2 * margin + 1, 1), sigmaX=max(correlation, 1e-3))[0]
    unit = np.float32(np.sqrt(2.0 * np.sqrt(np.pi) * max(correlation, 0.2821)))
    walk: NDArray[np.float32] = (line[margin : margin + count] * unit).astype(np.float32)
    return walk
