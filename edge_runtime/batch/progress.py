"""How far a batch is, and when it will be done."""

from __future__ import annotations

from dataclasses import dataclass

LINE_EVERY_S = 60.0  # where nobody watches a terminal


@dataclass(slots=True)
class Progress:
    """Counts exams and files of one run.

    Attributes
    ----------
    exams, exams_done
        All, and those with a record; those of earlier runs count.
    files, files_done
        The same of files.
    began_s
        When this run began to measure, by any clock.
    """

    exams: int
    files: int
    exams_done: int
    files_done: int
    began_s: float
    _files_before: int = -1
    _told_s: float | None = None

    def __post_init__(self) -> None:
        self._files_before, self._told_s = self.files_done, self.began_s

    def add(self, files: int) -> None:
        """One exam more is done."""
        self.exams_done += 1
        self.files_done += files

    def is_time(self, now_s: float) -> bool:
        """Whether a minute has passed since a line was due."""
        if self._told_s is not None and now_s - self._told_s < LINE_EVERY_S:
            return False
        self._told_s = now_s
        return True

    def left_s(self, now_s: float) -> float | None:
        """Seconds until the end, at the pace of this run; None before its first exam."""
        here = self.files_done - self._files_before
        return None if here <= 0 else (now_s - self.began_s) / here * (self.files - self.files_done)

    def text(self, now_s: float) -> str:
        """One line: ``37 of 200 exams, 222 of 1200 files, 0:05:12 left``."""
        left = self.left_s(now_s)
        end = "" if left is None else f", {clock(left)} left"
        return f"{self.exams_done} of {self.exams} exams, {self.files_done} of {self.files} files{end}"


def clock(seconds: float) -> str:
    """Hours, minutes and seconds: ``1:02:03``."""
    whole = round(seconds)
    return f"{whole // 3600}:{whole // 60 % 60:02d}:{whole % 60:02d}"
