"""The dataset layout: two tables, images and masks, checked before use, with every fault named.

The same layout holds simulated and real scans. Training works on whole frames brought to the network grid once; they
are kept beside the data, so that an epoch costs no decoding.
"""

from __future__ import annotations

import hashlib
import math
from collections import Counter
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from edge_runtime.errors import EdgeCataractError
from edge_runtime.exams.tables import Row, read_table
from edge_runtime.frame.profiles import PROFILES
from edge_runtime.scan import Laterality

from .scan_checks import contradictions_of_rows

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


GROUPS = ("clear", "cataract", "")  # empty: the scan shows no gradable lens, its mask is background
SPLITS = ("training", "test", "")
PATIENT_COLUMNS = ("patient_id", "age_years", "sex")
SCAN_COLUMNS = (
    "scan_id", "patient_id", "eye", "exam", "group", "meridian_deg", "image", "mask", "bcva_logmar", "profile",
)  # fmt: skip
# Columns of scans.csv by which results are told apart, where a dataset has them.
STRATA = ("mix", "condition", "artefacts", "display", "state", "senescent", "dilated")
OPTIONAL_COLUMNS = (
    "split", "truth_labels", "truth_type", "truth_observable", "truth_tissue", "picture", "vault_mm", *STRATA,
)  # fmt: skip
MAX_FAULTS_SHOWN = 20
# Years; logMAR from better than 20/10 to no light perception; degrees of a radial scan.
TRUTHS = ("truth_labels", "truth_excess", "truth_type")  # files that simulated scans have
PLAUSIBLE = {"age_years": (0.0, 120.0), "bcva_logmar": (-0.5, 4.0), "meridian_deg": (0.0, 360.0)}


class Part(StrEnum):
    """A part of a dataset, by the column `split`."""

    ALL = "all"
    TRAINING = "training"
    TEST = "test"


class DatasetError(EdgeCataractError):
    """The dataset breaks its layout; `faults` names every place.

    Attributes
    ----------
    faults
        One sentence per fault, with the file or the row.
    """

    exit_code = 65

    def __init__(self, folder: Path, faults: Sequence[str]) -> None:
        shown = list(faults[:MAX_FAULTS_SHOWN])
        if len(faults) > MAX_FAULTS_SHOWN:
            shown.append(f"... and {len(faults) - MAX_FAULTS_SHOWN} more")
        super().__init__(
            "dataset",
            f"{folder}: {len(faults)} fault(s):\n  " + "\n  ".join(shown) + "\n",
            "Correct them, and run again.",
        )
        self.faults = tuple(faults)


@dataclass(frozen=True, slots=True)
class ScanRecord:
    """One row of scans.csv.

    Attributes
    ----------
    group
        Group of the eye: "clear", "cataract", or "" where no lens can be graded.
    image, mask, truth_labels, truth_excess, truth_type
        Paths of the files. `mask` is what an annotator paints; the others, of simulated scans, are where the opacity
        truly is, how strong, and of which kind.
    bcva_logmar, meridian_deg, age_years
        None where the table leaves them empty.
    profile
        Name of the device profile; "" to take the one the frame fits.
    split
        "training" or "test" where the dataset fixes the split, else "".
    line
        Number of its line in the table.
    """

    scan_id: str
    patient_id: str
    eye: Laterality
    exam: int
    group: str
    meridian_deg: float | None
    image: Path
    mask: Path
    truth_labels: Path | None
    bcva_logmar: float | None
    age_years: float | None
    profile: str
    split: str
    line: int = 0
    truth_excess: Path | None = None
    truth_type: Path | None = None

    @property
    def where(self) -> str:
        """The place of a fault: the line of the table, and the scan."""
        return f"scans.csv, line {self.line}: scan {self.scan_id}"

    @property
    def eye_id(self) -> str:
        """The unit a Cataract Fraction is averaged over: one eye at one exam."""
        return f"{self.patient_id}/{self.eye.value}/{self.exam}"

    @property
    def by_hand(self) -> bool:
        """Whether somebody painted the mask; that of a simulated scan, whose truth is known, is computed."""
        return self.truth_labels is None

    def labels_path(self, target: str) -> Path:
        """File of the labels to learn: `mask`, or `truth_labels` where there is one."""
        return self.truth_labels if target == "truth_labels" and self.truth_labels else self.mask


@dataclass(frozen=True, slots=True)
class Dataset:
    """A checked dataset: tables that agree with each other and with the files.

    Attributes
    ----------
    folder
        The folder with both tables.
    scans
        The scans in the order of scans.csv.
    tables_sha256
        Digest of both tables.
    description
        One sentence that says where the data come from (`description.txt` if there is one).
    """

    folder: Path
    scans: tuple[ScanRecord, ...]
    tables_sha256: str
    description: str

    def part(self, part: Part | None) -> Dataset:
        """The scans of one part; None: the test scans where the table fixes a split, else all.

        Raises
        ------
        DatasetError
            When the part has no scan.
        """
        if part is None:
            part = Part.TEST if any(scan.split for scan in self.scans) else Part.ALL
        if part is Part.ALL:
            return self
        scans = tuple(scan for scan in self.scans if scan.split == part.value)
        if not scans:
            raise DatasetError(self.folder, [f"scans.csv: no scan is in the split {part.value}"])
        return replace(self, scans=scans, description=f"{self.description} ({part.value} split)")


def read_dataset(folder: Path) -> Dataset:
    """Read and check the tables.

    Raises
    ------
    DatasetError
        Naming every fault that the tables and the presence of the files can show.
    """
    faults: list[str] = []
    patients = read_table(folder / "patients.csv", PATIENT_COLUMNS, faults)
    rows = read_table(folder / "scans.csv", SCAN_COLUMNS, faults, optional=OPTIONAL_COLUMNS)
    if faults:
        raise DatasetError(folder, faults)
    ages = _ages(patients, faults)
    faults += [
        f"patients.csv: patient {name} has several rows" for name in _repeated(row["patient_id"] for row in patients)
    ]
    faults += [f"scans.csv: scan {name} has several rows" for name in _repeated(row["scan_id"] for row in rows)]
    scans = []
    for row in rows:
        record = _record(folder, row, ages, faults)
        if record is not None:
            scans.append(record)
    if not rows:
        faults.append("scans.csv: no scan")
    faults += contradictions_of_rows(scans)
    if faults:
        raise DatasetError(folder, faults)
    tables = hashlib.sha256()
    for name in ("patients.csv", "scans.csv"):
        tables.update((folder / name).read_bytes())
    described = folder / "description.txt"
    description = described.read_text(encoding="utf-8").strip() if described.is_file() else folder.name
    return Dataset(folder, tuple(scans), tables.hexdigest(), description)


def _repeated(names: Iterable[str]) -> list[str]:
    return [name for name, count in Counter(names).items() if name and count > 1]


def _ages(patients: list[Row], faults: list[str]) -> dict[str, float | None]:
    """The age of every patient; what is wrong is named once for each."""
    faults += [f"patients.csv, line {row.line}: patient_id is empty" for row in patients if not row["patient_id"]]
    return {row["patient_id"]: _number(row, "age_years", f"patients.csv, line {row.line}", faults) for row in patients}


def _number(row: Row, what: str, where: str, faults: list[str]) -> float | None:
    """A number of a row, None where it is left empty; implausible ones are faults."""
    text = row[what]
    if not text:
        return None
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        comma = ", a point is expected, not a comma" if "," in text else ""
        faults.append(f"{where}: {what} {text!r} is no number{comma}")
        return None
    low, high = PLAUSIBLE[what]
    if not low <= value <= high:
        faults.append(f"{where}: {what} {text} is not plausible, {low:g} to {high:g} was expected")
        return None
    return value


def _record(folder: Path, row: Row, ages: dict[str, float | None], faults: list[str]) -> ScanRecord | None:
    where = f"scans.csv, line {row.line}: scan {row['scan_id'] or '(no scan_id)'}"
    found = len(faults)
    if not row["scan_id"]:
        faults.append(f"{where}: scan_id is empty")
    if not row["patient_id"]:
        faults.append(f"{where}: patient_id is empty")
    elif row["patient_id"] not in ages:
        faults.append(f"{where}: patient {row['patient_id']!r} is not in patients.csv")
    if row["eye"] not in set(Laterality):
        faults.append(f"{where}: eye {row['eye']!r} has no side, OD or OS was expected")
    if row["group"] not in GROUPS:
        faults.append(f"{where}: group {row['group']!r} is unknown, clear, cataract or nothing was expected")
    if not row["exam"].isascii() or not row["exam"].isdigit() or int(row["exam"]) < 1:
        faults.append(f"{where}: exam {row['exam']!r} is no positive integer")
    if row.get("split") not in SPLITS:
        faults.append(f"{where}: split {row['split']!r} is unknown, training, test or nothing was expected")
    if row["profile"] and row["profile"] not in PROFILES and not Path(row["profile"]).is_file():
        faults.append(f"{where}: profile {row['profile']!r} is unknown")
    files = {name: folder / row.get(name) for name in ("image", "mask", *TRUTHS)}
    for name, path in files.items():
        if (row.get(name) or name not in TRUTHS) and not path.is_file():
            faults.append(f"{where}: {name} {row.get(name)!r} is missing")
    faults += [
        f"{where}: image and {name} are the same file"
        for name in ("mask", "truth_labels")
        if row["image"] and row.get(name) and files["image"].resolve() == files[name].resolve()
    ]
    meridian = _number(row, "meridian_deg", where, faults)
    acuity = _number(row, "bcva_logmar", where, faults)
    if len(faults) > found:
        return None
    return ScanRecord(
        scan_id=row["scan_id"],
        patient_id=row["patient_id"],
        eye=Laterality(row["eye"]),
        exam=int(row["exam"]),
        group=row["group"],
        meridian_deg=meridian,
        image=files["image"],
        mask=files["mask"],
        **{name: files[name] if row.get(name) else None for name in TRUTHS},
        bcva_logmar=acuity,
        age_years=ages[row["patient_id"]],
        profile=row["profile"],
        split=row.get("split"),
        line=row.line,
    )
