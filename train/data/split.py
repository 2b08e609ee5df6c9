"""Split by patient: both eyes, and every scan, of a patient end up on one side."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .dataset import ScanRecord


@dataclass(frozen=True, slots=True)
class Split:
    """Scans to learn from, and scans of other patients to watch and to choose the operating point on."""

    training: tuple[ScanRecord, ...]
    held_out: tuple[ScanRecord, ...]


def split_by_patient(scans: Sequence[ScanRecord], held_out_fraction: float, seed: int) -> Split:
    """Hold out a share of the patients, the same share of every kind of patient.

    A patient is of the cataract kind with at least one cataract eye, of the clear kind with at least one clear one
    otherwise, and not gradable without either. A kind of a single patient stays in training. Where the scans carry a
    `split` column, that decides and nothing is drawn.

    Parameters
    ----------
    scans
        All scans of a dataset.
    held_out_fraction
        Share of the patients, in [0, 1); 0.2 in the paper.
    seed
        Same scans and seed: same split.
    """
    if not 0 <= held_out_fraction < 1:
        raise ValueError(f"a held_out_fraction in [0, 1) was expected, got {held_out_fraction}")
    if scans and all(scan.split for scan in scans):
        return Split(
            training=tuple(scan for scan in scans if scan.split == "training"),
            held_out=tuple(scan for scan in scans if scan.split == "test"),
        )
    groups: dict[str, set[str]] = defaultdict(set)
    for scan in scans:
        groups[scan.patient_id].add(scan.group)
    kinds: dict[str, list[str]] = defaultdict(list)
    for patient in sorted(groups):
        kind = next((group for group in ("cataract", "clear") if group in groups[patient]), "")
        kinds[kind].append(patient)
    generator = np.random.default_rng([seed, len(groups)])
    held_out: set[str] = set()
    for kind in sorted(kinds):
        patients = kinds[kind]
        count = round(held_out_fraction * len(patients))
        if held_out_fraction and len(patients) > 1:
            count = min(max(count, 1), len(patients) - 1)
        held_out.update(patients[index] for index in generator.permutation(len(patients))[:count])
    return Split(
        training=tuple(scan for scan in scans if scan.patient_id not in held_out),
        held_out=tuple(scan for scan in scans if scan.patient_id in held_out),
    )
