"""A cluster of Ray, joined for a while, with nothing of what it writes let through."""

from __future__ import annotations

import logging
import os
import socket
from contextlib import contextmanager, redirect_stdout
from typing import TYPE_CHECKING, Any

from edge_runtime.errors import OutputError

from . import library

if TYPE_CHECKING:
    from collections.abc import Iterator

_KNOCK_S = 10.0
# Ray sends no statistics of its use, and warns of no change in what it hides of accelerators.
_RAY_SETTINGS = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0"}


@contextmanager
def joined_cluster(address: str) -> Iterator[Any]:
    """Join a cluster for as long as something is asked of it.

    Parameters
    ----------
    address
        As Ray takes it: ``auto``, ``local``, ``HOST:PORT``.

    Yields
    ------
    Any
        The package ray, connected.

    Raises
    ------
    MissingExtraError
        Without Ray.
    OutputError
        ``cluster-unreachable``.
    """
    with _quiet():
        ray = _joined(address)
        try:
            yield ray
        finally:
            ray.shutdown()


@contextmanager
def _quiet() -> Iterator[None]:
    """Let nothing of Ray through: it writes of lost nodes to standard output, where data go, in another thread."""
    logging.getLogger("ray").setLevel(logging.CRITICAL + 1)
    with open(os.devnull, "w") as nowhere, redirect_stdout(nowhere):
        yield


def _joined(address: str) -> Any:
    for name, value in _RAY_SETTINGS.items():
        os.environ.setdefault(name, value)
    ray = library.ray()
    try:
        _knock(address)
        ray.init(address=address, log_to_driver=False, configure_logging=False)
    except Exception as error:  # plain ones, too, as when a node takes more than 30 s to start
        raise OutputError(
            "cluster-unreachable",
            f"The cluster cannot be joined ({type(error).__name__}).",
            "Look whether it runs (ray status), and give --ray its address.",
        ) from error
    return ray


def _knock(address: str) -> None:
    """Connect once: Ray itself would try for minutes, and then end the program."""
    host, _, port = address.rpartition(":")
    if host and port.isdecimal():
        socket.create_connection((host.removeprefix("ray://"), int(port)), _KNOCK_S).close()
