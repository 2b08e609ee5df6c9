"""One frame of a DICOM file to grey levels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from edge_runtime.reading.decoder_messages import captured_messages, reports_damage
from edge_runtime.reading.decoding import decode_picture, only_channel
from edge_runtime.reading.headers import Header
from edge_runtime.reading.headers.jpeg import read_jpeg

from .codestreams import checked_codestream
from .jpeg_lossless import plain_jpeg_lossless
from .library import damaged, guarded, not_installed
from .syntaxes import Packing

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .grey import Grey
    from .layout import Layout
    from .syntaxes import Syntax


def unpack(data: bytes, syntax: Syntax, layout: Layout, *, little_endian: bool) -> NDArray[Any]:
    """The numbers of a frame.

    Parameters
    ----------
    data
        Its bytes.
    syntax, layout
        How they are packed, and what they unpack to.
    little_endian
        Whether numbers have their lowest byte first.

    Returns
    -------
    ndarray
        (rows, columns) or (rows, columns, 3) uint8 or uint16.

    Raises
    ------
    ScanError
        When they do not unpack to a frame of this layout; the word says why.
    MissingExtraError
        ``dicom-not-installed`` when the decoder is not there.
    """
    match syntax.packing:
        case Packing.NATIVE:
            return _native(data, layout, little_endian=little_endian)
        case Packing.JPEG:
            checked_codestream(data, syntax.packing, layout)
            header = read_jpeg(data)
            if (header.rows, header.columns, header.samples) != (layout.rows, layout.columns, layout.samples):
                raise damaged("A frame of JPEG has another size than the file says.")
            return _fitting(decode_picture(data, header), layout)
        case Packing.JPEG_LOSSLESS:
            data, bits = plain_jpeg_lossless(checked_codestream(data, syntax.packing, layout), layout)
            if bits == 8:
                header = Header("jpeg", layout.rows, layout.columns, 8, 255, checksummed=False)
                return _fitting(decode_picture(data, header), layout)
            return _fitting(_heard(data, syntax, layout), layout)
        case _:
            data = checked_codestream(data, syntax.packing, layout)
    return _fitting(guarded(lambda: _by_pydicom(data, syntax, layout)), layout)


def grey_levels(pixels: NDArray[Any], layout: Layout, grey: Grey) -> tuple[NDArray[Any], int]:
    """Numbers to grey levels, black as 0, and the level that is white; it depends on the header alone.

    Parameters
    ----------
    pixels
        (rows, columns) or (rows, columns, 3) of uint8 or uint16, as they are stored; three channels must be equal.
    layout, grey
        What the header says of them.
    """
    levels = only_channel(pixels)
    white = layout.white
    if layout.shift:
        levels = levels >> layout.shift
    if layout.stored < 8 * levels.itemsize:
        levels = levels & white
    if grey.window is not None:
        low, high = grey.window
        steps = (np.arange(white + 1, dtype=np.float64) - low) * (65535 / (high - low))
        levels, white = np.rint(np.clip(steps, 0, 65535)).astype(np.uint16)[levels], 65535
    if grey.inverted:
        levels = white - levels
    return np.ascontiguousarray(levels, dtype=np.uint8 if white == 255 else np.uint16), white


def _native(data: bytes, layout: Layout, *, little_endian: bool) -> NDArray[Any]:
    numbers: NDArray[Any]
    if layout.allocated == 8:
        numbers = np.frombuffer(data, np.uint8)
    else:
        numbers = np.frombuffer(data, "<u2" if little_endian else ">u2").astype(np.uint16)
    if layout.samples == 1:
        return numbers.reshape(layout.rows, layout.columns)
    if layout.planar:
        return numbers.reshape(layout.samples, layout.rows, layout.columns).transpose(1, 2, 0)
    return numbers.reshape(layout.rows, layout.columns, layout.samples)


def _heard(data: bytes, syntax: Syntax, layout: Layout) -> NDArray[Any]:
    """As `_by_pydicom`, of a decoder that fills in what is missing and says so on standard error."""
    with captured_messages() as messages:
        pixels = guarded(lambda: _by_pydicom(data, syntax, layout))
    if reports_damage("jpeg", messages):
        raise damaged("A frame of JPEG lossless is damaged.")
    return pixels


def _by_pydicom(data: bytes, syntax: Syntax, layout: Layout) -> NDArray[Any]:
    from pydicom.encaps import encapsulate
    from pydicom.pixels.decoders.base import get_decoder
    from pydicom.uid import UID

    decoder = get_decoder(UID(syntax.uid))
    if syntax.plugin not in decoder.available_plugins:
        raise not_installed()
    options: dict[str, Any] = {
        "rows": layout.rows,
        "columns": layout.columns,
        "samples_per_pixel": layout.samples,
        "photometric_interpretation": layout.photometric,
        "bits_allocated": layout.allocated,
        "bits_stored": layout.stored,
        "pixel_representation": 0,
        "number_of_frames": 1,
        "pixel_keyword": "PixelData",
        "planar_configuration": int(layout.planar),
    }
    packed = encapsulate([data], has_bot=False)
    pixels, _ = decoder.as_array(packed, index=0, raw=True, decoding_plugin=syntax.plugin, **options)
    return pixels


def _fitting(pixels: NDArray[Any], layout: Layout) -> NDArray[Any]:
    """The pixels when they have the shape of the layout, or its shape with equal channels."""
    shape = (layout.rows, layout.columns) + ((3,) if layout.samples == 3 else ())
    if pixels.shape != shape or pixels.dtype not in (np.uint8, np.uint16) or pixels.itemsize > layout.allocated // 8:
        raise damaged("A packed frame unpacks to another size or depth than the file says.")
    return pixels
