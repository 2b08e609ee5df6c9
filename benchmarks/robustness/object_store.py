"""An S3 that keeps its objects in memory (moto), and fails as it is told: for benchmarks and tests of archives.

``python -m benchmarks.robustness.object_store`` listens at a free port of this machine and prints its address.
"""

from __future__ import annotations

import json
import os
import random
import re
import subprocess
import sys
import threading
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
CONTROL = "/__faults__"
_COPY = re.compile(r"/copy-\d+(?=/)")
_Start = Callable[..., Any]


@dataclass(frozen=True, slots=True)
class Faults:
    """Shares of requests that fail.

    Attributes
    ----------
    throttled
        Answered with ``SlowDown``, nothing done.
    failed
        Answered with ``InternalError``, nothing done.
    lost
        Done, and answered with ``InternalError`` all the same.
    cut
        Done, and the answer breaks off in the middle of its body.
    """

    throttled: float = 0.0
    failed: float = 0.0
    lost: float = 0.0
    cut: float = 0.0


class FaultyStore:
    """A WSGI application in front of another, which makes some requests fail.

    A key that begins with ``copy-`` and a number, such as ``copy-17/a.png``, stands for what follows it: an archive of
    many keys takes the memory of a few.

    Parameters
    ----------
    application
        The store.
    seed
        Of the draw which requests fail.
    """

    def __init__(self, application: Any, seed: int = 0) -> None:
        self._application, self._random = application, random.Random(seed)  # noqa: S311 - no secret
        self._faults = Faults()
        self._counts: Counter[str] = Counter()
        self._lock = threading.Lock()

    def __call__(self, environ: dict[str, Any], start_response: _Start) -> Iterable[bytes]:
        """Answer one request."""
        for place in ("PATH_INFO", "RAW_URI", "REQUEST_URI"):
            environ[place] = _COPY.sub("", environ.get(place, ""))
        if environ["PATH_INFO"] == CONTROL:
            return self._controlled(environ, start_response)
        with self._lock:
            drawn = self._random.random()
            self._counts[environ["REQUEST_METHOD"]] += 1
            for kind, share in asdict(self._faults).items():
                if drawn < share:
                    self._counts[kind] += 1
                    break
                drawn -= share
            else:
                kind = ""
        if kind == "throttled":
            return _refuse(start_response, "503 Slow Down", "SlowDown")
        if kind == "failed":
            return _refuse(start_response, "500 Internal Server Error", "InternalError")
        if kind == "lost":
            b"".join(self._application(environ, lambda *_, **__: None))
            return _refuse(start_response, "500 Internal Server Error", "InternalError")
        answer: Iterable[bytes] = self._application(environ, start_response)
        return _cut(answer) if kind == "cut" else answer

    def _controlled(self, environ: dict[str, Any], start_response: _Start) -> list[bytes]:
        if environ["REQUEST_METHOD"] == "POST":
            said = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
            with self._lock:
                self._faults = Faults(**json.loads(said))
        start_response("200 OK", [("Content-Type", "application/json")])
        with self._lock:
            return [json.dumps(self._counts).encode()]


def _refuse(start_response: _Start, status: str, code: str) -> list[bytes]:
    start_response(status, [("Content-Type", "application/xml")])
    return [f"<Error><Code>{code}</Code><Message>As told.</Message></Error>".encode()]


def _cut(answer: Iterable[bytes]) -> list[bytes]:
    whole = b"".join(answer)
    return [whole[: len(whole) // 2]]


@dataclass(frozen=True, slots=True)
class ObjectStore:
    """A running store.

    Attributes
    ----------
    address
        ``http://127.0.0.1:PORT``.
    """

    address: str

    @property
    def environment(self) -> dict[str, str]:
        """What a client of it has in its environment."""
        return {
            "AWS_ENDPOINT_URL": self.address,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def fail(self, faults: Faults) -> None:
        """Let so many requests fail from now on."""
        asked = urllib.request.Request(  # noqa: S310 - its own address
            self.address + CONTROL, data=json.dumps(asdict(faults)).encode(), method="POST"
        )
        urllib.request.urlopen(asked).close()  # noqa: S310

    def counts(self) -> dict[str, int]:
        """Requests by method, and faults by kind, since it began."""
        with urllib.request.urlopen(self.address + CONTROL) as answer:  # noqa: S310
            counted: dict[str, int] = json.loads(answer.read())
        return counted


@contextmanager
def object_store() -> Iterator[ObjectStore]:
    """A store in a process of its own, ended afterwards."""
    command = [sys.executable, "-m", "benchmarks.robustness.object_store"]
    process = subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    try:
        if process.stdout is None:
            raise RuntimeError("the store says nothing")
        address = process.stdout.readline().decode().strip()
        if not address:
            raise RuntimeError("the store did not start")
        yield ObjectStore(address)
    finally:
        process.kill()
        process.communicate()


def main() -> int:
    """Listen until standard input is closed, which happens when whoever started this has ended."""
    moto, serving = import_module("moto.server"), import_module("werkzeug.serving")
    faulty = FaultyStore(moto.DomainDispatcherApplication(moto.create_backend_app))
    server = serving.make_server("127.0.0.1", 0, faulty, threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(f"http://127.0.0.1:{server.server_port}", flush=True)
    sys.stdin.buffer.read()
    return 0


if __name__ == "__main__":
    sys.exit(main())
