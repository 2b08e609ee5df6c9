"""A request that has passed the guard: its parameters, checked, and its body, received within its limits."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

from starlette.requests import ClientDisconnect

from edge_runtime.checked import checked_age
from edge_runtime.errors import RequestError, UsageError
from edge_runtime.scan import Laterality

from .limits import MOST_JSON_BYTES, SMALLER_BODY
from .operations import Body

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request

    from .limits import ServiceLimits
    from .operations import Operation


class Asked:
    """One request for one operation.

    Parameters
    ----------
    request
        As it came.
    operation
        What it asks for.
    limits
        Of bytes and seconds.

    Attributes
    ----------
    values
        Its parameters by their names; one that was left out is not there.
    length
        Bytes of its body.

    Raises
    ------
    RequestError
        For a parameter that is missing, unknown, there twice or has another value, where the operation is strict; for
        a body without a length, of another media type, or too large.
    """

    def __init__(self, request: Request, operation: Operation, limits: ServiceLimits) -> None:
        self._request, self._limits = request, limits
        self.values = _values(request, operation)
        self.length = self._checked_length(operation.body)

    @property
    def eye(self) -> Laterality | None:
        """The eye that the query names."""
        return self._eye("eye")

    @property
    def named(self) -> Laterality | None:
        """The eye that the name of the file says, as the query has it."""
        return self._eye("named")

    def _eye(self, parameter: str) -> Laterality | None:
        return None if (eye := self.values.get(parameter)) is None else Laterality(eye)

    def _checked_length(self, body: Body) -> int:
        headers = self._request.headers
        length = int(headers.get("Content-Length") or 0)
        if body is Body.NOTHING:
            if length:
                raise RequestError("bad-request", "This request has no body.", "Leave it out.")
            return 0
        if headers.get("Content-Type", "").partition(";")[0].strip().lower() != body.value:
            raise RequestError(
                "other-media-type", "The body is of another media type.", f"Send {body.value}.", status=415
            )
        if "Content-Length" not in headers:
            raise RequestError(
                "length-required", "The length of the body is not stated.", "Send it with Content-Length.", status=411
            )
        scan = body is Body.SCAN
        most, advice = (self._limits.scan_bytes, SMALLER_BODY) if scan else (MOST_JSON_BYTES, "Send a smaller one.")
        if length > most:
            raise RequestError("body-too-large", f"A body has {most} bytes at most.", advice, status=413)
        if not length:
            raise RequestError("bad-request", "The body is empty.", "Send the bytes of one file.")
        return length

    async def body(self) -> bytes:
        """The body, in full.

        Raises
        ------
        RequestError
            ``slow-body`` when it does not come in time.
        """
        content = bytearray()
        try:
            now = asyncio.get_running_loop().time
            ends, still_s = now() + self._limits.body_s, self._limits.idle_s
            async with asyncio.timeout(min(self._limits.body_s, still_s)) as late:
                async for part in self._request.stream():
                    content += part
                    late.reschedule(min(ends, now() + still_s))
        except TimeoutError as error:
            raise RequestError("slow-body", "The body did not come in time.", "Send it again.", status=408) from error
        except ClientDisconnect as error:
            raise RequestError("bad-request", "The connection ended early.", "Send it again.") from error
        return bytes(content)

    async def gone(self) -> None:
        """Return when the client has gone."""
        while (await self._request.receive())["type"] != "http.disconnect":
            pass

    async def exam(self) -> tuple[Laterality, float | None]:
        """The eye and the age that a new exam is of.

        Raises
        ------
        RequestError
            ``bad-request``.
        """
        try:
            content: Any = json.loads(await self.body(), object_pairs_hook=_each_once)
        except (ValueError, RecursionError) as error:
            raise RequestError(
                "bad-request", "The body is no JSON, or names something twice.", 'Send {"eye": "OD"} or {"eye": "OS"}.'
            ) from error
        if not isinstance(content, dict) or not content.keys() <= {"eye", "age"} or "eye" not in content:
            raise RequestError(
                "bad-request", "The body is no exam.", 'Send {"eye": "OD", "age": 70}; age may be left out.'
            )
        eye, age = content["eye"], content.get("age")
        if eye not in list(Laterality) or not (age is None or isinstance(age, int | float)) or isinstance(age, bool):
            raise RequestError("bad-request", "The eye or the age has no value that it may have.", "Send OD or OS.")
        try:
            return Laterality(eye), checked_age(age)
        except (UsageError, OverflowError) as error:
            raise RequestError("bad-request", "The age is no age in years.", "Give 0 to 120.") from error


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """The object, unless it names something twice: an eye is never guessed."""
    content = dict(pairs)
    if len(content) < len(pairs):
        raise ValueError("a name stands there twice")
    return content


def _values(request: Request, operation: Operation) -> Mapping[str, Any]:
    values = {one.name: one.value(request.path_params[one.name]) for one in operation.place}
    if not operation.strict:  # what answers it needs no query
        return values
    known = {one.name: one for one in operation.query}
    for name, text in request.query_params.multi_items():
        if name not in known or name in values:
            raise RequestError(
                "bad-request", "The query has a parameter that is unknown, or there twice.", "See /openapi.json."
            )
        values[name] = known[name].value(text)
    return values
