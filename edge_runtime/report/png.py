"""Pictures as PNG, marked as this program's own."""

from __future__ import annotations

import json
import struct
import zlib
from dataclasses import asdict, replace
from typing import TYPE_CHECKING

from edge_runtime.errors import WriteError
from edge_runtime.reading.picture_mark import AFTER_HEADER, KEYWORD, PictureMark, content_sha256, picture_mark

if TYPE_CHECKING:
    from typing import Any

    from numpy.typing import NDArray

__all__ = ["PictureMark", "encode_png", "picture_mark"]


def encode_png(picture: NDArray[Any], mark: PictureMark | None = None) -> bytes:
    """A (rows, columns) or (rows, columns, 3) uint8 or uint16 array as PNG bytes."""
    import cv2

    # One filter that is named: libpng tries several otherwise, which takes half of the time and saves a tenth.
    settings = [cv2.IMWRITE_PNG_COMPRESSION, 2, cv2.IMWRITE_PNG_FILTER, cv2.IMWRITE_PNG_FILTER_UP]
    done, encoded = cv2.imencode(".png", picture, settings)
    if not done:
        raise WriteError("write-failed", "A picture could not be encoded.", "Report this fault.")
    if mark is None:
        return encoded.tobytes()
    data = encoded.ravel().data  # joined without copies between: they count under a cap on memory
    head, rest = data[:AFTER_HEADER], data[AFTER_HEADER:]
    said = asdict(replace(mark, content_sha256=content_sha256((head, rest))))
    body = KEYWORD + b"\x00" + json.dumps(said).encode("ascii")
    chunk = struct.pack(">I", len(body)) + b"tEXt" + body + struct.pack(">I", zlib.crc32(b"tEXt" + body))
    return b"".join((head, chunk, rest))
