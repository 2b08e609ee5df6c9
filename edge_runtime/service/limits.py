"""What the service lets anybody take of the machine: bytes, seconds, places and connections."""

from __future__ import annotations

from dataclasses import dataclass

from edge_runtime.errors import UsageError
from edge_runtime.scan import MAX_BYTES
from edge_runtime.workers.bounds import WORKER_MB

MEGABYTE = 1_000_000
MOST_SCANS = 12  # of one exam: six radial scans of an eye, taken twice at most
MOST_PICTURES = 99  # scans of one exam that are measured and shown: a file may hold several
MOST_JSON_BYTES = 4096


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
        for name, least, most in (
            ("waiting", 0, 1000),
            ("exams", 1, 1000),
            ("held_mb", 1, 1_000_000),
            ("forget_after_s", 1, 86_400),
            ("worker_mb", 200, 1_000_000),
        ):
            value = getattr(self, name)
            if not least <= value <= most:
                raise UsageError("usage", f"{name} from {least} to {most} was expected, got {value}.", "Leave it out.")

    @property
    def scan_bytes(self) -> int:
        """Bytes that one scan may have."""
        return min(MAX_BYTES, self.held_mb * MEGABYTE)
