"""What a receiver is given: who it is, what it bears, what it makes, and how patient it is."""

from __future__ import annotations

from dataclasses import dataclass

from edge_runtime.dicom_out.files import DEFAULT_KINDS, Kind

MB = 10**6
MOST_PDU_BYTES = 1 << 16  # that a peer is asked to send at once


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a receiver bears before it refuses.

    Attributes
    ----------
    associations
        That are open at one time; as many connections more may wait for one.
    object_bytes
        Of one object.
    queue_bytes, queue_objects
        Of everything that lies in the queue, what failed included.
    free_bytes
        That must be left on the disk.
    """

    associations: int = 4
    object_bytes: int = 256 * MB
    queue_bytes: int = 8192 * MB
    queue_objects: int = 10_000
    free_bytes: int = 512 * MB


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a receiver waits, in seconds.

    Attributes
    ----------
    quiet_s
        After the last single frame of a study, before its exams are judged.
    exam_s
        For a process that judges one exam.
    peer_s
        For a peer that says nothing.
    first_s, most_s
        Before a result is sent again: at first, doubled with every failure, and at most.
    remember_s
        How long an object is known that was done, so that a device which sends it again gets no second result.
    """

    quiet_s: float = 60.0
    exam_s: float = 600.0
    peer_s: float = 60.0
    first_s: float = 2.0
    most_s: float = 300.0
    remember_s: float = 24 * 3600.0

    def after(self, failures: int) -> float:
        """Seconds to wait after so many failures."""
        return min(self.most_s, self.first_s * 2.0 ** min(failures - 1, 30))


@dataclass(frozen=True, slots=True)
class Station:
    """Who receives.

    Attributes
    ----------
    title
        Its AE title: what a device has to call it.
    host, port
        Where it listens; port 0: any that is free.
    peers
        AE titles that may call; none: any.
    """

    title: str = "EDGE"
    host: str = "127.0.0.1"
    port: int = 11112
    peers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Wishes:
    """What is made of an exam.

    Attributes
    ----------
    kinds
        Which objects.
    language
        Of the page.
    keep
        Whether received objects are kept when their results were acknowledged.
    """

    kinds: tuple[Kind, ...] = DEFAULT_KINDS
    language: str = "en"
    keep: bool = False
