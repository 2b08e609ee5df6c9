"""What the service lets anybody take of the machine: bytes, seconds, places and connections."""

from __future__ import annotations

from dataclasses import dataclass

from edge_runtime.errors import UsageError
from edge_runtime.scan import MAX_BYTES
from edge_runtime.workers.bounds import WORKER_MB

_SHOWN = 1e10  # numbers below stand in a message
MEGABYTE = 1_000_000
MOST_SCANS = 12  # of one exam: six radial scans of an eye, taken twice at most
MOST_PICTURES = 99  # scans of one exam that are measured and shown: a file may hold several
MOST_JSON_BYTES = 4096
# What is advised where a file is too large: one frame is small, and the command line reads larger files.
SMALLER_BODY = "Send a series frame by frame, one file for each; or measure the file by edge-cataract exam."


@dataclass(frozen=True, slots=True)
class ServiceLimits:
    """Limits of one service.

    Attributes
    ----------
    waiting
        Scans and exams that may wait while one is in work.
    exams
        Exams that are held at a time.
    held_mb
        Megabytes of scans and pictures that are held at a time, those that are being received included.
    forget_after_s
        Seconds without use after which an exam is forgotten.
    scan_s
        Seconds that one step of the work on one scan may take: to read it, to measure it, to draw it. Files are opened
        together, and the pages of an exam are written of all its scans, in the time of each.
    body_s
        Seconds in which a body must have come.
    idle_s
        Seconds that a connection may be open without a request in work, with a body of which nothing comes, with an
        answer that nobody takes, or in the handshake of TLS.
    connections
        Connections that may be open at a time.
    stop_s
        Seconds in which work ends after the service was asked to stop.
    worker_mb
        Megabytes of memory that the process which decodes and measures may ask for.

    Raises
    ------
    UsageError
        For a number out of its bounds, by the option of ``edge-cataract serve`` that sets it.
    """

    waiting: int = 8
    exams: int = 8
    held_mb: int = 512
    forget_after_s: float = 900.0
    scan_s: float = 60.0
    body_s: float = 60.0
    idle_s: float = 10.0
    connections: int = 64
    stop_s: float = 10.0
    worker_mb: int = WORKER_MB

    def __post_init__(self) -> None:
        for option, value, least, most, unit in (
            ("--queue", self.waiting, 0, 1000, ""),
            ("--exams", self.exams, 1, 1000, ""),
            ("--held-mb", self.held_mb, 1, 1_000_000, " MB"),
            ("--forget-after", self.forget_after_s / 60, 1 / 60, 1440, " minutes"),
            ("--max-memory", self.worker_mb, 200, 1_000_000, " MB"),
        ):
            if not least <= value <= most:
                bounds = f"{least:.3g} to {most}{unit}"
                found = f"{option} {value:.10g} was given." if abs(value) < _SHOWN else f"{option} is out of bounds."
                raise UsageError("usage", found, f"Give {bounds}, or leave it out.")

    @property
    def scan_bytes(self) -> int:
        """Bytes that one scan may have."""
        return min(MAX_BYTES, self.held_mb * MEGABYTE)
