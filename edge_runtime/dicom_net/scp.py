"""The provider of C-STORE and C-ECHO: who may call, what is taken, and what is answered."""

from __future__ import annotations

import threading
import time
from enum import IntEnum
from functools import partial
from socketserver import BaseServer
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from edge_runtime.errors import EdgeCataractError, OutputError, ResourceError, ScanError, UsageError, WriteError
from edge_runtime.reading.dicom.layout import CLASSES
from edge_runtime.reading.dicom.syntaxes import SYNTAXES

from .door import examine, short_digest
from .events import Event, Happened
from .intake import Taken
from .settings import MOST_PDU_BYTES

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
_MOST_REQUEST_BYTES = 1 << 20  # of any PDU: one that asks for an association is longer than one of data
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
    """Listens, from when it is entered until it is left; every association has threads of its own.

    Parameters
    ----------
    station
        Who it is.
    intake
        Where objects go.
    bounds, patience
        What it bears, and for how long.
    tell
        Called with what happened.

    Raises
    ------
    OutputError
        ``address-taken``.
    """

    def __init__(self, station: Station, intake: Intake, bounds: Bounds, patience: Patience, tell: Tell) -> None:
        self._intake, self._bounds, self._tell = intake, bounds, tell
        self._meter = _Meter(bounds.object_bytes, patience.peer_s)
        self._server = self._made(station, patience)
        self.port = int(self._server.server_address[1])
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.2}, daemon=True)

    def _made(self, station: Station, patience: Patience) -> Any:
        from pynetdicom import AE, evt
        from pynetdicom.transport import ThreadedAssociationServer

        most = 2 * self._bounds.associations

        class Server(ThreadedAssociationServer):
            """Closes connections beyond its bound before they have a thread."""

            def verify_request(self, request: Any, client_address: Any) -> bool:
                """Whether there is room for one more."""
                return len(self.active_associations) < most

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
        ]
        try:
            return entity.make_server((station.host, station.port), evt_handlers=handlers, server_class=Server)
        except (OSError, OverflowError) as error:
            raise OutputError(
                "address-taken", "The address cannot be listened on.", "Name another --address or --port."
            ) from error

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # Not its own shutdown(), which looks for a server that `AE.start_server` made.
        BaseServer.shutdown(self._server)
        self._thread.join()
        self._server.server_close()
        associations = self._server.active_associations
        for association in associations:
            association.abort(block=False)  # or it waits for a peer that has begun to say something
        until_s = time.monotonic() + _END_S
        for association in associations:
            association.join(max(0.0, until_s - time.monotonic()))

    def _store(self, event: Any) -> Dataset:
        """Answer C-STORE; nothing is raised."""
        try:
            status, fault = self._received(event)
        except EdgeCataractError as error:
            status, fault = _status_of(error), error
        except (MemoryError, OSError):
            status, fault = Status.OUT_OF_RESOURCES, _full()
        except Exception as error:  # noqa: BLE001  # whatever it is, the peer gets an answer and keeps the object
            status, fault = Status.PROCESSING_FAILURE, None
            self._tell(Event(Happened.REFUSED, f"fault of the program: {type(error).__name__}", word="internal"))
        finally:
            self._meter.done(event)
        if fault is not None:
            self._tell(Event(Happened.REFUSED, f"an object, 0x{status:04X}: {fault.found}", word=fault.word))
        return _answer(status, fault)

    def _received(self, event: Any) -> tuple[Status, EdgeCataractError | None]:
        from pynetdicom.dsutils import encode_file_meta

        content = event.encoded_dataset(include_meta=False)
        if not self._intake.has_room(len(content)):
            return Status.OUT_OF_RESOURCES, _full()
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


class _Meter:
    """Counts what is on its way, so that no peer fills the memory: who sends too much, or too slowly, is cut off."""

    def __init__(self, object_bytes: int, peer_s: float) -> None:
        self._each, self._peer_s = object_bytes + _MOST_REQUEST_BYTES, peer_s
        self._lock = threading.Lock()
        self._coming: WeakKeyDictionary[Any, int] = WeakKeyDictionary()  # whose ends are not always reported

    def watch(self, event: Any) -> None:
        """Read what a connection brings in place of pynetdicom, which takes a PDU of any length at any pace."""
        event.assoc.dul.socket.recv = partial(self._recv, event.assoc)

    def _recv(self, association: Any, count: int) -> bytearray:
        self._admit(association, count)
        data, until_s = bytearray(), time.monotonic() + self._peer_s
        while len(data) < count and time.monotonic() < until_s:
            part = association.dul.socket.socket.recv(count - len(data))
            if not part:
                break
            data += part
        return data  # which ends the association where it is too short

    def _admit(self, association: Any, count: int) -> None:
        """Count what comes next; raises OSError, which ends the association, when it is too much."""
        with self._lock:
            coming = self._coming.pop(association, 0) + count
            if count > _MOST_REQUEST_BYTES or max(coming, (coming + sum(self._coming.values())) / 2) > self._each:
                raise OSError("more than is taken")
            self._coming[association] = coming

    def done(self, event: Any) -> None:
        """An object came and is out of memory, or a connection was closed."""
        with self._lock:
            self._coming.pop(event.assoc, None)


def _status_of(error: EdgeCataractError) -> Status:
    match error:
        case WriteError() | OutputError() | ResourceError():
            return Status.OUT_OF_RESOURCES
        case ScanError() | UsageError():
            return Status.CANNOT_UNDERSTAND
    return Status.PROCESSING_FAILURE


def _full() -> ResourceError:
    return ResourceError(
        "queue-full", "The queue, its disk or the memory is full.", "See what failed in it, or make room."
    )


def _answer(status: Status, fault: EdgeCataractError | None) -> Dataset:
    from pydicom.dataset import Dataset

    answer = Dataset()
    answer.Status = int(status)
    if fault is not None:
        answer.ErrorComment = fault.word[:_LONGEST_COMMENT]
    return answer
