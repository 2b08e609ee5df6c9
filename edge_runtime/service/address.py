"""Where the service listens, by which names it may be asked, and what a request must know."""

from __future__ import annotations

import ipaddress
import os
import secrets
import socket
import ssl
from dataclasses import dataclass, field

from edge_runtime.errors import OutputError, UsageError
from edge_runtime.token_file import read_token

from .connections import BACKLOG, BoundedListener
from .guard import Identity

DEFAULT_PORT = 8477


@dataclass(frozen=True, slots=True)
class Address:
    """Where the service listens.

    Attributes
    ----------
    host
        An IP address of this machine.
    port
        0: a free one.
    network
        Whether another address than loopback was asked for.
    names
        Further names by which it may be asked.
    certificate, key
        TLS files in PEM; None: HTTP without TLS.
    token_file
        File with the token; None: a random one, which the page is given.
    """

    host: str = "127.0.0.1"
    port: int = DEFAULT_PORT
    network: bool = False
    names: tuple[str, ...] = field(default_factory=tuple)
    certificate: str | None = None
    key: str | None = None
    token_file: str | None = None

    def __post_init__(self) -> None:
        try:
            address = ipaddress.ip_address(self.host)
        except ValueError as error:
            raise UsageError(
                "usage", f"--address {self.host!r} is no IP address.", "Give one of this machine, such as 127.0.0.1."
            ) from error
        if not 0 <= self.port <= 65535:
            raise UsageError("usage", f"--port {self.port} was given.", "Give 0 to 65535.")
        if (self.certificate is None) != (self.key is None):
            raise UsageError("usage", "One of --tls-cert and --tls-key was given.", "Give both, or neither.")
        if address.is_loopback:
            return
        if not self.network:
            raise UsageError(
                "usage",
                f"{self.host} is reached by other machines.",
                "Say --allow-network, with --token-file, --tls-cert and --tls-key; or stay with 127.0.0.1.",
            )
        if self.token_file is None or self.certificate is None:
            raise UsageError(
                "usage",
                "A service that other machines reach needs a token and TLS.",
                "Give --token-file, --tls-cert and --tls-key.",
            )
        if address.is_unspecified and not self.names:
            raise UsageError(
                "usage", "Nobody asks for this address by its own name.", "Give the names of the machine: --host-name."
            )

    def listen(self, most: int) -> BoundedListener:
        """Bind the address; connections beyond `most` are closed.

        Raises
        ------
        OutputError
            ``address-taken``.
        """
        family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
        listener = BoundedListener(family, most)
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((self.host, self.port))
            listener.listen(BACKLOG)
        except OSError as error:
            listener.close()
            raise OutputError(
                "address-taken",
                f"{self.host}, port {self.port}, cannot be listened at: {os.strerror(error.errno or 0)}.",
                "Name another with --address and --port.",
                lost="The service did not start.",
            ) from error
        return listener

    def identity(self, port: int) -> Identity:
        """Who the service is, at the port that it has got.

        Raises
        ------
        ScanMissingError, UsageError
            When the token file cannot be used.
        """
        scheme = "https" if self.certificate else "http"
        address = ipaddress.ip_address(self.host)
        own = f"[{self.host}]" if ":" in self.host else self.host
        names = [*(() if address.is_unspecified else (own,)), *self.names, *(("localhost",) * address.is_loopback)]
        hosts = {f"{name.lower()}:{port}" for name in names}
        if port == (443 if self.certificate else 80):
            hosts |= {name.lower() for name in names}
        token = secrets.token_urlsafe(32) if self.token_file is None else read_token(self.token_file)
        return Identity(scheme, frozenset(hosts), token, gives_token=self.token_file is None)

    def check_tls(self) -> None:
        """Load the TLS files, as the service will.

        Raises
        ------
        UsageError
            ``bad-tls-files``.
        """
        if self.certificate is None or self.key is None:
            return
        try:
            ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(self.certificate, self.key, password=lambda: "")
        except (OSError, ValueError) as error:
            raise UsageError(
                "bad-tls-files",
                "The files of --tls-cert and --tls-key are not there, or do not belong together.",
                "Give a certificate and its key without a password, both as PEM.",
            ) from error
