"""Everything that was acknowledged, until its results are: one folder, and the records in it."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from .exam_book import ExamBook
from .intake import Intake
from .records import Records
from .spool import Spool

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

    from .settings import Bounds


class Queue:
    """A queue that is open for work, by one process at a time.

    Parameters
    ----------
    folder
        Where it is; it is created where there is none, in a folder that must exist.
    bounds
        What it bears.
    keep
        Whether received objects are kept when their results were acknowledged.
    retry
        Whether what failed is judged anew.

    Attributes
    ----------
    intake
        Objects that come.
    exams
        What becomes of them.

    Raises
    ------
    OutputError
        ``queue-in-use``, ``not-a-queue``, ``output-folder``.
    WriteError
        ``write-failed`` when the disk lets its records not be opened.
    """

    def __init__(self, folder: str, bounds: Bounds, *, keep: bool = False, retry: bool = False) -> None:
        self._spool = Spool(folder)
        try:
            self._records = Records(self._spool.records, may_begin=not self._spool.holds_any())
        except BaseException:
            self._spool.abandon()
            raise
        moving = threading.Lock()
        self.intake = Intake(self._records, self._spool, bounds, moving)
        self.exams = ExamBook(self._records, self._spool, moving, keep=keep)
        try:
            self._spool.sync()
            self.exams.recover(retry=retry)
        except BaseException:
            self._records.close()
            self._spool.abandon()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let another process work with it."""
        self._records.close()
        self._spool.close()
