"""Connections that say nothing, say it slowly, or never take their answer end; the others do not notice."""

from __future__ import annotations

import http.client
import json
import socket
import ssl
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from benchmarks.robustness.running_service import RunningService
from tests.conftest import ROOT

from .conftest import PROGRAM, Start, png, tls_files

pytestmark = pytest.mark.slow
LONG_S = 20.0  # a test that waits longer has failed


@pytest.fixture(scope="module")
def small(start: Start) -> RunningService:
    """One scan may wait, and eight connections may be open."""
    return start(limits={"waiting": 0, "connections": 8})


@contextmanager
def connected(service: RunningService) -> Iterator[socket.socket]:
    with socket.create_connection((service.host, service.port), LONG_S) as connection:
        yield connection


def head(service: RunningService, length: int, *, path: str = "/v1/scans", token: str | None = None) -> bytes:
    return (
        f"POST {path} HTTP/1.1\r\nHost: {service.host}:{service.port}\r\n"
        f"Authorization: Bearer {token or service.token}\r\n"
        f"Content-Type: application/octet-stream\r\nContent-Length: {length}\r\n\r\n"
    ).encode()


def ended(connection: socket.socket) -> bytes:
    """What comes until the service closes the connection."""
    came = b""
    try:
        while part := connection.recv(1 << 16):
            came += part
    except ConnectionResetError:
        pass
    return came


def is_cut(connection: socket.socket, part: bytes, every_s: float) -> bool:
    """Whether a connection over which parts are sent again and again is closed from the other side."""
    ends = time.monotonic() + LONG_S
    while time.monotonic() < ends:
        try:
            connection.sendall(part)
        except OSError:
            return True
        time.sleep(every_s)
    return False


@pytest.mark.parametrize("said", [b"", b"GET / HTTP/1.1\r\n", b"GET / HTTP/1.1\r\nHost: x\r\nX-A: "])
def test_a_connection_that_never_ends_its_request_is_closed(service: RunningService, said: bytes) -> None:
    with connected(service) as connection:
        connection.sendall(said)
        assert ended(connection) == b""


def test_headers_that_come_one_by_one_do_not_hold_a_connection(service: RunningService) -> None:
    with connected(service) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\n")
        assert is_cut(connection, b"X-A: b\r\n", 0.1)


def test_a_body_that_comes_too_slowly_is_refused(service: RunningService) -> None:
    with connected(service) as connection:
        connection.sendall(head(service, 1000) + b"x")
        assert ended(connection).startswith(b"HTTP/1.1 408 ")


def test_a_body_that_ends_early_holds_nothing(service: RunningService) -> None:
    with connected(service) as connection:
        connection.sendall(head(service, 1000) + b"x")
    assert service.request("POST", "/v1/scans", png()).status == 200


def test_who_sends_a_large_body_without_a_token_hears_why_it_is_refused(service: RunningService) -> None:
    """The answer comes before the body, and is not lost when the connection is closed."""
    with connected(service) as connection:
        connection.sendall(head(service, 30_000_000, token="wrong"))
        answer = connection.recv(1 << 16)
        assert answer.startswith(b"HTTP/1.1 401 ")
        assert is_cut(connection, b"x" * 65536, 0.01)


def test_a_second_request_of_one_connection_is_answered_too(service: RunningService) -> None:
    with connected(service) as connection:
        for _ in range(3):
            scan = png()
            connection.sendall(head(service, len(scan)) + scan)
            came = b""
            while b"}]" not in came and b"disclaimer" not in came:
                came += connection.recv(1 << 16)
            assert came.startswith(b"HTTP/1.1 200 ")


def test_a_full_queue_is_told_before_the_body_is_read(small: RunningService) -> None:
    with connected(small) as holding:
        holding.sendall(head(small, 10))  # its place is taken before its body comes
        while small.request("GET", "/health/ready").json["queue"]["taken"] != 1:
            time.sleep(0.02)
        with connected(small) as late:
            late.sendall(head(small, 40_000_000))
            answer = late.recv(1 << 16)
        assert answer.startswith(b"HTTP/1.1 429 ")
        assert b"retry-after: 1\r\n" in answer
        whole = small.request("POST", "/v1/scans", png())
        assert (whole.status, whole.code) == (429, "queue-full")
    while small.request("GET", "/health/ready").json["queue"]["taken"]:
        time.sleep(0.02)
    assert small.request("POST", "/v1/scans", png()).status == 200


def status_of(service: RunningService) -> int | None:
    """What the service answers; None where it closes the connection without a word."""
    try:
        return service.request("GET", "/health/live", timeout_s=LONG_S).status
    except ConnectionError:
        return None


def test_connections_beyond_the_limit_are_closed_and_room_comes_back(small: RunningService) -> None:
    with ExitStack() as many:
        held = [many.enter_context(connected(small)) for _ in range(300)]
        closed = sum(not one.recv(1) for one in held[8:])
        assert closed == 292
    until = time.monotonic() + LONG_S  # the service learns of each end that it was sent a moment later
    while (status := status_of(small)) is None and time.monotonic() < until:
        time.sleep(0.05)
    assert status == 200


def test_a_handshake_that_is_never_begun_or_never_ended_holds_no_connection(
    proven_model: Path, tmp_path: Path, program: Callable[[str], str]
) -> None:
    certificate, key = tls_files(tmp_path, program)
    limits = {"idle_s": 1.5, "connections": 4}
    options = {"model": str(proven_model), "certificate": str(certificate), "key": str(key), "limits": limits}
    with subprocess.Popen([*PROGRAM, json.dumps(options)], cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            port = int(json.loads(process.stdout.readline())["url"].rstrip("/").rpartition(":")[2])
            trusting = ssl.create_default_context(cafile=str(certificate))
            trusting.check_hostname = False
            with ExitStack() as silent:
                few = [silent.enter_context(socket.create_connection(("127.0.0.1", port), LONG_S)) for _ in range(4)]
                few[0].sendall(b"\x16\x03\x01\x02\x00")  # a record that does not end
                assert [ended(one) for one in few] == [b""] * 4
                connection = http.client.HTTPSConnection("127.0.0.1", port, context=trusting, timeout=LONG_S)
                connection.request("GET", "/health/live", headers={"Host": f"127.0.0.1:{port}"})
                assert connection.getresponse().status == 200
                connection.close()
        finally:
            process.terminate()


def test_an_answer_that_nobody_takes_ends_its_connection(service: RunningService) -> None:
    before = service.footprints()["service"].descriptors
    with ExitStack() as many:
        for _ in range(4):
            connection = many.enter_context(connected(service))
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            ask = f"GET /openapi.json HTTP/1.1\r\nHost: {service.host}:{service.port}\r\n\r\n".encode()
            connection.setblocking(False)
            try:
                for _ in range(2000):
                    connection.send(ask)
            except (BlockingIOError, ConnectionError):
                pass
        ends = time.monotonic() + LONG_S
        while service.footprints()["service"].descriptors > before:
            assert time.monotonic() < ends
            time.sleep(0.1)


@pytest.mark.parametrize(
    "said",
    [b"\x16\x03\x01\x02\x00\x01", b"GET http://evil/ HTTP/1.1\r\nHost: evil\r\n\r\n",
     b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
     b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", b"GET / HTTP/1.0\r\n\r\n", b"\r\n" * 3000,
     b"POST /v1/scans HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n",
     b"POST /v1/scans HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n",
     b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\n\r\n", b"GET /\xff HTTP/1.1\r\nHost: x\r\n\r\n"],
)  # fmt: skip
def test_what_is_no_request_of_ours_is_refused(service: RunningService, said: bytes) -> None:
    with connected(service) as connection:
        try:
            connection.sendall(said)
        except ConnectionError:
            return
        answer = ended(connection)
    assert answer == b"" or answer.split(b" ")[1] in (b"400", b"403", b"405", b"431")
