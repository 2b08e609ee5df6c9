"""Pictures as PNG, marked as this program's own."""

from __future__ import annotations

import json
import os
import stat
import struct
import zlib
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from edge_runtime.errors import WriteError

if TYPE_CHECKING:
    from typing import Any

    from numpy.typing import NDArray

_KEYWORD = b"edge-cataract"
_AFTER_HEADER = 33  # signature and header chunk of a PNG
_MOST_BYTES = 4096  # of a mark


@dataclass(frozen=True, slots=True)
class PictureMark:
    """What a picture of this program says of itself, in a text chunk.

    Attributes
    ----------
    picture
        ``overlay``, ``eye``, ``labels``, ``probability`` or ``tissues``.
    scan_sha256
        Hash of the scan that it shows; of an eye, of its first scan.
    document_sha256
        Hash of the document that was written with it; None without one. A reader can tell by it that both are of one
        run.
    """

    picture: str
    scan_sha256: str
    document_sha256: str | None


def encode_png(picture: NDArray[Any], mark: PictureMark | None = None) -> bytes:
    """A (rows, columns) or (rows, columns, 3) uint8 or uint16 array as PNG bytes."""
    import cv2

    done, encoded = cv2.imencode(".png", picture, [cv2.IMWRITE_PNG_COMPRESSION, 3])
    if not done:
        raise WriteError("write-failed", "A picture could not be encoded.", "Report this fault.")
    if mark is None:
        return encoded.tobytes()
    body = _KEYWORD + b"\x00" + json.dumps(asdict(mark)).encode("ascii")
    chunk = struct.pack(">I", len(body)) + b"tEXt" + body + struct.pack(">I", zlib.crc32(b"tEXt" + body))
    data = encoded.ravel().data  # joined without copies between: they count under a cap on memory
    return b"".join((data[:_AFTER_HEADER], chunk, data[_AFTER_HEADER:]))


def picture_mark(path: str | os.PathLike[str]) -> PictureMark | None:
    """The mark of a picture file; None when it is no picture of this program, or cannot be read."""
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):  # a pipe without a writer would be waited for
            return None
        with open(path, "rb") as file:
            head = file.read(_AFTER_HEADER + _MOST_BYTES)
        length, kind = struct.unpack_from(">I4s", head, _AFTER_HEADER)
        keyword, _, text = head[_AFTER_HEADER + 8 : _AFTER_HEADER + 8 + length].partition(b"\x00")
        if kind != b"tEXt" or keyword != _KEYWORD:
            return None
        return PictureMark(**json.loads(text))
    except (OSError, ValueError, TypeError, struct.error):
        return None
