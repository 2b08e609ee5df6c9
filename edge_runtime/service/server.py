"""The service from its start to its end."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import uvicorn

from edge_runtime.machine.memory import give_back_freed, keep_no_large_blocks
from edge_runtime.program_signals import INTERRUPTED

from .address import Address
from .application import Requests, application
from .connections import BACKLOG, WatchedProtocol
from .exam_requests import ExamRequests
from .exams import HeldExams
from .guard import Guard
from .lane import Lane
from .limits import ServiceLimits
from .turns import Turns
from .workshop import Workshop

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Iterator

    from .connections import BoundedListener
    from .guard import Identity
    from .models import ModelSource

_LOOK_S = 2.0  # how often it is looked for another model
_SWEEP_S = 5.0  # how often it is looked for exams that nobody uses
_END_S = 5.0  # that a thread may take to end, after what it waits for was ended


@dataclass(frozen=True, slots=True)
class Service:
    """A service as it was asked for.

    Attributes
    ----------
    address
        Where it listens.
    source
        Which model.
    limits
        What anybody may take of the machine.
    say
        Called with what its operator should know.
    started
        Called with its URL as soon as it answers.
    kept
        Called with each document before it is given out; None: nothing is kept.
    """

    address: Address
    source: ModelSource
    limits: ServiceLimits
    say: Callable[[str], None]
    started: Callable[[str], None]
    kept: Callable[[str], None] | None = None

    def run(self) -> int:
        """Serve until a signal ends it, and return its number; what is in work then is done first, within a time.

        Raises
        ------
        EdgeCataractError
            When the address, the token, the TLS files or the model cannot be used.
        """
        keep_no_large_blocks()
        self.address.check_tls()
        listener = self.address.listen(self.limits.connections)
        try:
            port = int(listener.getsockname()[1])
            identity = self.address.identity(port)
            return asyncio.run(self._serve(listener, identity))
        finally:
            listener.close()

    async def _serve(self, listener: BoundedListener, identity: Identity) -> int:
        workshop = Workshop(self.source, self.limits, self.say)
        turns = Turns(workshop, self.limits, self.say, self.kept)
        held = HeldExams(self.limits, turns.forget, lambda: turns.abandoned_bytes)
        exams = ExamRequests(turns, held)
        behind = application(Requests(turns, held, workshop, identity), exams, self.limits)
        server = _Server(self._config(Guard(behind, identity, self.limits.scan_bytes, self.say)), self.limits.idle_s)
        models = Lane("models")
        with _heard() as stop:
            try:
                opening = models.call(workshop.open)
                if not await _first(opening, stop):
                    opening.add_done_callback(asyncio.Future.exception)  # that its worker was killed is no news
                    return stop.result()
                tasks = [
                    asyncio.ensure_future(work)
                    for work in (turns.work(), _sweep(held), _follow(models, workshop, turns))
                ]
                serving = asyncio.ensure_future(server.serve([listener]))
                self.started(_url(identity))
                ends: list[asyncio.Future[Any]] = [serving, stop, *tasks]
                await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
                turns.stopping = True
                exams.wake_all()
                server.should_exit = True
                await serving
                for task in tasks:
                    task.cancel()
                for ended in await asyncio.gather(*tasks, return_exceptions=True):
                    if isinstance(ended, Exception):  # a fault of the service, which nobody would hear of
                        raise ended
                if not stop.done():
                    raise RuntimeError("the server ended by itself")
                return stop.result()
            finally:
                workshop.kill()
                await asyncio.to_thread(self._end, turns, models, workshop)  # and hear a second signal meanwhile

    def _end(self, turns: Turns, models: Lane, workshop: Workshop) -> None:
        """Clean up, as far as that is done in time: a thread that a disk holds is left to the end of the process."""
        ended = [end(_END_S) for end in (turns.end, models.end)]
        if not all(ended):
            self.say("what was in work did not end in time, and was left")
        workshop.end()

    def _config(self, guard: Guard) -> uvicorn.Config:
        for name in ("uvicorn.error", "uvicorn.access", "uvicorn.asgi"):
            logging.getLogger(name).setLevel(logging.CRITICAL)  # they write paths, and tracebacks
        protocol = type("Protocol", (WatchedProtocol,), {"idle_s": self.limits.idle_s})
        return uvicorn.Config(
            guard,
            http=protocol,
            ws="none",
            loop="asyncio",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            backlog=BACKLOG,
            timeout_keep_alive=max(1, int(self.limits.idle_s)),
            timeout_graceful_shutdown=max(1, int(self.limits.stop_s)),
            ssl_certfile=self.address.certificate,
            ssl_keyfile=self.address.key,
        )


class _Server(uvicorn.Server):
    """uvicorn, without its handlers of signals, as the service has its own, and with a limit on handshakes.

    Parameters
    ----------
    config
        Of uvicorn.
    idle_s
        Seconds that the beginning and the end of TLS may take: a connection counts from when it is accepted, and
        nothing else watches it before and after.
    """

    def __init__(self, config: uvicorn.Config, idle_s: float) -> None:
        super().__init__(config)
        self._idle_s = idle_s

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen as uvicorn does, which gives asyncio no times."""
        config, loop = self.config, asyncio.get_running_loop()

        def protocol() -> asyncio.Protocol:
            made: asyncio.Protocol = config.http_protocol_class(  # type: ignore[call-arg]
                config=config, server_state=self.server_state, app_state=self.lifespan.state
            )
            return made

        seconds = None if config.ssl is None else self._idle_s
        self.servers = [
            await loop.create_server(
                protocol,
                sock=sock,
                ssl=config.ssl,
                backlog=config.backlog,
                ssl_handshake_timeout=seconds,
                ssl_shutdown_timeout=seconds,
            )
            for sock in sockets or []
        ]
        self.started = True

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield


@contextmanager
def _heard() -> Iterator[asyncio.Future[int]]:
    """A future that a signal completes, with its number; a second signal ends the process at once."""
    loop = asyncio.get_running_loop()
    stop: asyncio.Future[int] = loop.create_future()
    handlers = {number: signal.getsignal(number) for number in INTERRUPTED}
    before = {number: handler for number, handler in handlers.items() if handler is not signal.SIG_IGN}  # as by nohup

    def heard(number: int) -> None:
        if stop.done():
            os._exit(128 + number)
        stop.set_result(number)

    for number in before:
        loop.add_signal_handler(number, heard, number)
    try:
        yield stop
    finally:
        for number, handler in before.items():
            loop.remove_signal_handler(number)
            signal.signal(number, handler)


async def _first(work: asyncio.Future[None], stop: asyncio.Future[int]) -> bool:
    """Wait for work; whether it was done before the service was asked to stop."""
    await asyncio.wait((work, stop), return_when=asyncio.FIRST_COMPLETED)
    if work.done():
        work.result()
        return True
    return False


async def _sweep(held: HeldExams) -> None:
    """Forget, from time to time, what nobody uses."""
    while True:
        await asyncio.sleep(_SWEEP_S)
        held.forget_unused()
        give_back_freed()  # the pieces that bodies leave would add up over thousands of scans


async def _follow(models: Lane, workshop: Workshop, turns: Turns) -> None:
    """Replace a worker that has died, and let another model take over when it has proven itself."""
    while True:
        await asyncio.sleep(_LOOK_S)
        if await models.call(workshop.look_for_another):
            turns.let_go()  # between two tasks, by which the new worker takes over
        await models.call(workshop.revive)


def _url(identity: Identity) -> str:
    """The address that a person opens."""
    return f"{identity.scheme}://{min(identity.hosts, key=lambda host: host.startswith('localhost'))}/"
