"""The frames that samples of other languages are asked about: of every cohort, device, size and depth of grey."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

from benchmarks.samples.frames import variants
from edge_runtime.errors import EdgeCataractError
from edge_runtime.frame.profiles import PixelPitch, profile_of_scan
from edge_runtime.frame.window import NATIVE_PITCH_UM
from edge_runtime.reading.raster import read_scan
from edge_runtime.scan import Scan, scan_from_pixels

from .graphs import SEED, simulated

if TYPE_CHECKING:
    from numpy.typing import NDArray

SMALLER, RAW = (1459, 1713), (1519, 768)
NATIVE = PixelPitch(NATIVE_PITCH_UM, NATIVE_PITCH_UM)


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame that every engine is asked about; without a pitch its shape says what device it is of."""

    cohort: str
    kind: str
    scan: Scan
    pitch: PixelPitch | None = None


def frames(per_cohort: int, folder: Path) -> Iterator[Frame]:
    """Scans of every cohort as they are, in the smaller size, as a part, as a raw frame, and in another way."""
    rng = np.random.default_rng(SEED)
    for cohort, path in simulated(per_cohort, folder):
        scan = read_scan(str(path))
        yield Frame(cohort, "as it is", scan)
        *_, other = variants(scan.pixels, rng)
        if other.shape == scan.pixels.shape:
            yield Frame(cohort, "another way", scan_from_pixels(other))
        else:
            yield Frame(cohort, "part", scan_from_pixels(other), NATIVE)
        if scan.bits == 8:
            size = SMALLER[::-1]
            small = cv2.resize(scan.pixels, size, interpolation=cv2.INTER_AREA).astype(np.uint8)
            yield Frame(cohort, "smaller", scan_from_pixels(small))
            yield Frame(cohort, "raw", scan_from_pixels(raw_frame(scan.pixels)))


def raw_frame(pixels: NDArray[np.uint8]) -> NDArray[np.uint16]:
    """A frame in the size and display of raw exports, (1519, 768) uint16."""
    shown = cv2.resize(pixels, RAW[::-1], interpolation=cv2.INTER_AREA).astype(np.float64) / 255
    raw: NDArray[np.uint16] = np.rint(np.minimum(0.2 + 0.91 * shown, 1) * 65535).astype(np.uint16)
    return raw


def real_frames(folder: Path) -> Iterator[Frame]:
    """Every scan of a folder that can be read, and whose shape is that of a known device."""
    for path in sorted(folder.iterdir()):
        try:
            scan = read_scan(str(path))
            profile_of_scan(scan, None)
        except EdgeCataractError:
            continue
        yield Frame("real", "real", scan)


def chosen_frames(count: int, per_cohort: int, folder: Path, real: Path | None = None) -> list[Frame]:
    """So many frames of simulated scans, evenly spread over all cohorts, and all of a folder of real ones."""
    simulated_frames = spread(list(frames(per_cohort, folder)), count) if count else []
    return [*simulated_frames, *(real_frames(real) if real is not None else ())]


def spread(every: Sequence[Frame], count: int) -> list[Frame]:
    """Evenly spread frames; all of them where there are no more."""
    step = max(len(every) / count, 1)
    return [every[int(place * step)] for place in range(min(count, len(every)))]
