"""What the analyzer may use of the machine. The steps of an analysis never see how a cap on memory is kept."""

from __future__ import annotations

from dataclasses import dataclass

from edge_runtime.errors import UsageError
from edge_runtime.plain import whole_number

from . import memory
from .cgroup import available_threads

MAX_THREADS, MAX_MEMORY_MB = 1024, 1_000_000  # more is a typing error


@dataclass(frozen=True, slots=True)
class Limits:
    """What the analyzer may use of the machine.

    Attributes
    ----------
    threads
        Inference threads; None: what the affinity mask and the control group allow.
    max_memory_mb
        Cap for the peak resident memory of the process, in MB (10^6 bytes); None: no cap. Under a cap, the whole
        process returns large blocks to the system at once (glibc), and each scan drops pages of library code that
        come back when they are needed (Linux); both cost a little time.
    """

    threads: int | None = None
    max_memory_mb: int | None = None

    def __post_init__(self) -> None:
        for name, option, value, most in (
            ("threads", "--threads", self.threads, MAX_THREADS),
            ("max_memory_mb", "--max-memory, in MB", self.max_memory_mb, MAX_MEMORY_MB),
        ):
            if value is None:
                continue
            number = whole_number(value)
            if number is None or not 1 <= number <= most:
                found = f"{name} ({option}) from 1 to {most} was expected, got {value!r}."
                raise UsageError("usage", found, "Leave it out for the default.")
            object.__setattr__(self, name, number)


class Resources:
    """Threads and memory of one analyzer, within its limits.

    Attributes
    ----------
    threads
        Inference threads.
    """

    def __init__(self, limits: Limits) -> None:
        self.threads: int = limits.threads or available_threads()
        self._max_memory_mb = limits.max_memory_mb
        if self._max_memory_mb is not None:
            memory.keep_no_large_blocks()

    def model_loaded(self) -> None:
        """Return what loading a model used for a moment, with or without a cap."""
        memory.give_back_freed()
        self.step_done()

    def step_done(self) -> None:
        """Under a cap, return freed memory and code that the next step may not need; it costs some milliseconds."""
        if self._max_memory_mb is not None:
            memory.give_back_freed()
            memory.give_back_code()

    def tile_done(self) -> None:
        """Under a cap, return freed memory: tiles that differ in shape leave gaps."""
        if self._max_memory_mb is not None:
            memory.give_back_freed()

    def room_for_reading(self) -> int | None:
        """Bytes that the pixels of the next scan may take; None without a cap."""
        if self._max_memory_mb is None:
            return None
        self.step_done()
        return max(self._max_memory_mb * memory.MEGABYTE - memory.resident_bytes(peak=False), 0)

    def headroom(self) -> memory.Headroom:
        """The memory that a scan which was just read leaves under the cap."""
        self.step_done()
        return memory.Headroom.now(self._max_memory_mb)
