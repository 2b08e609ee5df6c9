"""What is recorded of a measured exam: its eyes, and what became of each of its files."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from edge_runtime.errors import ScanError, ScanMissingError, UsageError

if TYPE_CHECKING:
    from edge_runtime.errors import EdgeCataractError
    from edge_runtime.scan import Laterality


class Status(StrEnum):
    """What became of a file, or of an eye."""

    GRADED = "graded"  # there is a number
    REFUSED = "refused"  # it cannot be read, contradicts what is said of it, or shows no lens that may be graded
    FAILED = "failed"  # a fault of the program or of the machine


def status_of(error: EdgeCataractError) -> Status:
    """Refused, where the scans are to blame; failed otherwise."""
    return Status.REFUSED if isinstance(error, (UsageError, ScanError, ScanMissingError)) else Status.FAILED


@dataclass(frozen=True, slots=True)
class EyeRecord:
    """One line of the results.

    Attributes
    ----------
    eye
        ``OD``, ``OS``, or None where it is not known.
    status
        As `Status`.
    document
        The result document; None where there is none.
    word, message
        Why there is none.
    sources
        Names of its scans, without folders.
    """

    eye: str | None
    status: str
    document: dict[str, Any] | None = None
    word: str | None = None
    message: str | None = None
    sources: list[str] = field(default_factory=list)

    @classmethod
    def of_error(cls, eye: Laterality | None, error: EdgeCataractError, sources: list[str]) -> EyeRecord:
        """An eye without a result."""
        side = None if eye is None else eye.value
        return cls(side, status_of(error).value, None, error.word, error.found, sources)


@dataclass(frozen=True, slots=True)
class ExamRecord:
    """One measured exam.

    Attributes
    ----------
    eyes
        Its lines, in order.
    files
        Number of its files by `Status`.
    """

    eyes: list[EyeRecord]
    files: dict[str, int]

    @property
    def failed(self) -> bool:
        """Whether a fault of the program or of the machine touched it, so that another try may end better."""
        return bool(self.files.get(Status.FAILED))

    def to_dict(self) -> dict[str, Any]:
        """As plain JSON values, for a ledger."""
        return asdict(self)

    @classmethod
    def from_dict(cls, content: dict[str, Any]) -> ExamRecord:
        """What `to_dict` gave."""
        return cls([EyeRecord(**eye) for eye in content["eyes"]], content["files"])
