"""Damage files at random and read them: ``python -m benchmarks.robustness.mutations``.

Every mutant is read in a process that is watched. It must be refused with a typed error, or be read; a crash, a hang or
another exception fails the run. A mutant that is read with other pixels than the original is put into a class that
says why nobody could have seen it; a lost block in the middle of the picture is no such class and fails the run, too.
"""

from __future__ import annotations

import argparse
import os
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from benchmarks.provenance import place, save
from edge_runtime.errors import EdgeCataractError
from edge_runtime.model.onnx_file import inspect
from edge_runtime.model.precision import DEFAULT_PRECISION
from edge_runtime.model.seal import check_seal
from edge_runtime.model.store import read_model
from edge_runtime.reading.raster import decode_scan, read_scan

from .supervision import Job, supervised

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

ROOT = Path(__file__).parents[2]
RESULTS = Path(__file__).parents[1] / "results" / "mutations.json"
SAMPLE = ROOT / "edge_runtime" / "samples" / "simulated-clear.png"
SHAPE = (183, 215)  # small, so that a mutant costs a millisecond; the frame's aspect ratio
CHUNK = 500
COMPRESSIONS = {"none": 1, "lzw": 5, "deflate": 8, "packbits": 32773}


@dataclass(frozen=True, slots=True)
class Original:
    """A whole file.

    Attributes
    ----------
    data
        Its bytes.
    pixels
        What it shows; None for a model.
    """

    data: bytes
    pixels: NDArray[Any] | None


def originals() -> dict[str, Original]:
    """Every kind of file, by name."""
    grey = cv2.resize(read_scan(SAMPLE).pixels, SHAPE[::-1], interpolation=cv2.INTER_AREA).astype(np.uint8)
    deep = grey.astype(np.uint16) * 257
    files: dict[str, tuple[NDArray[Any], str, tuple[int, ...]]] = {
        "png": (grey, ".png", ()),
        "png 16 bit": (deep, ".png", ()),
        "jpeg": (grey, ".jpg", (cv2.IMWRITE_JPEG_QUALITY, 90)),
        "jpeg progressive": (grey, ".jpg", (cv2.IMWRITE_JPEG_PROGRESSIVE, 1)),
        "bmp": (grey, ".bmp", ()),
    }
    for name, code in COMPRESSIONS.items():
        strips = (cv2.IMWRITE_TIFF_COMPRESSION, code, cv2.IMWRITE_TIFF_ROWSPERSTRIP, 32)
        files[f"tiff {name}"] = (grey, ".tiff", strips)
        files[f"tiff {name} 16 bit"] = (deep, ".tiff", strips)
    found = {}
    for name, (pixels, suffix, options) in files.items():
        data = cv2.imencode(suffix, pixels, options)[1].tobytes()
        found[name] = Original(data, decode_scan(data, name).pixels)
    found["tiff tiled"] = _tiled(grey)
    found["model"] = Original(read_model(None, DEFAULT_PRECISION), None)
    return found


def _tiled(grey: NDArray[np.uint8]) -> Original:
    import struct

    side, (rows, columns) = 64, grey.shape
    padded = np.pad(grey, ((0, -rows % side), (0, -columns % side)), mode="edge")
    tiles = padded.reshape(-1, side, padded.shape[1] // side, side).transpose(0, 2, 1, 3).reshape(-1, side * side)
    count, entries = len(tiles), 10
    first = 8 + 2 + 12 * entries + 4
    body = first + 8 * count
    offsets = [body + side * side * number for number in range(count)]
    tags = [
        (256, 1, columns), (257, 1, rows), (258, 1, 8), (259, 1, 1), (262, 1, 1), (277, 1, 1), (322, 1, side),
        (323, 1, side), (324, count, first), (325, count, first + 4 * count),
    ]  # fmt: skip
    table = struct.pack("<H", entries) + b"".join(struct.pack("<HHII", tag, 4, n, value) for tag, n, value in tags)
    lists = struct.pack(f"<{2 * count}I", *offsets, *[side * side] * count)
    data = b"II*\x00" + struct.pack("<I", 8) + table + struct.pack("<I", 0) + lists + tiles.tobytes()
    return Original(data, decode_scan(data, "tiled").pixels)


def flipped(data: bytearray, rng: np.random.Generator) -> None:
    """One to four bytes become others."""
    for _ in range(int(rng.integers(1, 5))):
        data[int(rng.integers(len(data)))] ^= int(rng.integers(1, 256))


def flipped_at_the_ends(data: bytearray, rng: np.random.Generator) -> None:
    """A byte of the first or of the last 256, where headers and directories are."""
    at = int(rng.integers(256))
    data[at if rng.random() < 0.5 else -1 - at] = int(rng.integers(256))


def cut(data: bytearray, rng: np.random.Generator) -> None:
    """The end is missing."""
    del data[int(rng.integers(1, len(data))) :]


def holed(data: bytearray, rng: np.random.Generator) -> None:
    """A block of a storage is zero, or all ones."""
    size = int(rng.choice([512, 1024, 4096]))
    at = int(rng.integers(max(len(data) - size, 1))) // 512 * 512
    size = min(size, len(data) - at)
    data[at : at + size] = bytes([0xFF if rng.random() < 0.5 else 0]) * size


def filled(data: bytearray, rng: np.random.Generator) -> None:
    """All from some place on is zero, or all ones."""
    at = int(rng.integers(1, len(data)))
    data[at:] = bytes([0xFF if rng.random() < 0.5 else 0]) * (len(data) - at)


def spliced(data: bytearray, rng: np.random.Generator) -> None:
    """A block is copied to another place."""
    size = int(rng.integers(1, max(len(data) // 4, 2)))
    source, target = (int(rng.integers(len(data) - size)) for _ in range(2))
    data[target : target + size] = data[source : source + size]


def numbered(data: bytearray, rng: np.random.Generator) -> None:
    """Four bytes become a number that programs stumble over."""
    value = int(rng.choice([0, 1, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 0xFFFF, 0x10000, len(data)]))
    at = int(rng.integers(max(min(len(data), 512) - 4, 1)))
    if rng.random() < 0.3:
        at = max(len(data) - 4 - at, 0)
    data[at : at + 4] = value.to_bytes(4, "little" if rng.random() < 0.5 else "big")


MUTATIONS: tuple[Callable[[bytearray, np.random.Generator], None], ...] = (
    flipped, flipped_at_the_ends, cut, holed, filled, spliced, numbered,
)  # fmt: skip


def outcome_of(name: str, original: Original, mutation: str, data: bytes) -> str:
    """Read a mutant and put what happened into a class."""
    if data == original.data:
        return "unchanged"
    try:
        if original.pixels is None:
            check_seal(data)
            inspect(data)
            return "FAULT: a changed model was accepted"
        pixels = decode_scan(data, name).pixels
    except EdgeCataractError as error:
        return f"refused: {error.word}"
    except Exception as error:  # noqa: BLE001  # what must not happen is counted
        return f"FAULT: {type(error).__name__}"
    if pixels.shape != original.pixels.shape or pixels.dtype != original.pixels.dtype:
        return "read: another size or depth, which the header claims and the data allow"
    if np.array_equal(pixels, original.pixels):
        return "read: the same pixels"
    bottom_up = name == "bmp"
    if _has_hole(*((pixels[::-1], original.pixels[::-1]) if bottom_up else (pixels, original.pixels))):
        return "FAULT: a hole in the middle"
    return f"read: other pixels, {_why(name)} ({mutation})"


def _why(name: str) -> str:
    if name.startswith("jpeg"):
        return "coefficients or tables of a JPEG carry no checksum"
    if name.startswith(("tiff none", "bmp", "tiff tiled")):
        return "raw pixels carry no checksum"
    if name.startswith("png"):
        return "all checksums of a PNG hold"
    return "packed bytes that still unpack to the right length carry no checksum"


def _has_hole(pixels: NDArray[Any], original: NDArray[Any]) -> bool:
    """Whether as much as a row, in the order in which pixels are stored, was lost between rows of tissue."""
    for value in (0, int(np.iinfo(pixels.dtype).max)):
        lost = ((pixels == value) & (original != value)).ravel()
        tissue = np.flatnonzero(np.count_nonzero(pixels, axis=1) >= 0.05 * pixels.shape[1])
        if tissue.size < 2:
            continue
        part = (pixels.ravel() == value)[tissue[0] * pixels.shape[1] : (tissue[-1] + 1) * pixels.shape[1]]
        ends = np.flatnonzero(np.concatenate([[True], ~part, [True]]))
        if int(np.diff(ends).max()) - 1 >= pixels.shape[1] and lost.any():
            return True
    return False


def mutants(name: str, original: Original, seed: int, first: int, count: int) -> Iterator[str]:
    """The outcomes of a run of mutants; each depends on the seed, the file's name and its number alone."""
    for number in range(first, first + count):
        rng = np.random.default_rng([seed, number, *name.encode()])
        mutation = MUTATIONS[int(rng.integers(len(MUTATIONS)))]
        data = bytearray(original.data)
        mutation(data, rng)
        yield outcome_of(name, original, mutation.__name__, bytes(data))


@cache
def _files() -> dict[str, Original]:
    cv2.setNumThreads(1)
    return originals()


def _outcomes(job: Job, seed: int) -> Iterator[str]:
    return mutants(job.name, _files()[job.name], seed, job.first, job.count)


def main() -> int:
    """Mutate, print, save; 1 when something happened that must not."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mutants", type=int, default=200_000)
    parser.add_argument("--seed", type=int, default=14)
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--out", type=Path, default=RESULTS)
    arguments = parser.parse_args()
    names = list(originals())
    each = -(-arguments.mutants // len(names))
    jobs = [Job(name, first, min(CHUNK, each - first)) for first in range(0, each, CHUNK) for name in names]
    found, slowest = supervised(_outcomes, jobs, arguments.seed, arguments.workers)
    faults = sum(count for counts in found.values() for outcome, count in counts.items() if outcome.startswith("FAULT"))
    content = {
        **place(),
        "seed": arguments.seed,
        "mutants": each * len(names),
        "faults": faults,
        "slowest_cpu_s": round(slowest, 3),
        "outcomes": {name: dict(sorted(counts.items())) for name, counts in sorted(found.items())},
    }
    save(arguments.out, content)
    print(f"{content['mutants']} mutants, {faults} faults, slowest {slowest:.2f} s")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
