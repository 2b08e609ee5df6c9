"""What is looked at before anything else of a request: its host, its origin, its token and the length of its body.

A page of another site cannot send a request that passes: its origin is not ours; where its name was made to point to
this machine (DNS rebinding), the host is not ours; and it never learns the token. What is refused here is refused
before one byte of the body is read, and the connection is closed.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from typing import TYPE_CHECKING

from edge_runtime.errors import RequestError

from .answers import HEADERS, refusal
from .limits import SMALLER_BODY

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

_SAFE = ("GET", "HEAD")
_PROTECTED, _SESSION = "/v1", "/v1/session"


@dataclass(frozen=True, slots=True)
class Identity:
    """Who the service is, and what a request must know.

    Attributes
    ----------
    scheme
        ``http`` or ``https``.
    hosts
        What ``Host`` may say, in small letters, with the port.
    token
        What ``Authorization`` must hold.
    gives_token
        Whether the page of this service may ask for the token.
    """

    scheme: str
    hosts: frozenset[str]
    token: str
    gives_token: bool

    @property
    def origins(self) -> frozenset[str]:
        """What ``Origin`` may say."""
        return frozenset(f"{self.scheme}://{host}" for host in self.hosts)


class Guard:
    """Stands before the application.

    Parameters
    ----------
    application
        Answers what passes.
    identity
        Who the service is.
    most_bytes
        Length of the largest body.
    say
        Hears of a fault of the service, by its kind alone.
    """

    def __init__(self, application: ASGIApp, identity: Identity, most_bytes: int, say: Callable[[str], None]) -> None:
        self._application, self._identity = application, identity
        self._most_bytes, self._say = most_bytes, say

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Look at a request, and answer it or pass it on."""
        if scope["type"] != "http":
            return

        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = _with_headers(message.get("headers", []))
            await send(message)

        try:
            self._check(scope)
        except RequestError as error:
            answer = refusal(error)
            answer.headers["Connection"] = "close"
            await answer(scope, receive, sent)
            return
        try:
            await self._application(scope, receive, sent)
        except Exception as error:
            self._say(f"error[internal]: {type(error).__name__}.")
            raise

    def _check(self, scope: Scope) -> None:
        headers = _Headers(scope)
        identity = self._identity
        host = headers.only(b"host")
        if host is None or host.lower() not in identity.hosts:
            raise RequestError("foreign-host", "The request names another host.", "Use the address of this service.")
        origin = headers.only(b"origin")
        if headers.count(b"origin") and (origin is None or origin.lower() not in identity.origins):
            raise RequestError("foreign-origin", "A page of another site asks.", "Use this service's page.", status=403)
        path = scope["path"]
        if (
            path == _SESSION
            and scope["method"] in _SAFE
            and headers.only(b"sec-fetch-site") != "same-origin"
            and origin is None
        ):
            raise RequestError(
                "foreign-origin", "It is not this service's page that asks.", "Use this service's page.", status=403
            )
        if path.startswith(_PROTECTED) and path != _SESSION:
            self._check_token(headers)
        self._check_length(headers)

    def _check_token(self, headers: _Headers) -> None:
        scheme, _, token = (headers.only(b"authorization") or "").partition(" ")
        if scheme.lower() != "bearer" or not hmac.compare_digest(token.encode(), self._identity.token.encode()):
            raise RequestError(
                "not-authorized", "The token is missing or wrong.", "Send Authorization: Bearer TOKEN.", status=401
            )

    def _check_length(self, headers: _Headers) -> None:
        if headers.count(b"transfer-encoding"):
            raise RequestError(
                "length-required", "The length of the body is not stated.", "Send it with Content-Length.", status=411
            )
        length = headers.only(b"content-length")
        if length is None:
            return
        if len(length) > 12 or int(length) > self._most_bytes:
            raise RequestError(
                "body-too-large",
                f"A body has {self._most_bytes} bytes at most.",
                SMALLER_BODY,
                status=413,
            )


class _Headers:
    """The headers of a request, where one that is there twice is as good as none."""

    def __init__(self, scope: Scope) -> None:
        self._all: list[tuple[bytes, bytes]] = scope["headers"]

    def count(self, name: bytes) -> int:
        return sum(one == name for one, _ in self._all)

    def only(self, name: bytes) -> str | None:
        values = [value for one, value in self._all if one == name]
        return values[0].decode("latin1") if len(values) == 1 else None


def _with_headers(own: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """The headers of an answer, and those that it does not set itself of what every answer has."""
    names = {name.lower() for name, _ in own}
    return [
        *own,
        *(
            (name.lower().encode(), value.encode())
            for name, value in HEADERS.items()
            if name.lower().encode() not in names
        ),
    ]
