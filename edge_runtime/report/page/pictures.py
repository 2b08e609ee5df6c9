"""Pictures of a page as data URIs: small enough that a page of both eyes has two or three MB."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import numpy as np

from edge_runtime.errors import WriteError
from edge_runtime.report.eye_picture import draw_map
from edge_runtime.report.overlay import colours_of, draw_original, draw_panel, panel_shape

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from edge_runtime.results import EyeResult, ScanResult

SCAN_COLUMNS = 560
JPEG_QUALITY = 78
BAR_STEPS = 64  # of the colour bar
MIDDLE_GREY = 128  # under the colours of the map and of its bar


def scan_pictures(result: ScanResult) -> tuple[str, str]:
    """The scan as it was, and the scan with its colours, as data URIs of one size."""
    shape = panel_shape(result.maps.scan_shape, result.maps.frame_shape)
    return _jpeg(draw_original(result, shape)), _jpeg(draw_panel(result, shape))


def map_picture(eye: EyeResult) -> str:
    """The lens as seen from the front, as a data URI."""
    return _png(draw_map(eye))


def colour_bar() -> str:
    """The colours from none (left) to all (right), one row high, as a data URI."""
    levels = np.linspace(0, 255, BAR_STEPS).round().astype(np.uint8)[None]
    return _png(colours_of(levels, np.full_like(levels, MIDDLE_GREY)))


def _jpeg(picture: NDArray[np.uint8]) -> str:
    import cv2

    rows, columns = picture.shape[:2]
    if columns > SCAN_COLUMNS:
        smaller = (SCAN_COLUMNS, max(1, round(rows * SCAN_COLUMNS / columns)))
        picture = np.asarray(cv2.resize(picture, smaller, interpolation=cv2.INTER_AREA), dtype=np.uint8)
    return _data_uri("jpeg", picture, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])


def _png(picture: NDArray[np.uint8]) -> str:
    import cv2

    return _data_uri("png", picture, [cv2.IMWRITE_PNG_COMPRESSION, 9])


def _data_uri(kind: str, picture: NDArray[Any], settings: list[int]) -> str:
    import cv2

    done, encoded = cv2.imencode(f".{kind}", picture, settings)
    if not done:
        raise WriteError("write-failed", "A picture could not be encoded.", "Report this fault.")
    return f"data:image/{kind};base64,{base64.b64encode(encoded.tobytes()).decode('ascii')}"
