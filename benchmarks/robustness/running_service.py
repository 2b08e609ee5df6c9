"""The service in a process of its own, and what its process looks like from outside."""

from __future__ import annotations

import http.client
import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import TracebackType
    from typing import Self

ROOT = Path(__file__).parents[2]
OCTETS = "application/octet-stream"
_STOP_S = 60.0


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back of one request."""

    status: int
    headers: Mapping[str, str]
    content: bytes

    @property
    def json(self) -> Any:
        """The content, read as JSON."""
        return json.loads(self.content)

    @property
    def code(self) -> str:
        """The word of an error."""
        return str(self.json["error"]["code"])


@dataclass(frozen=True, slots=True)
class Footprint:
    """What a process holds."""

    resident_kib: int
    threads: int
    descriptors: int


class RunningService:
    """A service, started; leaving the context ends it.

    Parameters
    ----------
    options
        Of ``edge-cataract serve``.
    program
        What is run in place of it.
    environment
        Of the process; None: that of this one.
    """

    def __init__(
        self,
        options: Sequence[str] = (),
        program: Sequence[str] = (sys.executable, "-m", "edge_runtime", "serve", "--port", "0", "--json"),
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.process = subprocess.Popen(
            [*program, *options], cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        self.errors = ""
        self.token = ""

    def __enter__(self) -> Self:
        out = self.process.stdout
        line = "" if out is None else out.readline()
        if not line:
            self.stop()
            raise RuntimeError(f"the service did not start: {self.errors[-500:]}")
        parts = urlsplit(json.loads(line)["url"])
        self.host, self.port = parts.hostname or "", parts.port or 0
        session = self.request("GET", "/v1/session", headers={"Sec-Fetch-Site": "same-origin"})
        self.token = str(session.json["token"]) if session.status == 200 else ""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> int:
        """Ask the service to end, and wait; returns its exit code."""
        if self.process.poll() is None:
            self.process.terminate()
        try:
            self.errors += self.process.communicate(timeout=_STOP_S)[1]
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.errors += self.process.communicate()[1]
        return self.process.returncode

    def request(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        timeout_s: float = 60.0,
    ) -> Answer:
        """Ask for something over a connection of its own, with the token."""
        connection = http.client.HTTPConnection(self.host, self.port, timeout=timeout_s)
        sent = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        if body is not None:
            sent["Content-Type"] = OCTETS
        try:
            connection.request(method, path, body, {**sent, **(headers or {})})
            answer = connection.getresponse()
            return Answer(answer.status, dict(answer.headers.items()), answer.read())
        finally:
            connection.close()

    def workers(self) -> list[int]:
        """The processes that the service has started to measure."""
        found = Path(f"/proc/{self.process.pid}/task").glob("*/children")
        children = [int(one) for path in found for one in path.read_text().split()]
        return [child for child in children if b"spawn_main" in Path(f"/proc/{child}/cmdline").read_bytes()]

    def footprints(self) -> dict[str, Footprint]:
        """What the service and its worker hold now."""
        return {"service": footprint(self.process.pid), "worker": footprint(self.workers()[0])}


def footprint(process: int) -> Footprint:
    """What a process holds now."""
    status = dict(
        line.split(":", 1) for line in Path(f"/proc/{process}/status").read_text().splitlines() if ":" in line
    )
    return Footprint(
        int(status["VmRSS"].split()[0]), int(status["Threads"]), len(list(Path(f"/proc/{process}/fd").iterdir()))
    )
