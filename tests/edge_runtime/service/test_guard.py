"""What the guard refuses, it refuses before one byte of the body is read."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from edge_runtime.service.guard import Guard, Identity

TOKEN = "t" * 43
OWN = Identity("http", frozenset({"127.0.0.1:8477", "localhost:8477"}), TOKEN, gives_token=True)
GOOD = {"Host": "127.0.0.1:8477", "Authorization": f"Bearer {TOKEN}", "Content-Length": "5"}


def ask(
    path: str = "/v1/scans", method: str = "POST", **headers: str | list[str] | None
) -> tuple[int, Any, dict[str, str]]:
    """What the guard answers; 299 where it lets the request pass."""
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    sent = {**GOOD, **names}
    pairs = [
        (name.lower().encode(), one.encode("latin1"))
        for name, value in sent.items()
        if value is not None
        for one in (value if isinstance(value, list) else [value])
    ]
    told: list[Any] = []

    async def application(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 299, "headers": []})
        await send({"type": "http.response.body", "body": b"{}"})

    async def receive() -> Any:
        raise AssertionError("the body was read")

    async def send(message: Any) -> None:
        told.append(message)

    guard = Guard(application, OWN, 1000, told.append)
    scope = {"type": "http", "method": method, "path": path, "headers": pairs, "query_string": b""}
    asyncio.run(guard(scope, receive, send))
    answered = {name.decode(): value.decode() for name, value in told[0]["headers"]}
    return told[0]["status"], json.loads(told[1]["body"]), answered


def test_a_good_request_passes() -> None:
    assert ask()[0] == 299
    assert ask(Host="LOCALHOST:8477", Origin="http://localhost:8477")[0] == 299


@pytest.mark.parametrize(
    "host",
    [None, "", "evil.example", "evil.example:8477", "127.0.0.1", "127.0.0.1:8478", "127.0.0.1:8477.evil.example",
     "localhost.evil.example:8477", "127.0.0.1:8477@evil.example", "[::1]:8477", "0.0.0.0:8477",
     ["127.0.0.1:8477", "evil.example"]],
)  # fmt: skip
def test_a_foreign_host_is_refused(host: Any) -> None:
    """A name of another site that was made to point to this machine (DNS rebinding) is one, too."""
    status, content, answered = ask(Host=host)
    assert (status, content["error"]["code"], answered["connection"]) == (400, "foreign-host", "close")


@pytest.mark.parametrize(
    "origin",
    ["null", "", "http://evil.example", "https://127.0.0.1:8477", "http://127.0.0.1", "http://127.0.0.1:8477.evil.example",
     "http://127.0.0.1:8477/", "file://", ["http://127.0.0.1:8477", "http://evil.example"]],
)  # fmt: skip
@pytest.mark.parametrize(("method", "path"), [("POST", "/v1/scans"), ("GET", "/"), ("OPTIONS", "/v1/scans")])
def test_a_foreign_origin_is_refused(origin: Any, method: str, path: str) -> None:
    status, content, _ = ask(path, method, Origin=origin, Content_Length=None)
    assert (status, content["error"]["code"]) == (403, "foreign-origin")


@pytest.mark.parametrize(
    "said",
    [None, "", "Bearer", "Bearer ", f"Basic {TOKEN}", f"Bearer {TOKEN}x", f"Bearer {TOKEN[:-1]}", "Bearer ü", TOKEN,
     [f"Bearer {TOKEN}", f"Bearer {TOKEN}"]],
)  # fmt: skip
def test_a_missing_or_wrong_token_is_refused(said: Any) -> None:
    status, content, answered = ask(Authorization=said)
    assert (status, content["error"]["code"], answered["www-authenticate"]) == (401, "not-authorized", "Bearer")


@pytest.mark.parametrize("path", ["/", "/page/page.js", "/health/live", "/health/ready", "/openapi.json"])
def test_what_is_not_about_scans_needs_no_token(path: str) -> None:
    assert ask(path, "GET", Authorization=None, Content_Length=None)[0] == 299


@pytest.mark.parametrize("path", ["/v1", "/v1/exams/x", "/v1x", "/v1/session/", "/v1/session/.."])
def test_everything_else_below_v1_needs_it(path: str) -> None:
    assert ask(path, "GET", Authorization=None, Content_Length=None)[0] == 401


def test_the_session_is_for_the_page_of_the_service_alone() -> None:
    def session(**headers: Any) -> int:
        return ask("/v1/session", "GET", Authorization=None, Content_Length=None, **headers)[0]

    assert session() == 403
    assert session(Sec_Fetch_Site="cross-site") == 403
    assert session(Sec_Fetch_Site="same-site") == 403
    assert session(Sec_Fetch_Site="none") == 403
    assert session(Sec_Fetch_Site="same-origin") == 299
    assert session(Origin="http://127.0.0.1:8477") == 299
    assert session(Sec_Fetch_Site="same-origin", Origin="null") == 403


def test_a_body_without_a_length_is_refused() -> None:
    status, content, _ = ask(Content_Length=None, Transfer_Encoding="chunked")
    assert (status, content["error"]["code"]) == (411, "length-required")


@pytest.mark.parametrize("length", ["1001", "9999999999999", "1" + "0" * 30])
def test_a_body_that_is_too_large_is_refused(length: str) -> None:
    status, content, _ = ask(Content_Length=length)
    assert (status, content["error"]["code"]) == (413, "body-too-large")
    assert "frame by frame" in content["error"]["hint"]
    assert "edge-cataract exam" in content["error"]["hint"]


def test_every_answer_forbids_other_pages_to_read_or_frame_it() -> None:
    for _, _, answered in (ask(), ask(Host="evil")):
        assert answered["cache-control"] == "no-store"
        assert answered["content-security-policy"].startswith("default-src 'none'; frame-ancestors 'none'")
        assert answered["x-content-type-options"] == "nosniff"
        assert answered["cross-origin-resource-policy"] == "same-origin"
        assert not any(name.startswith("access-control") for name in answered)
        assert "server" not in answered
