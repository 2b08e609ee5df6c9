"""Let OpenCV decode a picture whose header was checked, and hear what its decoders say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from edge_runtime.errors import ScanError, out_of_memory
from edge_runtime.machine.libraries import load_cv2
from edge_runtime.scan import EXPORT_AGAIN, EXPORT_AS

from .decoder_messages import captured_messages, reports_damage

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .headers import Header


def decode_picture(data: bytes, header: Header) -> NDArray[Any]:
    """Decode the bytes of a PNG, JPEG, TIFF or BMP.

    Returns
    -------
    ndarray
        (rows, columns) or (rows, columns, channels) of uint8 or uint16, as the header says.

    Raises
    ------
    ScanError
        When it is damaged.
    """
    cv2 = load_cv2()
    damaged = ScanError(
        f"damaged-{header.container}", f"The {header.container.upper()} cannot be decoded.", EXPORT_AGAIN
    )
    with captured_messages() as messages:
        try:
            pixels: NDArray[Any] | None = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
        except cv2.error as error:
            raise out_of_memory() if error.code == cv2.Error.StsNoMem else damaged from error
    if pixels is None or pixels.shape[:2] != (header.rows, header.columns) or pixels.dtype.itemsize * 8 != header.bits:
        raise damaged
    if reports_damage(header.container, messages):
        name = header.container
        raise ScanError(
            f"truncated-{name}",
            f"The {name.upper()} holds fewer pixels than its header says, or is damaged.",
            EXPORT_AGAIN,
        )
    return pixels


def only_channel(pixels: NDArray[Any]) -> NDArray[Any]:
    """The grey of (rows, columns), or of (rows, columns, 3) with three equal channels.

    Raises
    ------
    ScanError
        ``colour-image`` when the channels differ.
    """
    if pixels.ndim == 2:
        return pixels
    if pixels.shape[2] != 3 or not (
        np.array_equal(pixels[..., 0], pixels[..., 1]) and np.array_equal(pixels[..., 0], pixels[..., 2])
    ):
        raise ScanError("colour-image", "The picture's channels differ: it is in colour.", EXPORT_AS)
    return np.ascontiguousarray(pixels[..., 0])
