"""The tables of a report: one row per scan, one per eye and exam; everything else can be computed from them."""

from __future__ import annotations

import csv
from collections import defaultdict
from dataclasses import asdict, astuple, dataclass, fields
from statistics import fmean
from typing import TYPE_CHECKING, Any, TypeVar, get_type_hints

from cattrs import structure

from edge_runtime.measure.decision import OperatingPoint, judge

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

KINDS = (
    "unknown", "nuclear", "cortical haze", "cortical spokes", "posterior subcapsular", "posterior polar",
    "anterior subcapsular", "water clefts", "retrodots", "vacuoles", "lamellar separation", "white", "Morgagnian",
    "dots",
)  # fmt: skip  # by code of `truth_type`
ARTEFACT = "artefacts="


@dataclass(frozen=True, slots=True)
class ScanRow:
    """One scan, as the device reports it, beside its truth.

    Attributes
    ----------
    scan_id, patient_id, eye, exam, group, meridian_deg, age_years, bcva_logmar
        From the dataset; None where its tables leave them empty.
    image_sha256, profile
        Of the file, and of the frame.
    lens_px, cataract_px, cataract_fraction, reasons
        Of the measured lens on the network grid; no fraction where the scan was refused, for `reasons`.
    dice_background, dice_clear_lens, dice_cataract, dice_lens
        Against the mask, on the scan's pixels, full frame; None where both are empty.
    dice_true_cataract
        The cataract label against the true opacity; None without that truth.
    lens_density
        Mean grey (0 to 255) of the measured lens.
    nucleus_density
        Mean grey of its nucleus.
    grey_counts
        Lens pixels of the network grid, by grey: 32 classes of 8 grey levels.
    truth_opacity_fraction
        True opaque pixels over true lens pixels, full frame.
    localisation_auc
        Area under the ROC curve of P(cataract) over the pixels of the true lens; None unless some are opaque and some
        are not.
    opaque_px, found_px
        True opaque pixels of the labelled window by `KINDS`, and those of them that are labelled cataract.
    observable_px, observable_found_px
        The same of observable opaque pixels; empty where the dataset does not tell which are observable.
    clear_px, false_px
        True clear lens pixels, and those labelled cataract.
    reliability_px, reliability_opaque_px, reliability_sum
        Pixels of the true lens in ten equal classes of P(cataract): all, opaque ones, and the sum of P.
    strata
        `name=value` of what else the dataset tells (display, artefacts ...).
    infer_ms
        Time of the network.
    """

    scan_id: str
    patient_id: str
    eye: str
    exam: int
    group: str
    meridian_deg: float | None
    age_years: float | None
    bcva_logmar: float | None
    image_sha256: str
    profile: str
    lens_px: int
    cataract_px: int
    cataract_fraction: float | None
    reasons: tuple[str, ...]
    dice_background: float | None
    dice_clear_lens: float | None
    dice_cataract: float | None
    dice_lens: float | None
    dice_true_cataract: float | None
    lens_density: float | None
    nucleus_density: float | None
    grey_counts: tuple[int, ...]
    truth_opacity_fraction: float | None
    localisation_auc: float | None
    opaque_px: tuple[int, ...]
    found_px: tuple[int, ...]
    observable_px: tuple[int, ...]
    observable_found_px: tuple[int, ...]
    clear_px: int
    false_px: int
    reliability_px: tuple[int, ...]
    reliability_opaque_px: tuple[int, ...]
    reliability_sum: tuple[float, ...]
    strata: tuple[str, ...]
    infer_ms: float

    @property
    def eye_id(self) -> str:
        """The unit a Cataract Fraction is averaged over: one eye at one exam."""
        return f"{self.patient_id}/{self.eye}/{self.exam}"


@dataclass(frozen=True, slots=True)
class EyeRow:
    """One eye at one exam: means over its gradable scans; None without any.

    Attributes
    ----------
    kind
        Kind of opacity with most visible pixels over its scans; "" without any or without that truth.
    strata
        What all its scans agree on, and the artefacts of any of them.
    """

    eye_id: str
    patient_id: str
    eye: str
    exam: int
    group: str
    age_years: float | None
    bcva_logmar: float | None
    scans: int
    scans_graded: int
    cataract_fraction: float | None
    lens_density: float | None
    nucleus_density: float | None
    grey_counts: tuple[int, ...]
    truth_opacity_fraction: float | None
    kind: str
    strata: tuple[str, ...]


def eyes_of(rows: Sequence[ScanRow]) -> list[EyeRow]:
    """Gather scans into eyes; scans without a gradable lens by their truth belong to no eye."""
    by_eye: dict[str, list[ScanRow]] = defaultdict(list)
    for row in rows:
        if row.group:
            by_eye[row.eye_id].append(row)
    return [_eye(members) for _, members in sorted(by_eye.items())]


def _eye(members: list[ScanRow]) -> EyeRow:
    first = members[0]
    graded = [row for row in members if row.cataract_fraction is not None]
    fractions = [row.cataract_fraction for row in graded if row.cataract_fraction is not None]
    visible = [sum(counts) for counts in zip(*(row.opaque_px for row in members), strict=True)]
    return EyeRow(
        eye_id=first.eye_id,
        patient_id=first.patient_id,
        eye=first.eye,
        exam=first.exam,
        group=first.group,
        age_years=first.age_years,
        bcva_logmar=mean_of(row.bcva_logmar for row in members),
        scans=len(members),
        scans_graded=len(graded),
        cataract_fraction=judge(fractions, OperatingPoint(0.0)).cataract_fraction,  # the runtime's own mean
        lens_density=mean_of(row.lens_density for row in graded),
        nucleus_density=mean_of(row.nucleus_density for row in graded),
        grey_counts=tuple(sum(counts) for counts in zip(*(row.grey_counts for row in graded), strict=True)),
        truth_opacity_fraction=mean_of(row.truth_opacity_fraction for row in members),
        kind=KINDS[visible.index(max(visible))] if visible and max(visible) else "",
        strata=_eye_strata(members),
    )


def _eye_strata(members: list[ScanRow]) -> tuple[str, ...]:
    """What all scans agree on, and every artefact of any of them."""
    words = [set(row.strata) for row in members]
    artefacts = {word for word in set.union(*words) if word.startswith(ARTEFACT)}
    if len(artefacts) > 1:
        artefacts.discard(f"{ARTEFACT}none")
    return tuple(sorted({word for word in set.intersection(*words) if not word.startswith(ARTEFACT)} | artefacts))


def first_exams(eyes: Sequence[EyeRow]) -> list[EyeRow]:
    """Per eye its first exam: the one that diagnosis is measured on."""
    first: dict[tuple[str, str], EyeRow] = {}
    for eye in eyes:
        known = first.get((eye.patient_id, eye.eye))
        if known is None or eye.exam < known.exam:
            first[eye.patient_id, eye.eye] = eye
    return list(first.values())


def mean_of(values: Iterable[float | None]) -> float | None:
    """Mean of the values there are; None without any."""
    there = [value for value in values if value is not None]
    return fmean(there) if there else None


Row = TypeVar("Row", ScanRow, EyeRow)


def write_rows(path: Path, rows: Sequence[Row], kind: type[Row]) -> None:
    """Write a table, whole or not at all: floats in full, lists with spaces, nothing for None."""
    part = path.with_name(f".{path.name}.part")
    with part.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow([field.name for field in fields(kind)])
        writer.writerows([_text(value) for value in astuple(row)] for row in rows)
    part.replace(path)


def record_of(row: ScanRow) -> dict[str, Any]:
    """Return one scan as plain JSON values, for a ledger."""
    return {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(row).items()}


def scan_row_from_record(record: dict[str, Any]) -> ScanRow:
    """Return the scan that `record_of` recorded."""
    return structure(record, ScanRow)


def read_rows(path: Path, kind: type[Row]) -> list[Row]:
    """Read a table that `write_rows` wrote.

    Raises
    ------
    ValueError, OSError
        When the file is another table, or cannot be read.
    """
    with path.open(newline="", encoding="utf-8") as file:
        reader = csv.reader(file)
        names = [field.name for field in fields(kind)]
        if next(reader, None) != names:
            raise ValueError(f"{path}: the columns of a report of this version were expected")
        return list(_parsed(reader, kind))


def _parsed(lines: Iterable[list[str]], kind: type[Row]) -> Iterator[Row]:
    parsers = [_PARSERS[str(hint)] for hint in get_type_hints(kind).values()]
    for line in lines:
        yield kind(*(parse(text) for parse, text in zip(parsers, line, strict=True)))


def _text(value: Any) -> str:
    match value:
        case None:
            return ""
        case tuple():
            return " ".join(map(_text, value))
        case float():
            return repr(value)
        case _:
            return str(value)


_PARSERS: dict[str, Callable[[str], Any]] = {
    str(str): str,
    str(int): int,
    str(float): float,
    str(float | None): lambda text: float(text) if text else None,
    str(tuple[str, ...]): lambda text: tuple(text.split()),
    str(tuple[int, ...]): lambda text: tuple(map(int, text.split())),
    str(tuple[float, ...]): lambda text: tuple(map(float, text.split())),
}
