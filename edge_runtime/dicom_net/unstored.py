"""An exam that was judged, until its results are on the disk and its answers are recorded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from edge_runtime.errors import EdgeCataractError, InternalError, WriteError
from edge_runtime.machine.faults import known_error

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from .judging import Judged


class _OfRecord(Exception):  # noqa: N818  # not for who calls this package
    """An answer cannot be recorded; the folder of the queue takes it for no trouble of its own."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error = error


@dataclass(slots=True)
class Unstored:
    """An exam that was judged, while its answers and results are not both on the disk.

    Attributes
    ----------
    exam
        Which.
    judged
        What was made of it.
    audit
        Is given the result document of every eye; None: nobody is.
    recorded
        How many of its answers were recorded: none is recorded twice.
    """

    exam: str
    judged: Judged
    audit: Callable[[Mapping[str, Any]], None] | None
    recorded: int = 0

    def record(self) -> None:
        """Record the answers that were not; what it raises is for `lasting_fault`."""
        if self.audit is None:
            return
        try:
            for content in self.judged.documents[self.recorded :]:
                self.audit(content)
                self.recorded += 1
        except Exception as error:
            raise _OfRecord(error) from error


def lasting_fault(error: Exception) -> EdgeCataractError:
    """Why an exam can never be stored: the program is at fault with it, or no record can hold its answer.

    Parameters
    ----------
    error
        What storing it raised.

    Returns
    -------
    EdgeCataractError
        The fault of this exam; all others are stored.

    Raises
    ------
    WriteError
        Under the word of the trouble, where it is that of every exam, and passes or is mended: a disk that is full or
        read-only, too few files or memory, a record of answers that is damaged or has another key.
    """
    cause = error.error if isinstance(error, _OfRecord) else error
    fault = known_error(cause)
    if isinstance(fault, InternalError) and not isinstance(cause, OSError):
        return fault
    raise WriteError(fault.word, fault.found, fault.remedy, lost=fault.lost) from cause
