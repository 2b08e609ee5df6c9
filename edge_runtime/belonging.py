"""Several patients must never become one answer: scans are compared by what they belong to, and nobody is named."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable


@dataclass(frozen=True, slots=True)
class Belonging:
    """To which patient and study a file says that its scans belong: digests, which are compared and never written.

    Attributes
    ----------
    patient
        Digest of what tells one patient from another; None where the file says nothing of that.
    study
        Digest of what tells one study from another.
    """

    patient: str | None
    study: str

    @property
    def person(self) -> tuple[str | None, str]:
        """What the scans of one person share: the patient, and the study where no patient is known."""
        return (None, self.study) if self.patient is None else (self.patient, "")


def check_belonging(eyes: Iterable[Iterable[Belonging]]) -> None:
    """Refuse scans of several studies in one eye, and of several patients in one exam.

    Parameters
    ----------
    eyes
        What the scans of each eye belong to.

    Raises
    ------
    UsageError
        ``mixed-studies``.
    """
    of_eyes = [set(eye) for eye in eyes]
    for eye in of_eyes:
        _check_only_one(eye)
    _check_only_one({one.person for eye in of_eyes for one in eye})


def _check_only_one(found: Collection[object]) -> None:
    if len(found) > 1:
        raise UsageError(
            "mixed-studies",
            f"The scans belong to {len(found)} studies or patients.",
            "Name the scans of one study; use batch for several exams, each in a folder of its own.",
        )
