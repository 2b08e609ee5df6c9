"""Draw docs/overlay.jpg, the picture of the README: what the default model finds in the simulated cataract scan.

python -m benchmarks.evidence.overlay
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import cv2

from edge_runtime import CataractAnalyzer
from edge_runtime.golden import SAMPLES
from edge_runtime.report.overlay import draw_overlay

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

PICTURE = Path(__file__).parents[2] / "docs" / "overlay.jpg"
SAMPLE = "simulated-cataract.png"
SHRINK = 2  # the overlay has the scan's 2150 columns; a page shows half of them
JPEG = (cv2.IMWRITE_JPEG_QUALITY, 80, cv2.IMWRITE_JPEG_OPTIMIZE, 1)


def main() -> int:
    """Write the picture."""
    _, data = cv2.imencode(".jpg", draw(), JPEG)
    PICTURE.write_bytes(data.tobytes())
    return 0


def draw() -> NDArray[np.uint8]:
    """Return the overlay of the bundled sample at half its size, (rows, columns, 3) uint8 in OpenCV's channel order."""
    overlay = draw_overlay(CataractAnalyzer().analyze(SAMPLES / SAMPLE))
    size = (overlay.shape[1] // SHRINK, overlay.shape[0] // SHRINK)
    return cv2.resize(overlay, size, interpolation=cv2.INTER_AREA).astype("uint8", copy=False)


if __name__ == "__main__":
    sys.exit(main())
