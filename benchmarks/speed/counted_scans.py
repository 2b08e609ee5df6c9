"""Scans whose instructions an emulator counts: ``python -m benchmarks.speed.counted_scans SCENE PRECISION SCANS``.

It needs the packages of the runtime only, and so it runs on an emulated board.
"""

from __future__ import annotations

import platform
import sys
from typing import TYPE_CHECKING
from unittest import mock

import cv2
import numpy as np

from edge_runtime import CataractAnalyzer, Limits, PixelPitch
from edge_runtime.frame.window import NATIVE_PITCH_UM
from edge_runtime.golden import SAMPLES
from edge_runtime.model import session
from edge_runtime.reading.raster import read_scan

if TYPE_CHECKING:
    from collections.abc import Callable

    from edge_runtime import ScanResult

SAMPLE = SAMPLES / "simulated-clear.png"  # 2150 x 1824, as a device exports it: pixels of 7.675 um
ASIDE = 430  # pixels
ENLARGED = 2.5  # 5375 x 4560, which no device exports


def usual(analyzer: CataractAnalyzer) -> ScanResult:
    """A scan as a device exports it, from its file."""
    return analyzer.analyze(SAMPLE)


def elsewhere(analyzer: CataractAnalyzer) -> ScanResult:
    """The same with its lens far from where it usually lies."""
    return analyzer.analyze_pixels(np.roll(read_scan(SAMPLE).pixels, ASIDE, axis=1))


def largest(analyzer: CataractAnalyzer) -> ScanResult:
    """The same with six times the pixels: about the most that the program takes (`edge_runtime.scan.MAX_PIXELS`)."""
    pixels = cv2.resize(read_scan(SAMPLE).pixels, None, fx=ENLARGED, fy=ENLARGED)
    return analyzer.analyze_pixels(pixels.astype(np.uint8, copy=False))


SCENES: dict[str, Callable[[CataractAnalyzer], ScanResult]] = {
    "usual": usual,
    "elsewhere": elsewhere,
    "largest": largest,
}


def main(scene: str, precision: str, scans: str) -> int:
    """Analyse the same scan so often, with one thread."""
    profile = PixelPitch(NATIVE_PITCH_UM / ENLARGED, NATIVE_PITCH_UM / ENLARGED) if scene == "largest" else None
    # An emulated processor of this architecture reads this machine's /proc/cpuinfo, which may tell of VNNI.
    exact = mock.patch.object(session, "sums_int8_exactly", return_value=platform.machine() == "aarch64")
    with exact:
        analyzer = CataractAnalyzer(precision=precision, profile=profile, limits=Limits(threads=1))
    cv2.setNumThreads(1)
    for _ in range(int(scans)):
        result = SCENES[scene](analyzer)
    print(result.scan.rows, result.scan.columns, result.pixels.lens, result.pixels.cataract)
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
