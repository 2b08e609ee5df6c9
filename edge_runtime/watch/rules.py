"""When files and exams of a watched folder are judged."""

from __future__ import annotations

from dataclasses import dataclass

from edge_runtime.errors import UsageError

_LONGEST_S = 86_400.0
MOST_SCANS = 1_000  # more is a typing error


@dataclass(frozen=True, slots=True)
class Rules:
    """Times in seconds, by a clock that only goes forward: those of shares may be wrong.

    Attributes
    ----------
    settle_s
        How long a file must stay as it is before it is read.
    timeout_s
        How long nothing must happen to an exam that is not complete, before it is judged as it is.
    poll_s
        How often the folder is looked at; events of the system only make a look come earlier.
    scans
        With so many whole scans an exam is complete, and is judged at once.
    """

    settle_s: float = 5.0
    timeout_s: float = 60.0
    poll_s: float = 2.0
    scans: int = 12

    def __post_init__(self) -> None:
        for name, value in (("--settle", self.settle_s), ("--timeout", self.timeout_s), ("--poll", self.poll_s)):
            if not 0 < value <= _LONGEST_S:
                raise UsageError("usage", f"{name} {value} was given.", "Give seconds, more than 0, up to a day.")
        if not 1 <= self.scans <= MOST_SCANS:
            raise UsageError("usage", f"--scans {self.scans} was given.", f"Give 1 to {MOST_SCANS}.")
