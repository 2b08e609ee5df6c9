"""The kinds of lens opacity: the one list of their codes, names and clinical groups.

A new kind is a new line here. Maps of the true kind hold the codes, and tables and reports print the names, so neither
may change for a kind that is already listed.
"""

from __future__ import annotations

from enum import CONTINUOUS, UNIQUE, IntEnum, StrEnum, verify
from typing import Self


class ClinicalGroup(StrEnum):
    """The clinical types of cataract, as a slit-lamp examination grades them."""

    NUCLEAR = "nuclear"
    CORTICAL = "cortical"
    POSTERIOR_SUBCAPSULAR = "posterior subcapsular"

    @property
    def kinds(self) -> tuple[OpacityKind, ...]:
        """The kinds of opacity that belong to this group."""
        return tuple(kind for kind in OpacityKind if kind.group is self)


@verify(UNIQUE, CONTINUOUS)
class OpacityKind(IntEnum):
    """A kind of lens opacity; its value is its code in maps of the true kind.

    Attributes
    ----------
    label
        Its name in tables and reports.
    group
        Its clinical group, or None where slit-lamp grading has none for it.
    """

    label: str
    group: ClinicalGroup | None

    NONE = 0, "unknown", None
    NUCLEAR = 1, "nuclear", ClinicalGroup.NUCLEAR
    CORTICAL_HAZE = 2, "cortical haze", ClinicalGroup.CORTICAL
    CORTICAL_SPOKES = 3, "cortical spokes", ClinicalGroup.CORTICAL
    POSTERIOR_SUBCAPSULAR = 4, "posterior subcapsular", ClinicalGroup.POSTERIOR_SUBCAPSULAR
    POSTERIOR_POLAR = 5, "posterior polar", None
    ANTERIOR_SUBCAPSULAR = 6, "anterior subcapsular", None
    WATER_CLEFT = 7, "water clefts", None
    RETRODOTS = 8, "retrodots", None
    VACUOLES = 9, "vacuoles", None
    LAMELLAR_SEPARATION = 10, "lamellar separation", None
    WHITE = 11, "white", None
    MORGAGNIAN = 12, "Morgagnian", None
    DOTS = 13, "dots", None

    def __new__(cls, code: int, label: str, group: ClinicalGroup | None) -> Self:
        """Make a member of the list above from its code, name and group."""
        kind = int.__new__(cls, code)
        kind._value_ = code
        kind.label = label
        kind.group = group
        return kind
