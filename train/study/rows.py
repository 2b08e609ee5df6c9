"""The tables of a report: one row per scan, and one per eye and exam. All results can be computed from them."""

from __future__ import annotations

import csv
from collections import defaultdict
from dataclasses import asdict, astuple, dataclass, fields
from typing import TYPE_CHECKING, Any, TypeVar, get_type_hints

from cattrs import structure

from edge_runtime.measure.decision import OperatingPoint, judge
from edge_runtime.measure.eye_measures import mean_of
from edge_runtime.measure.kinds import OpacityKind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

KINDS = tuple(kind.label for kind in OpacityKind)  # by code of `truth_type`
ARTEFACT = "artefacts="


@dataclass(frozen=True, slots=True)
class ScanRow:
    """One scan as the device reports it, and how it compares with its truth.

    Attributes
    ----------
    scan_id, patient_id, eye, exam, group, meridian_deg, age_years, bcva_logmar
        Facts from the tables of the dataset; None where they are left empty.
    image_sha256, profile
        Digest of the image file, and name of the device profile.
    lens_px, cataract_px, cataract_fraction, reasons
        Pixels and Cataract Fraction of the measured lens on the network grid; a refused scan has no fraction, and
        `reasons` say why.
    dice_background, dice_clear_lens, dice_cataract, dice_lens
        Dice of each label against the mask, over the whole scan in its own pixels; None where both are empty.
    dice_true_cataract
        Dice of the cataract label against the true opacity; None without that truth.
    lens_density
        Mean grey (0 to 255) of the measured lens.
    nucleus_density
        Mean grey (0 to 255) of the nucleus of the measured lens.
    grey_counts
        Number of lens pixels on the network grid in each of 32 classes of 8 grey levels.
    truth_opacity_fraction
        True opaque pixels over true lens pixels, over the whole scan.
    localisation_auc
        Area under the ROC curve of P(cataract) over the pixels of the true lens; None unless some are opaque and some
        are not.
    opaque_px, found_px
        Number of true opaque pixels in the labelled window by `KINDS`, and of those that are labelled cataract.
    observable_px, observable_found_px
        The same two numbers for observable opaque pixels; empty where the dataset does not say which they are.
    clear_px, false_px
        Number of true clear lens pixels, and of those that are labelled cataract.
    reliability_px, reliability_opaque_px, reliability_sum
        Pixels of the true lens in ten equal classes of P(cataract): all, the opaque ones, and the sum of P.
    strata
        Further facts of the dataset as `name=value` (display, artefacts ...).
    infer_ms
        Time that the network took, in milliseconds.
    paper_fraction
        Share of the measured lens that the model calls cataract in the paper's manner; None where it does not say.
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
    paper_fraction: float | None = None

    @property
    def eye_id(self) -> str:
        """Name of the unit that a Cataract Fraction is averaged over: one eye at one exam."""
        return f"{self.patient_id}/{self.eye}/{self.exam}"


@dataclass(frozen=True, slots=True)
class EyeRow:
    """One eye at one exam: means over its gradable scans; None without any.

    Attributes
    ----------
    kind
        Kind of opacity with most visible pixels over its scans; "" without any or without that truth.
    strata
        Facts that all its scans share, and the artefacts of any of them.
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
    paper_fraction: float | None = None


def eyes_of(rows: Sequence[ScanRow]) -> list[EyeRow]:
    """Gather scans into eyes; scans that have no gradable lens in truth belong to no eye."""
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
        paper_fraction=mean_of(row.paper_fraction for row in graded),
    )


def _eye_strata(members: list[ScanRow]) -> tuple[str, ...]:
    """Return the facts that all scans share, and the artefacts of any of them."""
    words = [set(row.strata) for row in members]
    artefacts = {word for word in set.union(*words) if word.startswith(ARTEFACT)}
    if len(artefacts) > 1:
        artefacts.discard(f"{ARTEFACT}none")
    return tuple(sorted({word for word in set.intersection(*words) if not word.startswith(ARTEFACT)} | artefacts))


def first_exams(eyes: Sequence[EyeRow]) -> list[EyeRow]:
    """Return the first exam of every eye, the one that diagnosis is measured on."""
    first: dict[tuple[str, str], EyeRow] = {}
    for eye in eyes:
        known = first.get((eye.patient_id, eye.eye))
        if known is None or eye.exam < known.exam:
            first[eye.patient_id, eye.eye] = eye
    return list(first.values())


Row = TypeVar("Row", ScanRow, EyeRow)


def write_rows(path: Path, rows: Sequence[Row], kind: type[Row]) -> None:
    """Write a table, whole or not at all: floats in full, lists with spaces, None as an empty cell."""
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
        When the file holds another table, or cannot be read.
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
