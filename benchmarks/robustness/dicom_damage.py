"""DICOM files that are damaged, forged or hostile: whole ones, and what is done to them, from a seed."""

from __future__ import annotations

import struct
import warnings
import zlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate

from edge_runtime.reading.raster import read_scan
from tests.dicom_files import (
    LOSSLESS,
    LOSSY,
    dcmtk_is_there,
    file_bytes,
    photograph,
    put_canaries,
    secondary_capture,
    tomography,
)

from .mutations import MUTATIONS

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

SAMPLES = Path(__file__).parents[2] / "edge_runtime" / "samples"
SHAPE = (183, 215)  # a tenth of a frame, with pixels as small as those of a whole one: analysing it takes no time
PITCH_UM = (7.675, 7.675)
HEADER_BYTES = 8600  # where the elements before the pixels are
BOMB_BYTES = 4 << 30
_UIDS = (b"1.2.840.10008.1.2.4.90", b"1.2.840.10008.1.2.4.80", b"1.2.840.10008.1.2.4.70", b"1.2.840.10008.1.2.5")
_BY_DCMTK = {"jpeg-lossless", "jpeg-lossless-sv1", "jpeg-baseline", "jpeg-extended"}


@dataclass(frozen=True, slots=True)
class Whole:
    """A file before it is damaged.

    Attributes
    ----------
    dataset
        What it was made of, with canaries in every text.
    data
        Its bytes.
    exam
        Whether it holds several frames.
    """

    dataset: Dataset
    data: bytes
    exam: bool


@cache
def frames() -> tuple[NDArray[Any], ...]:
    """Two small B-scans."""
    return tuple(
        cv2.resize(read_scan(SAMPLES / name).pixels, SHAPE[::-1], interpolation=cv2.INTER_AREA)
        for name in ("simulated-cataract.png", "simulated-clear.png")
    )


@cache
def wholes() -> dict[str, Whole]:
    """Every kind of file, by name: each class, and Ophthalmic Tomography in each transfer syntax."""
    two = list(frames())
    deep = [frame.astype(np.uint16) * 16 for frame in two]
    datasets = {
        "photograph": photograph(two[0], pitch_um=PITCH_UM),
        "secondary capture": secondary_capture(two[:1], pitch_um=PITCH_UM),
        "secondary capture, frames": secondary_capture(two, pitch_um=PITCH_UM),
        "tomography, one frame": tomography(two[:1], pitch_um=PITCH_UM),
    }
    found = {name: _whole(dataset, LOSSLESS["explicit"]) for name, dataset in datasets.items()}
    for name, syntax in {**LOSSLESS, **LOSSY}.items():
        if name in _BY_DCMTK and not dcmtk_is_there():
            continue
        found[name] = _whole(tomography(two, pitch_um=PITCH_UM), syntax)
        if name not in LOSSY:
            twelve = tomography(deep, pitch_um=PITCH_UM)
            twelve.BitsStored, twelve.HighBit = 12, 11
            found[f"{name}, 12 bits"] = _whole(twelve, syntax)
    return found


def _whole(dataset: Dataset, syntax: str) -> Whole:
    put_canaries(dataset)
    return Whole(dataset, file_bytes(dataset, syntax), int(dataset.get("NumberOfFrames") or 1) > 1)


def damaged(whole: Whole, rng: np.random.Generator) -> tuple[str, bytes]:
    """What was done to a file, and its bytes afterwards; pydicom, which warns of what it writes, is not listened to."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return _damaged(whole, rng)


def _damaged(whole: Whole, rng: np.random.Generator) -> tuple[str, bytes]:
    if rng.random() < _SHARE_OF_BYTES:
        mutation = MUTATIONS[int(rng.integers(len(MUTATIONS)))]
        data = bytearray(whole.data)
        mutation(data, rng)
        return mutation.__name__, bytes(data)
    kind = _KINDS[int(rng.integers(len(_KINDS)))]
    return kind.__name__, kind(whole, rng)


def header_flipped(whole: Whole, rng: np.random.Generator) -> bytes:
    """Bytes of the header become others."""
    data = bytearray(whole.data)
    for _ in range(int(rng.integers(1, 8))):
        data[int(rng.integers(132, min(len(data), HEADER_BYTES)))] ^= int(rng.integers(1, 256))
    return bytes(data)


def other_element(whole: Whole, rng: np.random.Generator) -> bytes:
    """An element that a reader needs says something impossible, or is gone."""
    keyword, values = _ELEMENTS[int(rng.integers(len(_ELEMENTS)))]
    dataset = _copy(whole)
    value = values[int(rng.integers(len(values)))]
    if value is None:
        if keyword in dataset:
            del dataset[keyword]
    else:
        setattr(dataset, keyword, value)
    return file_bytes(dataset)


def misfiled(whole: Whole, rng: np.random.Generator) -> bytes:
    """A text that names a person stands where a reader looks for something else."""
    dataset = _copy(whole)
    word = "CanaryMISFILEDx"
    for keyword in ("PhotometricInterpretation", "ImageLaterality", "LossyImageCompression", "SOPClassUID",
                    "VOILUTFunction", "BurnedInAnnotation", "SpecificCharacterSet"):  # fmt: skip
        if rng.random() < 0.3:
            setattr(dataset, keyword, word)
    data = file_bytes(dataset)
    # Numbers as text cannot be set to a word: they are replaced in the file.
    for text in (b"0.0076750000", b"0.03"):
        if rng.random() < 0.3:
            data = data.replace(text, b"CanaryNUMB0x"[: len(text)])
    return data


def foreign_preamble(whole: Whole, rng: np.random.Generator) -> bytes:
    """The header of another format before the mark, as a file of two natures has it."""
    heads = (
        b"\x89PNG\r\n\x1a\n",
        b"II*\0\x08\0\0\0",
        b"MM\0*\0\0\0\x08",
        b"\xff\xd8\xff\xe0",
        b"BM",
        b"MZ",
        b"%PDF-1.7",
    )
    head = heads[int(rng.integers(len(heads)))]
    return head + rng.bytes(128 - len(head)) + whole.data[128:]


def private_elements(whole: Whole, rng: np.random.Generator) -> bytes:
    """Private elements: many, long ones, and ones of a kind that lies about its length."""
    dataset = _copy(whole)
    block = dataset.private_block(0x0041, "edge-cataract benchmark", create=True)
    for element in range(int(rng.integers(1, 200))):
        kind = ("LO", "OB", "UN", "UT")[int(rng.integers(4))]
        text = "Canary PRIVATE" * int(rng.integers(1, 2 + 2000 * (element == 0)))
        block.add_new(element, kind, text if kind in ("LO", "UT") else text.encode())
    data = bytearray(file_bytes(dataset))
    if rng.random() < 0.5:
        at = data.find(b"Canary PRIVATE") - 4
        data[at : at + 4] = struct.pack("<L", int(rng.choice([0, 0x7FFFFFFF, 0xFFFFFFFE, 0xFFFFFFFF])))
    return bytes(data)


def deep_sequences(whole: Whole, rng: np.random.Generator) -> bytes:
    """A sequence in a sequence in a sequence, of undefined or of defined lengths, closed or not."""
    depth = int(rng.choice([30, 300, 3000, 30000]))
    opened = struct.pack("<HH2sHL", 0x0040, 0xA730, b"SQ", 0, 0xFFFFFFFF) + struct.pack(
        "<HHL", 0xFFFE, 0xE000, 0xFFFFFFFF
    )
    closed = struct.pack("<HHL", 0xFFFE, 0xE00D, 0) + struct.pack("<HHL", 0xFFFE, 0xE0DD, 0)
    nested = opened * depth + (closed * depth if rng.random() < 0.7 else b"")
    if rng.random() < 0.4:
        nested = b""
        for _ in range(min(depth, 3000)):
            item = struct.pack("<HHL", 0xFFFE, 0xE000, len(nested)) + nested
            nested = struct.pack("<HH2sHL", 0x0040, 0xA730, b"SQ", 0, len(item)) + item
        # Under a name that a reader looks into.
        nested = struct.pack("<HH", 0x5200, 0x9229) + nested[4:]
    return _before_pixels(whole, nested)


def endless_elements(whole: Whole, rng: np.random.Generator) -> bytes:
    """Hundreds of thousands of empty elements."""
    one = struct.pack("<HH2sH", 0x4001, 0x0010, b"LO", 0)
    return _before_pixels(whole, one * int(rng.choice([10_000, 250_000, 1_500_000])))


def bomb(whole: Whole, rng: np.random.Generator) -> bytes:
    """Few bytes that unpack to many."""
    kind = int(rng.integers(4))
    if kind == 0:
        return _deflated_bomb()
    dataset = _copy(whole)
    if kind == 1:  # RLE: 64 times its size, whatever the file claims
        runs = b"\x81\x00" * int(rng.integers(1000, 2_000_000))
        packed = struct.pack("<16L", 1, 64, *[0] * 14) + runs
        syntax = LOSSLESS["rle"]
    else:  # a frame that says that it is larger than the file says
        size = int(rng.choice([5000, 65500]))
        packed = _jpeg_of_size(size, ls=kind == 2)
        syntax = LOSSLESS["jpeg-ls" if kind == 2 else "jpeg-lossless"]
    plain = file_bytes(dataset)
    head = plain[: _pixels_at(plain)].replace(b"1.2.840.10008.1.2.1\0", str(syntax).encode().ljust(20, b"\0")[:20])
    frame = encapsulate([packed] * int(dataset.get("NumberOfFrames") or 1))
    return (
        head
        + struct.pack("<HH2sHL", 0x7FE0, 0x0010, b"OB", 0, 0xFFFFFFFF)
        + frame
        + struct.pack("<HHL", 0xFFFE, 0xE0DD, 0)
    )


def other_syntax(whole: Whole, rng: np.random.Generator) -> bytes:
    """The file says that it is written in another way than it is."""
    at = whole.data.find(b"1.2.840.10008.1.2", 132 + 100)
    uid = _UIDS[int(rng.integers(len(_UIDS)))]
    return whole.data[:at] + uid + whole.data[at + len(uid) :]


def scrambled(whole: Whole, rng: np.random.Generator) -> bytes:
    """The first bytes of every packed frame are hidden."""
    return whole.data.replace(b"\xff\x4f\xff\x51", rng.bytes(4)).replace(b"\xff\xd8\xff", rng.bytes(3))


@cache
def _deflated_bomb() -> bytes:
    head = file_bytes(tomography(list(frames())), LOSSLESS["deflated"])
    start = head.find(b"1.2.840.10008.1.2.1.99") + 22
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    zeros = bytes(1 << 20)
    first, again = (packer.compress(zeros) + packer.flush(zlib.Z_FULL_FLUSH) for _ in range(2))
    return head[: start + (start % 2)] + first + again * (BOMB_BYTES >> 20) + packer.flush()


def _jpeg_of_size(size: int, *, ls: bool) -> bytes:
    marker = 0xF7 if ls else 0xC3
    frame = struct.pack(">BBHBHHBBBB", 0xFF, marker, 11, 8, size, size, 1, 1, 0x11, 0)
    return b"\xff\xd8" + frame + b"\xff\xda\0\x08\x01\x01\0\0\0\0" + bytes(1000) + b"\xff\xd9"


def _copy(whole: Whole) -> Dataset:
    dataset = Dataset()
    dataset.update(whole.dataset)
    return dataset


def _pixels_at(data: bytes) -> int:
    return data.rfind(struct.pack("<HH", 0x7FE0, 0x0010) + b"O")


def _before_pixels(whole: Whole, elements: bytes) -> bytes:
    data = file_bytes(_copy(whole))
    at = _pixels_at(data)
    return data[:at] + elements + data[at:]


_ELEMENTS: tuple[tuple[str, tuple[Any, ...]], ...] = (
    ("Rows", (0, 1, 364, 366, 65535, None)),
    ("Columns", (0, 1, 429, 431, 65535, None)),
    ("NumberOfFrames", (0, -1, 1, 3, 1000, 10**9, None)),
    ("BitsAllocated", (0, 1, 8, 12, 16, 32, 64, None)),
    ("BitsStored", (0, 1, 7, 8, 12, 16, 17, None)),
    ("HighBit", (0, 7, 11, 15, 31, None)),
    ("SamplesPerPixel", (0, 1, 2, 3, 4, 65535, None)),
    ("PixelRepresentation", (0, 1, 2, None)),
    ("PhotometricInterpretation", ("MONOCHROME1", "RGB", "PALETTE COLOR", "YBR_FULL_422", "XYZ", "", None)),
    ("PlanarConfiguration", (0, 1, 9)),
    ("ImageLaterality", ("L", "B", "X", "", None)),
    ("Laterality", ("R", "L", "both")),
    ("WindowWidth", (0, -5, 1e300, 100)),
    ("RescaleSlope", (0, -1, 1e-300)),
    ("PixelSpacing", ([0, 0], [-1, 1], [1e300, 1], [1])),
    ("SOPClassUID", ("1.2.840.10008.5.1.4.1.1.2", "1.2.3", "", None)),
    ("SharedFunctionalGroupsSequence", ([], [Dataset(), Dataset()], None)),
    ("PerFrameFunctionalGroupsSequence", ([], [Dataset()], [Dataset()] * 9, None)),
    ("VOILUTSequence", ([Dataset()],)),
)
_KINDS: tuple[Callable[[Whole, np.random.Generator], bytes], ...] = (
    header_flipped, header_flipped, other_element, other_element, misfiled, foreign_preamble, private_elements,
    deep_sequences, endless_elements, bomb, other_syntax, scrambled,
)  # fmt: skip
_SHARE_OF_BYTES = 0.4
