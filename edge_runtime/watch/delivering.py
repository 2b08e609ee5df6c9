"""Results on their way: files on the disk, recorded, named, remembered, in this order, each once."""

from __future__ import annotations

import errno
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from edge_runtime.batch.plan import Job
from edge_runtime.batch.work import without_result
from edge_runtime.errors import EdgeCataractError, InternalError, OutputError, WriteError
from edge_runtime.machine.faults import known_error

from .judging import Judged

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .flights import Flight, Outcome
    from .memory import Memory
    from .results import Results
    from .tracking import Group

MOST_ASIDE = 16  # results that are held in memory while others are written
_SHOWN_DIGITS = 12  # of a key: the end of the name of a result
# What the system says where one name is the matter. Anything else, as a full disk, is so for every result.
_OF_ONE_NAME = {
    getattr(errno, name)
    for name in (
        *("EEXIST", "ENOTDIR", "EISDIR", "ENOTEMPTY", "ENAMETOOLONG", "ELOOP"),
        *("EACCES", "EPERM", "EINVAL", "EILSEQ", "EBUSY"),
    )
    if hasattr(errno, name)
}


class _OfThisResult(Exception):  # noqa: N818  # not for who calls this package
    """One result cannot be written, while others can."""

    def __init__(self, error: EdgeCataractError) -> None:
        super().__init__()
        self.error = error


class _OfRecord(Exception):  # noqa: N818  # not for who calls this package
    """An answer cannot be recorded."""

    def __init__(self, error: EdgeCataractError) -> None:
        super().__init__()
        self.error = error


@dataclass(slots=True)
class _Delivery:
    """What was found in an exam, until it is on the disk."""

    flight: Flight
    outcome: Outcome
    not_before: float = -math.inf

    @property
    def about(self) -> str:
        """What is told of it: the key of its exam."""
        return f"exam {self.flight.group.key[:_SHOWN_DIGITS]}"


class Deliveries:
    """The results that wait for the disk. One that cannot be written is set aside, and tried again behind the others.

    Parameters
    ----------
    root
        The watched folder.
    results, memory
        Where they are written, and remembered.
    audit
        Is given every document before it has its place; None: nobody.
    tell
        Is given what does not work, and why; None where it works again.
    pause_s
        Seconds until what failed is tried again.
    once
        Whether a trouble that every result has is raised, and none waited for.
    """

    def __init__(
        self,
        root: str,
        results: Results,
        memory: Memory,
        audit: Callable[[dict[str, Any]], None] | None,
        tell: Callable[[str, EdgeCataractError | None], None],
        *,
        pause_s: float,
        once: bool,
    ) -> None:
        self._root, self._results, self._memory, self._audit = root, results, memory, audit
        self._tell, self._pause_s, self._once = tell, pause_s, once
        self._line: list[_Delivery] = []
        self._aside: list[_Delivery] = []
        self._retry_at = -math.inf

    def add(self, flight: Flight, outcome: Outcome) -> None:
        """Put a result at the end of the line."""
        self._line.append(_Delivery(flight, outcome))

    @property
    def waiting(self) -> int:
        """Results that wait for their turn, or for a disk that takes none."""
        return len(self._line)

    @property
    def aside(self) -> int:
        """Results that cannot be written, while others can."""
        return len(self._aside)

    @property
    def blocked(self) -> bool:
        """Whether nothing further is to be judged, as it would have to be held, too."""
        return bool(self._line) or len(self._aside) >= MOST_ASIDE

    def carry_out(self, now: float) -> Iterator[tuple[Flight, dict[str, Any]]]:
        """Write what waits, as long as the disk takes it: the exams that are delivered, and their summaries.

        Raises
        ------
        EdgeCataractError
            With `once`, when no result can be written, or too many cannot; when what is remembered would be lost.
        """
        self._line += [one for one in self._aside if now >= one.not_before]
        self._aside = [one for one in self._aside if now < one.not_before]
        while self._line and now >= self._retry_at:
            one = self._line[0]
            try:
                summary = self._written(one.flight.group, one.outcome)
            except _OfThisResult as caught:
                self._set_aside(self._line.pop(0), caught.error, now)
                continue
            except EdgeCataractError as error:
                if self._once or error.word == "ledger-replaced":
                    raise
                self._tell("output", error)
                self._retry_at = now + self._pause_s
                return
            self._line.pop(0)
            self._tell("output", None)
            self._tell(one.about, None)
            yield one.flight, summary

    def _set_aside(self, one: _Delivery, error: EdgeCataractError, now: float) -> None:
        found = f"The result of {one.about} cannot be written. {error.found}"
        remedy = "Look at what has its name in the folder of results."
        failed = type(error)(error.word, found, remedy, lost="The others were written.")
        failed.__cause__ = error
        one.not_before = now + self._pause_s
        self._aside.append(one)
        self._tell(one.about, failed)
        if self._once and len(self._aside) >= MOST_ASIDE:
            raise failed

    def _written(self, group: Group, outcome: Outcome) -> dict[str, Any]:
        summary = outcome.summary
        if summary is None:
            summary = outcome.summary = self._write(group, outcome)
        name, failed = self._results.name(group), bool(summary["failed"])
        self._memory.add(group.key, group.label, group.files, name, failed=failed)
        return summary

    def _record(self, outcome: Outcome) -> None:
        """Record the answers of an exam, each once."""
        if self._audit is None:
            return
        documents = [eye.document for eye in outcome.judged.record.eyes if eye.document is not None]
        try:
            for document in documents[outcome.audited :]:
                self._audit(document)
                outcome.audited += 1
        except EdgeCataractError as error:
            raise _OfRecord(error) from error

    def _write(self, group: Group, outcome: Outcome) -> dict[str, Any]:
        """Write one result; it is the matter itself where others could be written.

        Its answers are recorded when its files are on the disk and before they have their names, so that a disk that
        is full for them records nothing. An exam of which one answer can never be recorded has no result.
        """
        previous = self._memory.last_result(group.label)
        try:
            return self._results.write(group, outcome.judged, previous, lambda: self._record(outcome))
        except _OfRecord as caught:
            if not isinstance(caught.error, InternalError):
                raise caught.error from caught.error.__cause__
            job = Job(group.planned(self._root), group.key)
            outcome.judged, outcome.audited = Judged(without_result(job, caught.error)), 0
            return self._write(group, outcome)
        except (OutputError, WriteError) as error:
            if getattr(error.__cause__, "errno", None) in _OF_ONE_NAME and self._results.take_others():
                raise _OfThisResult(error) from error
            raise
        except Exception as error:
            raise _OfThisResult(known_error(error)) from error
