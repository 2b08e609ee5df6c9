"""Connections: how many there are, and how long one may be open without a request in work.

uvicorn limits neither those that say nothing nor those that say it slowly, nor answers that nobody takes.
"""

from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING, Any, cast

from uvicorn.protocols.http.h11_impl import H11Protocol

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import ClassVar

BACKLOG = 128
LINGER_S = 2.0  # for an answer that came before the body


class BoundedListener(socket.socket):
    """A listening socket that closes what comes beyond a number of open connections, at once.

    Parameters
    ----------
    family
        IPv4 or IPv6.
    most
        Connections that may be open at a time.
    """

    def __init__(self, family: int, most: int) -> None:
        super().__init__(family, socket.SOCK_STREAM)
        self._most = most
        self._open = 0

    def accept(self) -> tuple[socket.socket, Any]:
        """The next connection that there is room for; BlockingIOError where none waits."""
        for _ in range(BACKLOG):
            connection, address = super().accept()
            if self._open < self._most:
                self._open += 1
                return _Counted(self, connection), address
            connection.close()
        raise BlockingIOError

    def closed_one(self) -> None:
        """Count a connection no more."""
        self._open -= 1


class _Counted(socket.socket):
    """An accepted connection, which tells its listener when it is closed."""

    def __init__(self, listener: BoundedListener, connection: socket.socket) -> None:
        super().__init__(connection.family, connection.type, connection.proto, fileno=connection.detach())
        self._listener: BoundedListener | None = listener

    def close(self) -> None:
        """Close the connection; called again, it does nothing."""
        super().close()
        if self._listener is not None:
            self._listener.closed_one()
            self._listener = None


class _Patient:
    """A transport that, closed in the middle of a body, first lets the answer arrive.

    Closed with bytes unread, a connection is reset, and the answer may be lost on its way: a client that sends a scan
    to a full queue would not hear that it is full. So what still comes is read for a moment, and thrown away.

    Parameters
    ----------
    transport
        The transport.
    unread
        Whether a part of the body has not come yet.
    loop
        Of the transport.
    """

    def __init__(
        self, transport: asyncio.Transport, unread: Callable[[], bool], loop: asyncio.AbstractEventLoop
    ) -> None:
        self._transport, self._unread, self._loop = transport, unread, loop
        self.ending = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def is_closing(self) -> bool:
        """Whether nothing more is answered over it."""
        return self.ending or self._transport.is_closing()

    def close(self) -> None:
        """Close it, soon."""
        if self.is_closing() or not self._unread():
            self._transport.close()
            return
        self.ending = True
        if self._transport.can_write_eof():
            self._transport.write_eof()
        self._transport.resume_reading()
        self._loop.call_later(LINGER_S, self._transport.abort)


class WatchedProtocol(H11Protocol):
    """HTTP, whose connections are closed when they are open without a request in work for too long.

    The time begins anew when an answer is complete, not with every byte: headers that come one by one, a body that
    nobody reads and an answer that nobody takes all end after it.
    """

    idle_s: ClassVar[float] = 10.0
    _idle: asyncio.TimerHandle | None = None
    _stuck: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for a request."""
        self._patient = _Patient(transport, self._is_body_unread, self.loop)
        super().connection_made(cast("asyncio.Transport", self._patient))
        self._wait()

    def data_received(self, data: bytes) -> None:
        """Wait no more once a request is in work."""
        if self._patient.ending:
            return
        super().data_received(data)
        if self._in_work:
            self._wait_no_more()

    def on_response_complete(self) -> None:
        """Wait for the next request."""
        self._wait_no_more()
        super().on_response_complete()
        if not self._in_work:  # closing, too: the end of the answer may be taken by nobody
            self._wait()

    def pause_writing(self) -> None:
        """Begin to wait until the answer is taken."""
        super().pause_writing()
        if self._stuck is None:
            self._stuck = self.loop.call_later(self.idle_s, self.transport.abort)

    def resume_writing(self) -> None:
        """Somebody takes it."""
        super().resume_writing()
        self._unstick()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait for nothing more."""
        self._wait_no_more()
        self._unstick()
        super().connection_lost(exc)

    @property
    def _in_work(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _is_body_unread(self) -> bool:
        return self.cycle is not None and self.cycle.more_body

    def _wait(self) -> None:
        if self._idle is None:
            self._idle = self.loop.call_later(self.idle_s, self.transport.abort)

    def _wait_no_more(self) -> None:
        if self._idle is not None:
            self._idle.cancel()
            self._idle = None

    def _unstick(self) -> None:
        if self._stuck is not None:
            self._stuck.cancel()
            self._stuck = None
