"""The application: what answers each operation of the table."""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.convertors import Convertor, register_url_convertor
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from edge_runtime.audit.entry import document_sha256
from edge_runtime.errors import EdgeCataractError, RequestError
from edge_runtime.version import __version__

from .answers import internal, refusal
from .asked import Asked
from .exam_requests import ExamRequests
from .openapi import description
from .operations import DIGITS, DOCUMENT_DIGEST, HTML, JSON, OPERATIONS
from .page import content_security_policy, page_texts, read_asset
from .tasks import Kind, Task

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from starlette.requests import Request

    from .exams import HeldExams
    from .guard import Identity
    from .limits import ServiceLimits
    from .operations import Operation
    from .turns import Turns
    from .workshop import Workshop

    Handler = Callable[[Asked], Awaitable[Response]]


class Requests:
    """Answers what is not about exams.

    Parameters
    ----------
    turns
        The queue.
    held
        The exams, which share the room for scans.
    workshop
        Knows which model is in use.
    identity
        Who the service is.
    """

    def __init__(self, turns: Turns, held: HeldExams, workshop: Workshop, identity: Identity) -> None:
        self._turns, self._held, self._workshop, self._identity = turns, held, workshop, identity

    def handlers(self) -> Mapping[str, Handler]:
        """What answers each operation, by its name."""
        return {
            "page": self._page,
            "asset": self._asset,
            "texts": self._texts,
            "live": self._live,
            "ready": self._ready,
            "description": self._description,
            "session": self._session,
            "measure_scan": self._measure_scan,
        }

    async def _page(self, asked: Asked) -> Response:
        return _asset_named("index.html")

    async def _asset(self, asked: Asked) -> Response:
        return _asset_named(asked.values["name"])

    async def _texts(self, asked: Asked) -> Response:
        return JSONResponse(page_texts(asked.values["lang"]))

    async def _live(self, asked: Asked) -> Response:
        return JSONResponse({"live": True})

    async def _ready(self, asked: Asked) -> Response:
        turns, model = self._turns, self._workshop.model
        ready = model is not None and not turns.stopping
        content = {
            "ready": ready,
            "version": __version__,
            "model": model,
            "queue": {"taken": turns.taken, "places": turns.places},
            "exams": len(self._held),
            "notice": self._workshop.trouble or turns.notice or self._workshop.notice,
        }
        return JSONResponse(content, 200 if ready else 503, {} if ready else {"Retry-After": "5"})

    async def _description(self, asked: Asked) -> Response:
        return JSONResponse(description())

    async def _session(self, asked: Asked) -> Response:
        if not self._identity.gives_token:
            raise RequestError(
                "token-not-given", "The token is not given out.", "Ask who runs the service.", status=403
            )
        return JSONResponse({"token": self._identity.token})

    async def _measure_scan(self, asked: Asked) -> Response:
        with self._turns.place(), self._held.room(asked.length):
            content = [await asked.body()]
            task = Task(Kind.SCAN, (1,), asked.eye, asked.values.get("age"))
            work = asyncio.ensure_future(self._turns.result(task, content))
            gone = asyncio.ensure_future(asked.gone())
            try:
                await asyncio.wait((work, gone), return_when=asyncio.FIRST_COMPLETED)
                if not work.done():  # nobody waits for it
                    return Response(status_code=503)
                text = work.result().text
                digest = document_sha256(json.loads(text))
                return Response(text, media_type=JSON, headers={DOCUMENT_DIGEST: digest})
            finally:
                for one in (work, gone):
                    one.cancel()
                    with suppress(asyncio.CancelledError, Exception):
                        await one


def _asset_named(name: str) -> Response:
    asset = read_asset(name)
    if asset is None:
        raise RequestError("no-such-path", "The page has no such file.", "See /openapi.json.", status=404)
    headers = {"Content-Security-Policy": content_security_policy()} if asset.media_type.startswith(HTML) else {}
    return Response(asset.content, media_type=asset.media_type, headers=headers)


def application(requests: Requests, exams: ExamRequests, limits: ServiceLimits) -> Starlette:
    """The application that stands behind the guard."""
    handlers = {**requests.handlers(), **exams.handlers()}
    paths: dict[str, dict[str, Operation]] = {}
    for operation in OPERATIONS:
        paths.setdefault(operation.path, {})[operation.method] = operation
    register_url_convertor("digits", _Digits())
    routes = [
        Route(_routed(path, operations), _endpoint(operations, handlers, limits), methods=list(operations))
        for path, operations in paths.items()
    ]
    handled = {HTTPException: _not_there, EdgeCataractError: _refused, Exception: _failed}
    application = Starlette(routes=routes, exception_handlers=handled)
    application.router.redirect_slashes = False
    return application


class _Digits(Convertor[str]):
    """A number in a path, as text: how large it may be, the table of operations says."""

    regex = DIGITS.pattern

    def convert(self, value: str) -> str:
        """As it is."""
        return value

    def to_string(self, value: str) -> str:
        """As it is."""
        return value


def _routed(path: str, operations: Mapping[str, Operation]) -> str:
    """A path as Starlette writes it: a number is no name with a dot in it."""
    for parameter in next(iter(operations.values())).place:
        if parameter.schema["type"] == "integer":
            path = path.replace(f"{{{parameter.name}}}", f"{{{parameter.name}:digits}}")
    return path


def _endpoint(
    operations: Mapping[str, Operation], handlers: Mapping[str, Handler], limits: ServiceLimits
) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        operation = operations["GET" if request.method == "HEAD" else request.method]
        return await handlers[operation.name](Asked(request, operation, limits))

    return answer


async def _refused(request: Request, error: Exception) -> Response:
    """An error of the program, or of the request."""
    return refusal(error) if isinstance(error, EdgeCataractError) else await _failed(request, error)


async def _failed(request: Request, error: Exception) -> Response:
    """A fault of the service, of which the client hears no more; the guard reports it to the operator."""
    return refusal(internal())


async def _not_there(request: Request, error: Exception) -> Response:
    """What Starlette says of a path or a method that no operation has."""
    if isinstance(error, HTTPException) and error.status_code == 405:
        answer = refusal(RequestError("no-such-method", "This path is not asked so.", "See /openapi.json.", status=405))
        answer.headers.update(error.headers or {})
        return answer
    return refusal(RequestError("no-such-path", "There is no such path.", "See /openapi.json.", status=404))
