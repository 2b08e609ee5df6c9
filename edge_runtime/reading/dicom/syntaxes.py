"""Transfer syntaxes: how the pixels of a DICOM file are packed, and who unpacks them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto

from edge_runtime.errors import ScanError

_ROOT = "1.2.840.10008.1.2"
IMPLICIT, DEFLATED, BIG_ENDIAN = _ROOT, f"{_ROOT}.1.99", f"{_ROOT}.2"


class Packing(Enum):
    """What the bytes of a frame are."""

    NATIVE = auto()
    RLE = auto()
    JPEG = auto()  # 8 bits, lossy: OpenCV
    JPEG_LOSSLESS = auto()  # 8 bits: OpenCV; more: GDCM
    JPEG_LS = auto()
    JPEG_2000 = auto()


@dataclass(frozen=True, slots=True)
class Syntax:
    """A transfer syntax.

    Attributes
    ----------
    uid
        Its number in the standard.
    packing
        What the bytes of a frame are.
    lossy
        Whether it loses detail: always, never, or (None) as the file says of itself.
    plugin
        Which of pydicom's decoders unpacks it; "" for none.
    """

    uid: str
    packing: Packing
    lossy: bool | None = False
    plugin: str = ""


_KNOWN = (
    Syntax(IMPLICIT, Packing.NATIVE),
    Syntax(f"{_ROOT}.1", Packing.NATIVE),
    Syntax(DEFLATED, Packing.NATIVE),
    Syntax(BIG_ENDIAN, Packing.NATIVE),
    Syntax(f"{_ROOT}.5", Packing.RLE, plugin="pydicom"),
    Syntax(f"{_ROOT}.4.50", Packing.JPEG, lossy=True),
    Syntax(f"{_ROOT}.4.51", Packing.JPEG, lossy=True),
    Syntax(f"{_ROOT}.4.57", Packing.JPEG_LOSSLESS, plugin="gdcm"),
    Syntax(f"{_ROOT}.4.70", Packing.JPEG_LOSSLESS, plugin="gdcm"),
    Syntax(f"{_ROOT}.4.80", Packing.JPEG_LS, plugin="pyjpegls"),
    Syntax(f"{_ROOT}.4.81", Packing.JPEG_LS, lossy=True, plugin="pyjpegls"),
    Syntax(f"{_ROOT}.4.90", Packing.JPEG_2000, plugin="pylibjpeg"),
    Syntax(f"{_ROOT}.4.91", Packing.JPEG_2000, lossy=None, plugin="pylibjpeg"),
    Syntax(f"{_ROOT}.4.201", Packing.JPEG_2000, plugin="pylibjpeg"),
    Syntax(f"{_ROOT}.4.202", Packing.JPEG_2000, plugin="pylibjpeg"),
    Syntax(f"{_ROOT}.4.203", Packing.JPEG_2000, lossy=None, plugin="pylibjpeg"),
)
SYNTAXES = {syntax.uid: syntax for syntax in _KNOWN}


def syntax_of(uid: str) -> Syntax:
    """The transfer syntax of a number.

    Raises
    ------
    ScanError
        ``unsupported-compression`` for any other, such as a film.
    """
    if uid not in SYNTAXES:
        raise ScanError(
            "unsupported-compression",
            "The pixels of the DICOM file are packed in a way that is not read.",
            "Export it uncompressed (Explicit VR Little Endian).",
        )
    return SYNTAXES[uid]
