"""Whole frames to learn a look from: of simulated eyes, and pictures that are none."""

from __future__ import annotations

import csv
import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from edge_runtime.errors import EdgeCataractError
from edge_runtime.frame.brightness import Brightness
from edge_runtime.frame.prepare import prepare_frame
from edge_runtime.frame.profiles import profile_for
from edge_runtime.frame.resample import COARSE_STEP
from edge_runtime.look.tissues import Picture, Tissue
from edge_runtime.reading.raster import read_scan
from edge_runtime.scan import scan_from_pixels
from train.data.frames import profile_of
from train.data.labels import native_labels
from train.phantom.eye.corneal_condition import CornealCondition
from train.phantom.imaging.plan import Tool
from train.pictures.draw import TRAINING_FAMILIES, draw_picture
from train.workers import process_pool

from .network import PICTURES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from edge_runtime.scan import Scan

SHAPE = (256, 288)  # coarse pixels: a frame of the usual device is 228 x 268; larger ones are cut
BLOCK = 2 * COARSE_STEP  # native pixels per pixel of a tissue map
IGNORED = 255  # no truth: beyond the frame
# Whether such a picture was altered cannot be seen at this resolution: its kind is not learnt.
_SUBTLE = frozenset({Tool.GAMMA, Tool.LEVELS, Tool.SMOOTHED, Tool.BRIGHTNESS, Tool.JPEG})
_CORNEAL = frozenset(str(condition) for condition in CornealCondition)


@dataclass(frozen=True, slots=True, eq=False)
class LookFrames:
    """Frames with their truth.

    Attributes
    ----------
    grey
        (n, 256, 288) uint8, means of 8 x 8 native pixels; frames lie at the top left.
    tissues
        (n, 128, 144) uint8 of `Tissue`, or `IGNORED`.
    kinds
        (n,) int64, places in `PICTURES`; -1 where the kind is not learnt.
    cornea
        (n,) int64: 1 where the cornea is diseased, 0 where it is not, -1 where there is none.
    patients
        Whom each frame shows; a picture of no eye is a patient of its own.
    sha256
        Digest of all of it.
    description
        Where the frames come from, in one sentence.
    """

    grey: NDArray[np.uint8]
    tissues: NDArray[np.uint8]
    kinds: NDArray[np.int64]
    cornea: NDArray[np.int64]
    patients: tuple[str, ...]
    sha256: str
    description: str

    @property
    def of_eyes(self) -> NDArray[np.bool_]:
        """(n,) bool: whether each frame shows an anterior segment."""
        return self.cornea >= 0

    def split(self, share: float, seed: int) -> tuple[list[int], list[int]]:
        """Positions of the frames to learn from, and of those of the share of patients that is held out."""

        def place(patient: str) -> float:
            return int.from_bytes(hashlib.sha256(f"{seed}/{patient}".encode()).digest()[:4], "big") / 2**32

        sides: tuple[list[int], list[int]] = ([], [])
        for index, patient in enumerate(self.patients):
            sides[place(patient) < share].append(index)
        return sides


@dataclass(frozen=True, slots=True, eq=False)
class _Example:
    """One frame with its truth, and whose it is."""

    grey: NDArray[np.uint8]
    tissues: NDArray[np.uint8]
    kind: int
    cornea: int
    patient: str


def prepare_looks(folders: Sequence[Path], pictures: int, seed: int, workers: int) -> LookFrames:
    """Bring all scans of some cohorts, and drawn pictures, to the resolution of a look.

    Parameters
    ----------
    folders
        Cohorts with the columns ``truth_tissue`` and ``picture``.
    pictures
        Number of pictures to draw.
    seed
        Seed of the pictures.
    workers
        Number of processes.
    """
    examples: list[_Example] = []
    with process_pool(workers) as pool:
        for folder in folders:
            with (folder / "scans.csv").open(encoding="utf-8", newline="") as table:
                rows = [(folder, row) for row in csv.DictReader(table)]
            examples += _found(pool.map(_of_scan, rows, chunksize=8))
        examples += _found(pool.map(_of_picture, [(f"look/{seed}", n) for n in range(pictures)], chunksize=8))
    digest = hashlib.sha256()
    for one in examples:
        digest.update(one.grey.tobytes() + one.tissues.tobytes() + bytes([one.kind & 255, one.cornea & 255]))
    return LookFrames(
        grey=np.stack([one.grey for one in examples]),
        tissues=np.stack([one.tissues for one in examples]),
        kinds=np.array([one.kind for one in examples], np.int64),
        cornea=np.array([one.cornea for one in examples], np.int64),
        patients=tuple(one.patient for one in examples),
        sha256=digest.hexdigest(),
        description="; ".join(
            [
                *((folder / "description.txt").read_text(encoding="utf-8").strip() for folder in folders),
                f"{pictures} drawn pictures that are no anterior segment, seed {seed}",
            ]
        ),
    )


def _found(examples: Iterable[_Example | None]) -> list[_Example]:
    return [one for one in examples if one is not None]


def _of_scan(job: tuple[Path, dict[str, str]]) -> _Example | None:
    """The frame of a row of scans.csv; None where the runtime refuses its file."""
    folder, row = job
    coded = cv2.imdecode(np.frombuffer((folder / row["truth_tissue"]).read_bytes(), np.uint8), cv2.IMREAD_UNCHANGED)
    if coded is None:
        raise RuntimeError(f"{row['truth_tissue']} of {folder} cannot be decoded.")
    tools = set(row["artefacts"].split())
    kind = -1 if tools & _SUBTLE else PICTURES.index(Picture(row["picture"]))
    cornea = int(row["condition"] in _CORNEAL)
    truth = coded.astype(np.uint8, copy=False)
    return _example(
        lambda: read_scan(folder / row["image"]),
        row["profile"],
        lambda shape: native_labels(truth, shape),
        kind,
        cornea,
        row["patient_id"],
    )


def _of_picture(job: tuple[str, int]) -> _Example | None:
    drawn = draw_picture(*job, families=TRAINING_FAMILIES)
    kind = PICTURES.index(drawn.picture)
    return _example(
        lambda: scan_from_pixels(drawn.pixels),
        "",
        lambda shape: np.full(shape, Tissue.OTHER, np.uint8),
        kind,
        -1,
        "-".join(map(str, job)),
    )


def _example(
    read: Callable[[], Scan],
    profile: str,
    truth: Callable[[tuple[int, int]], NDArray[np.uint8]],
    kind: int,
    cornea: int,
    patient: str,
) -> _Example | None:
    try:
        scan = read()
        known = profile_of(scan, profile) if profile else profile_for(scan.rows, scan.columns, scan.bits)
        frame = prepare_frame(scan, known, Brightness.AS_SHOWN)
    except EdgeCataractError:
        return None
    tissues = truth(frame.shape)[BLOCK // 2 :: BLOCK, BLOCK // 2 :: BLOCK]
    return _Example(_on_canvas(frame.coarse, SHAPE, 0), _on_canvas(tissues, _HALF, IGNORED), kind, cornea, patient)


_HALF = (SHAPE[0] // 2, SHAPE[1] // 2)


def _on_canvas(part: NDArray[np.uint8], shape: tuple[int, int], beyond: int) -> NDArray[np.uint8]:
    canvas = np.full(shape, beyond, np.uint8)
    part = part[: shape[0], : shape[1]]
    canvas[: part.shape[0], : part.shape[1]] = part
    return canvas
