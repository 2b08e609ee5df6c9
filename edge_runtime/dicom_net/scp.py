"""The provider of C-STORE and C-ECHO: who may call, what is taken, and what is answered."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum
from socketserver import BaseServer
from typing import TYPE_CHECKING, Any

from edge_runtime.errors import (
    EdgeCataractError,
    InternalError,
    OutputError,
    ResourceError,
    ScanError,
    UsageError,
    WriteError,
)
from edge_runtime.reading.dicom.layout import CLASSES
from edge_runtime.reading.dicom.syntaxes import SYNTAXES

from .archive_answers import hexadecimal
from .door import examine, short_digest
from .events import Event, Happened
from .intake import Taken
from .meter import Meter
from .settings import MOST_PDU_BYTES
from .turned_away import TurnedAway, too_many

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

    from pydicom.dataset import Dataset

    from .events import Tell
    from .intake import Intake
    from .settings import Bounds, Patience, Station

_VERIFICATION = "1.2.840.10008.1.1"
_SINGLE_BIT = "1.2.840.10008.5.1.4.1.1.7.1"  # of a class that is read for its word only
ACCEPTED_CLASSES = tuple(sorted(CLASSES - {_SINGLE_BIT}))
_PREAMBLE = b"\0" * 128 + b"DICM"
_END_S = 2.0  # for associations that are aborted, all together; a service has some seconds to stop
_LONGEST_COMMENT = 64  # of a Long String


class Status(IntEnum):
    """What is answered to C-STORE (PS3.4 B.2.3, PS3.7 C)."""

    SUCCESS = 0x0000
    PROCESSING_FAILURE = 0x0110
    DUPLICATE = 0x0111
    OUT_OF_RESOURCES = 0xA700
    OTHER_CLASS = 0xA900
    CANNOT_UNDERSTAND = 0xC000


class Provider:
    """Has its address from the beginning until it is left; every association has threads of its own.

    Parameters
    ----------
    station
        Who it is.
    bounds, patience
        What it bears, and for how long.
    tell
        Called with what happened.

    Attributes
    ----------
    port
        Where it listens.
    turned_away
        Notes whom and what it does not take.

    Raises
    ------
    OutputError
        ``address-taken``.
    """

    _intake: Intake

    def __init__(self, station: Station, bounds: Bounds, patience: Patience, tell: Tell) -> None:
        self._title, self._bounds, self._tell = station.title, bounds, tell
        self.turned_away = TurnedAway(tell)
        self._meter = Meter(bounds.object_bytes, patience.peer_s, self.turned_away)
        self._server = self._made(station, patience)
        self.port = int(self._server.server_address[1])

    def _made(self, station: Station, patience: Patience) -> Any:
        from pynetdicom import AE, evt
        from pynetdicom.transport import ThreadedAssociationServer

        most, turned_away = 2 * self._bounds.associations, self.turned_away

        class Server(ThreadedAssociationServer):
            """Closes connections beyond its bound before they have a thread."""

            def verify_request(self, request: Any, client_address: Any) -> bool:
                """Whether there is room for one more."""
                if len(self.active_associations) < most:
                    return True
                turned_away.note(f"a peer at {client_address[0]}", too_many(f"{most} may be connected."))
                return False

        entity = AE(station.title)
        entity.require_called_aet = True
        entity.require_calling_aet = list(station.peers)
        entity.maximum_associations = self._bounds.associations
        entity.maximum_pdu_size = MOST_PDU_BYTES
        entity.acse_timeout = entity.dimse_timeout = entity.network_timeout = patience.peer_s
        for kind in ACCEPTED_CLASSES:
            entity.add_supported_context(kind, list(SYNTAXES))
        entity.add_supported_context(_VERIFICATION)
        handlers: list[Any] = [
            (evt.EVT_CONN_OPEN, self._meter.watch),
            (evt.EVT_CONN_CLOSE, self._meter.done),
            (evt.EVT_C_STORE, self._store),
            (evt.EVT_ACSE_SENT, self._associated),
        ]
        try:
            return entity.make_server((station.host, station.port), evt_handlers=handlers, server_class=Server)
        except (OSError, OverflowError) as error:
            raise OutputError(
                "address-taken", "The address cannot be listened on.", "Name another --address or --port."
            ) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.server_close()

    @contextmanager
    def taking(self, intake: Intake) -> Iterator[None]:
        """Listen, and give objects to an intake; who calls before that waits, and none is there afterwards."""
        self._intake = intake
        thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.2}, daemon=True)
        thread.start()
        try:
            yield
        finally:
            # Not its own shutdown(), which looks for a server that `AE.start_server` made.
            BaseServer.shutdown(self._server)
            thread.join()
            self._server.server_close()
            self._end_associations()
            self.turned_away.end()

    def _end_associations(self) -> None:
        associations = self._server.active_associations
        for association in associations:
            association.abort(block=False)  # or it waits for a peer that has begun to say something
        until_s = time.monotonic() + _END_S
        for association in associations:
            association.join(max(0.0, until_s - time.monotonic()))

    def _associated(self, event: Any) -> None:
        """Note what is answered to a peer that wants an association."""
        self.turned_away.note_association(event, self._title, self._bounds.associations)

    def _store(self, event: Any) -> Dataset:
        """Answer C-STORE; nothing is raised."""
        try:
            status, fault = self._received(event)
        except EdgeCataractError as error:
            status, fault = _status_of(error), error
        except (MemoryError, OSError):
            status, fault = Status.OUT_OF_RESOURCES, _full("The disk or the memory of the queue is full.")
        except Exception as error:  # noqa: BLE001  # whatever it is, the peer gets an answer and keeps the object
            status, fault = Status.PROCESSING_FAILURE, _internal(error)
        finally:
            self._meter.done(event)
        if fault is not None:
            self._refused(fault, hexadecimal(status))
        return _answer(status, fault)

    def _refused(self, fault: EdgeCataractError, status: str) -> None:
        """Say that an object was refused: each that is to blame itself, and the others now and then."""
        what = f"an object, {status}"
        if _status_of(fault) is Status.OUT_OF_RESOURCES:  # devices try again, perhaps while the disk of the log is full
            self.turned_away.note(what, fault, status)
        else:
            self._tell(Event(Happened.REFUSED, f"{what}: {fault.found}", word=fault.word, status=status))

    def _received(self, event: Any) -> tuple[Status, EdgeCataractError | None]:
        from pynetdicom.dsutils import encode_file_meta

        content = event.encoded_dataset(include_meta=False)
        lack = self._intake.lack(len(content))
        if lack is not None:
            return Status.OUT_OF_RESOURCES, _full(lack)
        path = self._intake.write((_PREAMBLE, encode_file_meta(event.file_meta), content))
        try:
            arrival = examine(path)
            announced = event.request
            if (announced.AffectedSOPClassUID, short_digest(announced.AffectedSOPInstanceUID)) != (
                arrival.kind,
                arrival.key,
            ):
                return Status.OTHER_CLASS, ScanError(
                    "other-object", "The object is another one than was announced.", "Have the device repaired."
                )
            taken = self._intake.take(path, arrival)
        finally:
            self._intake.drop(path)
        if taken is Taken.OTHER:
            return Status.DUPLICATE, ScanError(
                "other-object",
                "An object with the same UID and other content came before.",
                "Give it a UID of its own.",
            )
        if taken is Taken.NEW:
            self._tell(Event(Happened.RECEIVED, f"an object of {arrival.eyes}"))
        return Status.SUCCESS, None


def _status_of(error: EdgeCataractError) -> Status:
    match error:
        case WriteError() | OutputError() | ResourceError():
            return Status.OUT_OF_RESOURCES
        case ScanError() | UsageError():
            return Status.CANNOT_UNDERSTAND
    return Status.PROCESSING_FAILURE


def _internal(error: Exception) -> InternalError:
    return InternalError("internal", f"Fault of the program: {type(error).__name__}.", "Report it.")


def _full(found: str) -> ResourceError:
    return ResourceError("queue-full", found, "See what failed in it, or make room.")


def _answer(status: Status, fault: EdgeCataractError | None) -> Dataset:
    from pydicom.dataset import Dataset

    answer = Dataset()
    answer.Status = int(status)
    if fault is not None:
        answer.ErrorComment = fault.word[:_LONGEST_COMMENT]
    return answer
