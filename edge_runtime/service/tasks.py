"""What the service asks of the process that decodes and measures, and what comes back."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from edge_runtime.scan import Laterality


class Kind(StrEnum):
    """What is asked for."""

    SCAN = "scan"  # the document of one scan
    EXAM = "exam"  # the document and the pictures of one eye
    WORDS = "words"  # what the report says of an eye, as data
    REPORT = "report"  # the page that is printed
    FORGET = "forget"  # let go of the eye that was measured last


@dataclass(frozen=True, slots=True)
class Task:
    """One piece of work.

    Attributes
    ----------
    kind
        What is asked for.
    numbers
        The scans by their numbers; their bytes are given beside it, in this order.
    named
        For each scan the eye that the name of its file says, or None, in the same order; empty: no name says one.
    eye
        Which eye of the patient; None where it is not known.
    age_years
        Age of the patient; None: not given.
    exam
        Key of the exam as it is now: another one when its scans have changed. "" for a scan by itself.
    model
        The sha256 of the model that measured the exam before; "" where any may.
    created
        The time that the document states, for a report about it; None: now.
    language
        Code of the language of words and of the report.
    """

    kind: Kind
    numbers: tuple[int, ...] = ()
    eye: Laterality | None = None
    age_years: float | None = None
    exam: str = ""
    model: str = ""
    created: str | None = None
    language: str = "en"
    named: tuple[Laterality | None, ...] = ()


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an exam is: a scan by its number, and what becomes of it."""

    scan: int
    state: str  # reading, analysing, done, refused


@dataclass(frozen=True, slots=True)
class Step:
    """The work goes on with something that has a time of its own; nobody outside the service hears it.

    Attributes
    ----------
    scans
        On how many scans it is: it may take the time of each.
    """

    scans: int = 1


@dataclass(frozen=True, slots=True)
class Done:
    """What came out.

    Attributes
    ----------
    text
        The document, the words or the page; "" where nothing was asked for.
    pictures
        PNG files by their names, such as ``scans/1``.
    """

    text: str = ""
    pictures: Mapping[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Unknown:
    """The eye is not the one that was measured last: its scans are needed again."""
