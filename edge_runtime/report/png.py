"""Encode pictures as PNG."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edge_runtime.errors import WriteError

if TYPE_CHECKING:
    from typing import Any

    from numpy.typing import NDArray


def encode_png(picture: NDArray[Any]) -> bytes:
    """A (rows, columns) or (rows, columns, 3) uint8 or uint16 array as PNG bytes."""
    import cv2

    done, encoded = cv2.imencode(".png", picture, [cv2.IMWRITE_PNG_COMPRESSION, 3])
    if not done:
        raise WriteError("write-failed", "A picture could not be encoded.", "Report this fault.")
    return encoded.tobytes()
