"""A made-up dataset in the layout: bright rectangles as lenses, brighter ones inside them as opacity. Small."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

# A quarter of the ANTERION frame: 30.7 um pixels.
ROWS, COLUMNS = 456, 538
PATIENT_COLUMNS = ("patient_id", "age_years", "sex")
SCAN_COLUMNS = (
    "scan_id", "patient_id", "eye", "exam", "group", "meridian_deg", "image", "mask", "bcva_logmar", "profile",
    "truth_labels",
)  # fmt: skip


def write_png(path: Path, pixels: NDArray[np.uint8]) -> None:
    """Write one PNG by way of bytes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(cv2.imencode(".png", pixels)[1].tobytes())


def scan_and_labels(cataract: bool, generator: np.random.Generator) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """One frame: background 20, a lens of 90, in a cataract eye half of it 200; and its labels."""
    labels = np.zeros((ROWS, COLUMNS), np.uint8)
    top, left = int(generator.integers(170, 250)), int(generator.integers(150, 280))
    labels[top : top + 150, left : left + 125] = 1
    if cataract:
        labels[top : top + 75, left : left + 125] = 2
    grey = np.array([20, 90, 200])[labels] + generator.normal(0, 4, labels.shape)
    return np.clip(np.rint(grey), 0, 255).astype(np.uint8), labels


def write_table(path: Path, columns: tuple[str, ...], rows: list[dict[str, object]]) -> None:
    """Write one CSV table."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        writer.writerows(rows)


def make_dataset(folder: Path, patients: int = 8, scans_per_eye: int = 1, seed: int = 0) -> Path:
    """Write a dataset: two eyes per patient, patients taking turns between clear and cataract.

    The mask follows the paper (a cataract lens is cataract all over), `truth_labels` say where the opacity is.
    """
    generator = np.random.default_rng(seed)
    scan_rows: list[dict[str, object]] = []
    for number in range(patients):
        group = "cataract" if number % 2 else "clear"
        for eye in ("OD", "OS"):
            for meridian in range(scans_per_eye):
                name = f"P{number}_{eye}_{meridian}"
                image, labels = scan_and_labels(group == "cataract", generator)
                mask = np.where(labels > 0, 2 if group == "cataract" else 1, 0).astype(np.uint8)
                for kind, pixels in (("images", image), ("masks", mask), ("truth", labels)):
                    write_png(folder / kind / f"{name}.png", pixels)
                scan_rows.append(
                    {
                        "scan_id": name,
                        "patient_id": f"P{number}",
                        "eye": eye,
                        "exam": 1,
                        "group": group,
                        "meridian_deg": 30 * meridian,
                        "image": f"images/{name}.png",
                        "mask": f"masks/{name}.png",
                        "bcva_logmar": 0.0,
                        "profile": "anterion",
                        "truth_labels": f"truth/{name}.png",
                    }
                )
    write_table(
        folder / "patients.csv",
        PATIENT_COLUMNS,
        [{"patient_id": f"P{number}", "age_years": 40 + number, "sex": "F"} for number in range(patients)],
    )
    write_table(folder / "scans.csv", SCAN_COLUMNS, scan_rows)
    return folder


TINY_RECIPE = """
name = "tiny"
version = "0"
grid = 16
window = [64, 64]
target = "truth_labels"
held_out = 0.25
seed = 3
steps = {steps}
batch = 4
validate_every = {validate_every}
checkpoint_every = {checkpoint_every}
validation_scans = 4

[network]
width = 8
levels = 2
channel_cap = 16
stem = 2
upsampling = "nearest"

[optimiser]
kind = "adamw"
learning_rate = 0.01
schedule = "cosine"
warm_up_steps = 5
weight_decay = 0.01

[loss]
dice = 0.5

[augment]
flip = true
rotation_deg = 5.0
shift = 0.1
gain = 0.02
noise = 0.01
blur = 0.3
whole_frame = 0.1
"""


def tiny_recipe_text(steps: int = 120, validate_every: int = 40, checkpoint_every: int = 10) -> str:
    """A recipe that learns the rectangles within seconds."""
    return TINY_RECIPE.format(steps=steps, validate_every=validate_every, checkpoint_every=checkpoint_every)
