"""Devices and networks that write scans into a folder as slowly and as badly as they can, by a seed."""

from __future__ import annotations

import hashlib
import struct
import time
import zlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import cv2
import numpy as np

from benchmarks.robustness.batch_scans import DICOM, dicom_of
from edge_runtime.scan import Laterality

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

SCANS_PER_EYE = 6
SCANS_PER_EXAM = 2 * SCANS_PER_EYE
ENDINGS = (".png", ".tif", ".bmp", ".jpg", *((".dcm",) if DICOM else ()))
MANNERS = ("at once", "slowly", "renamed", "preallocated", "cut first", "cut for ever", "replaced", "away for a moment")
_SHARES = (0.1, 0.25, 0.15, 0.1, 0.15, 0.03, 0.15, 0.07)
_LINKED = "L"  # names of exams whose files are links
_REPLACED = 1_200_000  # what is added to the number of a file for its second content
_PNG_HEADER = 33


@dataclass(slots=True)
class Written:
    """What was written at one place.

    Attributes
    ----------
    manner
        How.
    final
        Hash of what lies there at last.
    whole
        Hashes of all whole contents that lay there.
    parts
        Hashes of unfinished contents that lay there for so long that they may be judged as they are.
    """

    manner: str
    final: str = ""
    whole: set[str] = field(default_factory=set)
    parts: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Pace:
    """Times in seconds.

    Attributes
    ----------
    pause_s
        The longest pause within a file.
    late_s
        How long after an exam its files are replaced.
    timeout_s
        What has lain unfinished for nearly so long may be judged.
    """

    pause_s: float
    late_s: float
    timeout_s: float

    @property
    def may_be_judged_s(self) -> float:
        """From this time on an unfinished file counts as one that was left so."""
        return 0.7 * self.timeout_s


class Contents:
    """Files that differ from one another in some bytes alone."""

    def __init__(self) -> None:
        frames = [_frame(place) for place in range(SCANS_PER_EYE)]  # or scans of an eye would be one scan given twice
        self._plain = {
            (ending, place): _encoded(ending, frame)
            for place, frame in enumerate(frames)
            for ending in ENDINGS
            if ending != ".dcm"
        }
        self._dicom = {
            (eye, place): dicom_of(frame, eye) for place, frame in enumerate(frames) for eye in Laterality if DICOM
        }

    def make(self, ending: str, eye: Laterality, number: int) -> bytes:
        """A whole file that nobody else has."""
        mark = hashlib.sha256(str(number).encode()).digest()
        place = number % SCANS_PER_EYE
        content = self._dicom[eye, place] if ending == ".dcm" else self._plain[ending, place]
        if ending == ".png":
            body = b"Comment\x00" + mark.hex().encode()
            chunk = struct.pack(">I", len(body)) + b"tEXt" + body + struct.pack(">I", zlib.crc32(b"tEXt" + body))
            return content[:_PNG_HEADER] + chunk + content[_PNG_HEADER:]
        if ending == ".jpg":
            return content[:2] + b"\xff\xfe" + struct.pack(">H", len(mark) + 2) + mark + content[2:]
        middle = len(content) // 2  # of pixels that are not packed
        patched = bytes(value & ~1 | (mark[bit % len(mark)] >> bit // len(mark)) & 1
                        for bit, value in enumerate(content[middle : middle + 8 * len(mark)]))  # fmt: skip
        return content[:middle] + patched + content[middle + 8 * len(mark) :]


def _frame(place: int) -> NDArray[np.uint8]:
    """(365, 430) uint8, the shape of a device's frame: what the tiny model takes for a lens, with speckle."""
    noise = np.random.default_rng([18, place])
    frame = np.clip(noise.normal(20, 6, (365, 430)), 1, 40)
    frame[150:300, 130:300] = np.clip(noise.normal(90, 8, (150, 170)), 60, 119)
    return frame.astype(np.uint8)


def _encoded(ending: str, picture: NDArray[np.uint8]) -> bytes:
    options = [cv2.IMWRITE_TIFF_COMPRESSION, 1] if ending == ".tif" else []
    done, data = cv2.imencode(ending, picture, options)
    if not done:
        raise RuntimeError(f"{ending} could not be encoded")
    return data.tobytes()


@dataclass(frozen=True, slots=True)
class Writers:
    """Write exams, several at a time.

    Attributes
    ----------
    folder
        The watched folder.
    elsewhere
        A folder beside it, for the files that links lead to.
    pace
        How slowly.
    seed
        Of every draw.
    """

    folder: Path
    elsewhere: Path
    pace: Pace
    seed: int

    def write(self, files: int, at_a_time: int) -> dict[str, Written]:
        """Write so many files; returns what was written, by its place below the folder."""
        contents = Contents()
        exams = [range(first, min(first + SCANS_PER_EXAM, files)) for first in range(0, files, SCANS_PER_EXAM)]
        with ThreadPoolExecutor(at_a_time) as pool:
            done = list(pool.map(lambda numbers: self._exam(contents, numbers), exams))
        return {place: written for exam in done for place, written in exam.items()}

    def _exam(self, contents: Contents, numbers: range) -> dict[str, Written]:
        """Write the files of an exam side by side; some are replaced a while after the last one is there."""
        with ThreadPoolExecutor(len(numbers)) as pool:
            done = dict(pool.map(lambda number: self._scan(contents, number), numbers))
        exam = numbers.start // SCANS_PER_EXAM
        rng = np.random.default_rng([self.seed, exam])
        time.sleep(float(rng.uniform(0, self.pace.late_s)))
        for number, (place, written) in zip(numbers, done.items(), strict=True):
            if written.manner != "replaced":
                continue
            _, eye, ending = _place(number)
            content = contents.make(ending, eye, _REPLACED + number)
            if rng.random() < 0.5:
                self._renamed(place, content, written)
            else:
                self._slowly(place, content, written, rng)
        return done

    def _scan(self, contents: Contents, number: int) -> tuple[str, Written]:
        rng = np.random.default_rng([self.seed, number, 1])
        place, eye, ending = _place(number)
        written = Written(MANNERS[int(rng.choice(len(MANNERS), p=_SHARES))])
        self._pause(rng)
        self._file(place, contents.make(ending, eye, number), written, rng)
        return place, written

    def _file(self, place: str, content: bytes, written: Written, rng: np.random.Generator) -> None:
        path = self.folder / place
        path.parent.mkdir(parents=True, exist_ok=True)
        if place.startswith(_LINKED):
            target = self.elsewhere / place
            target.parent.mkdir(parents=True, exist_ok=True)
            path.symlink_to(target)  # what it leads to comes later
        match written.manner:
            case "slowly" | "preallocated":
                self._slowly(place, content, written, rng, size_first=written.manner == "preallocated")
            case "cut first" | "cut for ever":
                cut = content[: int(rng.integers(0, len(content) - 300))]
                self._put(place, cut, written, whole=False)
                began = time.monotonic()
                if written.manner == "cut for ever":
                    written.parts.add(written.final)
                    return
                self._pause(rng)
                self._left(written, cut, began)
                self._put(place, content, written)
            case "away for a moment":
                self._put(place, content, written)
                self._pause(rng)
                hidden = path.rename(f"{path}.part")
                self._pause(rng)
                hidden.rename(path)
            case "renamed":
                self._renamed(place, content, written)
            case _:
                self._put(place, content, written)

    def _slowly(
        self, place: str, content: bytes, written: Written, rng: np.random.Generator, *, size_first: bool = False
    ) -> None:
        """In slices, with pauses in which the file looks as if it were done."""
        cuts = sorted({int(cut) for cut in rng.integers(1, len(content) - 300, int(rng.integers(1, 5)))})
        with (self.folder / place).open("wb", buffering=0) as file:
            if size_first:
                file.truncate(len(content))
            for start, end in zip([0, *cuts], [*cuts, len(content)], strict=True):
                file.write(content[start:end])
                began = time.monotonic()
                if end < len(content):
                    self._pause(rng)
                    part = content[:end] + (bytes(len(content) - end) if size_first else b"")
                    self._left(written, part, began)
        _settled(written, content)

    def _renamed(self, place: str, content: bytes, written: Written) -> None:
        path = self.folder / place
        temporary = path.with_name(f".{path.name}" if len(path.name) % 2 else f"{path.name}.part")
        temporary.write_bytes(content)
        temporary.replace(path)
        _settled(written, content)

    def _put(self, place: str, content: bytes, written: Written, *, whole: bool = True) -> None:
        (self.folder / place).write_bytes(content)
        if whole:
            _settled(written, content)
        else:
            written.final = hashlib.sha256(content).hexdigest()

    def _left(self, written: Written, part: bytes, began: float) -> None:
        """Note an unfinished content that lay there for so long, on a busy machine, that it may be judged."""
        if time.monotonic() - began > self.pace.may_be_judged_s:
            written.parts.add(hashlib.sha256(part).hexdigest())

    def _pause(self, rng: np.random.Generator) -> None:
        time.sleep(float(rng.uniform(0, self.pace.pause_s)))


def _settled(written: Written, content: bytes) -> None:
    written.final = hashlib.sha256(content).hexdigest()
    written.whole.add(written.final)


def _place(number: int) -> tuple[str, Laterality, str]:
    """Where a scan is written, below the folder; which eye it shows; and its ending."""
    exam, scan = divmod(number, SCANS_PER_EXAM)
    eye = (Laterality.OD, Laterality.OS)[scan // SCANS_PER_EYE]
    ending = ENDINGS[(exam + scan) % len(ENDINGS)]
    meridian = 30 * (scan % SCANS_PER_EYE)
    match exam % 4:
        case 0:
            return f"E{exam:04d}_{eye}_{meridian:03d}deg{ending}", eye, ending
        case 1:
            return f"{_LINKED}{exam:04d}_{eye}_{meridian:03d}deg{ending}", eye, ending
        case 2:
            return f"ward/E{exam:04d}/{eye}/{meridian:03d}deg{ending}", eye, ending
    return f"ward/E{exam:04d}\udcff/{eye}/{meridian:03d}deg{ending}", eye, ending  # a byte that is no UTF-8


def write_decoys(folder: Path) -> None:
    """Write what no watch may take: hidden files, temporary ones, text, a folder that is called like a scan."""
    for name in (".hidden_OD_1.png", "~E_OD_1.png", "E_OD_1.png.part", "E_OD_1.tmp.png", "notes.txt", "E_OD_1"):
        (folder / name).write_bytes(b"nothing that is a scan")
    (folder / "folder.png").mkdir()
    (folder / "circle").symlink_to(folder)
