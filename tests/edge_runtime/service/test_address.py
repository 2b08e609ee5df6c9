"""Where the service listens, and by which names it may be asked."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from edge_runtime.errors import OutputError, UsageError
from edge_runtime.service.address import Address
from edge_runtime.service.connections import BoundedListener

FILES = {"certificate": "cert.pem", "key": "key.pem"}


@pytest.fixture
def token_file(tmp_path: Path) -> str:
    path = tmp_path / "token"
    path.write_text("s" * 40)
    path.chmod(0o600)
    return str(path)


def test_on_loopback_it_is_asked_by_its_address_and_as_localhost_with_the_port() -> None:
    identity = Address().identity(8477)
    assert identity.hosts == {"127.0.0.1:8477", "localhost:8477"}
    assert identity.origins == {"http://127.0.0.1:8477", "http://localhost:8477"}
    assert Address("::1").identity(80).hosts == {"[::1]", "[::1]:80", "localhost", "localhost:80"}


def test_each_start_has_another_token() -> None:
    tokens = {Address().identity(1).token for _ in range(4)}
    assert len(tokens) == 4
    assert all(len(token) >= 32 for token in tokens)


def test_other_machines_ask_by_names_that_were_given(token_file: str) -> None:
    everywhere = Address("0.0.0.0", network=True, names=("Kiosk.example",), token_file=token_file, **FILES)
    assert everywhere.identity(443).hosts == {"kiosk.example:443", "kiosk.example"}
    own = Address("192.0.2.1", network=True, token_file=token_file, **FILES).identity(8477)
    assert (own.hosts, own.gives_token, own.token) == ({"192.0.2.1:8477"}, False, "s" * 40)
    with pytest.raises(UsageError, match="by its own name"):
        Address("::", network=True, token_file=token_file, **FILES)


@pytest.mark.parametrize("missing", ["network", "token_file", "certificate"])
def test_nothing_may_be_missing_before_other_machines_may_reach_it(missing: str, token_file: str) -> None:
    given = {"network": True, "token_file": token_file, **FILES}
    gone = {missing: None, **({"key": None} if missing == "certificate" else {})}
    with pytest.raises(UsageError):
        Address("192.0.2.1", **{**given, **gone})  # type: ignore[arg-type]


def test_an_address_that_is_taken_or_of_another_machine_is_refused() -> None:
    with Address(port=0).listen(4) as listener:
        taken = listener.getsockname()[1]
        with pytest.raises(OutputError, match="address-taken"):
            Address(port=taken).listen(4)
    with pytest.raises(OutputError, match="address-taken"):
        Address("192.0.2.1", 0, network=True, token_file="t", **FILES).listen(4)


def test_a_listener_counts_what_is_open() -> None:
    with Address(port=0).listen(1) as listener, socket.create_connection(listener.getsockname()) as first:
        assert isinstance(listener, BoundedListener)
        accepted, _ = listener.accept()
        listener.setblocking(False)
        with socket.create_connection(listener.getsockname()) as second:
            with pytest.raises(BlockingIOError):
                listener.accept()
            second.settimeout(10)
            assert second.recv(1) == b""
        accepted.close()
        accepted.close()  # once more counts nothing
        first.close()
        with socket.create_connection(listener.getsockname()):
            again, _ = listener.accept()
            again.close()
