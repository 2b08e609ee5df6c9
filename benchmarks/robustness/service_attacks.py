"""Attack the service: ``python -m benchmarks.robustness.service_attacks``.

Of most attacks only the head of a request is sent, with a length, and never the body: an answer shows that it was
refused before the body was read. Pictures that unpack to far too much are sent whole, and the peak memory of the worker
is read. At the end stands what schemathesis found with all that the OpenAPI description allows.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import socket
import struct
import subprocess
import sys
import tempfile
import time
import zlib
from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.provenance import place, save, versions
from benchmarks.robustness.running_service import OCTETS, ROOT, RunningService

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

RESULTS = Path(__file__).parents[1] / "results" / "service_attacks.json"
SEED = 18
TIMEOUT_S = 30.0
BODY = 30_000_000  # bytes that are announced, and never sent
LONG_S = 90.0
SLOW = 32
BOMBS = {"png-900-megapixels": (30_000, 30_000), "png-25-megapixels": (5_000, 5_001)}
SAMPLE = ROOT / "edge_runtime/samples/simulated-clear.png"
CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"

_OTHER_TYPES = ("text/html", "image/png", "multipart/form-data")

Attack = tuple[bytes, tuple[int, ...]]  # what is sent, and the statuses that refuse it


def head(service: RunningService, draw: random.Random, **changes: str | None) -> bytes:
    """The head of a request that would pass, but for the changes; None leaves a header out."""
    path = changes.pop("path", None) or draw.choice(("/v1/scans", "/v1/scans?eye=OS", "/v1/exams"))
    headers = {
        "Host": f"{service.host}:{service.port}",
        "Authorization": f"Bearer {service.token}",
        "Content-Type": OCTETS,
        "Content-Length": str(BODY),
        **{name.replace("_", "-"): value for name, value in changes.items()},
    }
    lines = [f"{name}: {value}" for name, value in headers.items() if value is not None]
    draw.shuffle(lines)
    return "\r\n".join([f"POST {path} HTTP/1.1", *lines, "", ""]).encode()


def attacks(service: RunningService, draw: random.Random) -> dict[str, Callable[[], Attack]]:
    """What makes one attack of each kind."""
    own = f"{service.host}:{service.port}"

    def site() -> str:
        return "".join(draw.choices("abcdefghijklmnopqrstuvwxyz", k=8)) + ".example"

    return {
        "foreign host": lambda: (head(service, draw, Host=site()), (400,)),
        "DNS rebinding": lambda: (head(service, draw, Host=f"{site()}:{service.port}", Origin=None), (400,)),
        "host that looks alike": lambda: (
            head(service, draw, Host=alike(own, draw)),
            (400,),
        ),
        "foreign origin": lambda: (head(service, draw, Origin=f"http://{site()}"), (403,)),
        "null origin": lambda: (head(service, draw, Origin="null"), (403,)),
        "origin that looks alike": lambda: (
            head(service, draw, Origin=draw.choice((f"http://{own}.{site()}", f"https://{own}", f"http://{own}/"))),
            (403,),
        ),
        "missing token": lambda: (head(service, draw, Authorization=None), (401,)),
        "wrong token": lambda: (
            head(service, draw, Authorization=f"Bearer {service.token[: draw.randrange(len(service.token))]}"),
            (401,),
        ),
        "chunked without length": lambda: (
            head(service, draw, Content_Length=None, Transfer_Encoding="chunked"),
            (411,),
        ),
        "too large": lambda: (head(service, draw, Content_Length=str(draw.randrange(1 << 27, 1 << 60))), (413,)),
        "another media type": lambda: (
            head(service, draw, path="/v1/scans", Content_Type=draw.choice(_OTHER_TYPES)),
            (415,),
        ),
        "path traversal": lambda: (
            head(service, draw, path=_traversal(draw), Content_Length="0").replace(b"POST", b"GET", 1),
            (400, 404),
        ),
        "smuggled length": lambda: (
            head(service, draw, Transfer_Encoding="chunked", Content_Length=str(draw.randrange(100))),
            (400, 411),
        ),
    }  # fmt: skip


def alike(own: str, draw: random.Random) -> str:
    """A host that begins as the service's own, or means the same machine."""
    return draw.choice((f"{own}.evil.example", f"{own}@evil.example", "127.0.0.1.evil.example:1", "::1", "[::1]"))


def _traversal(draw: random.Random) -> str:
    up = draw.choice(("..", "%2e%2e", "..%2f..", ".%2e", "%252e%252e"))
    return f"/page/{'/'.join([up] * draw.randrange(1, 6))}/{draw.choice(('server.py', 'etc/passwd', '__init__.py'))}"


def status_of(service: RunningService, said: bytes) -> int:
    """The status that a request is answered with; 0 for none."""
    with socket.create_connection((service.host, service.port), TIMEOUT_S) as connection:
        connection.settimeout(TIMEOUT_S)
        connection.sendall(said)
        try:
            answer = connection.recv(1 << 16)
        except OSError:
            return 0
        return int(answer[9:12]) if answer.startswith(b"HTTP/1.1 ") else 0


def attack_all(service: RunningService, times: int) -> dict[str, Any]:
    """Every attack so often."""
    draw = random.Random(SEED)  # noqa: S311 - nothing is kept secret by it
    found: dict[str, Any] = {}
    for name, make in attacks(service, draw).items():
        statuses: Counter[int] = Counter()
        passed = 0
        for _ in range(times):
            said, refusing = make()
            status = status_of(service, said)
            statuses[status] += 1
            passed += status not in refusing
        found[name] = {"n": times, "statuses": dict(sorted(statuses.items())), "not_refused": passed}
        print(name, found[name], flush=True)
    return found


def slow_bodies(service: RunningService, times: int) -> dict[str, Any]:
    """Bodies of which one byte comes, all at once; and heads that never end."""
    with ExitStack() as many:
        connections = []
        for number in range(times):
            connection = many.enter_context(socket.create_connection((service.host, service.port), LONG_S))
            draw = random.Random(number)  # noqa: S311
            whole = head(service, draw, path="/v1/scans", Content_Length="1000")
            connection.sendall(whole + b"x" if number % 2 else whole[: len(whole) // 2])
            connections.append(connection)
        statuses: Counter[int] = Counter()
        for connection in connections:
            connection.settimeout(LONG_S)
            try:
                answer = connection.recv(1 << 16)
                statuses[int(answer[9:12]) if answer else 0] += 1
            except ConnectionError:
                statuses[0] += 1
            except TimeoutError:
                statuses[-1] += 1
    return {"n": times, "statuses": dict(sorted(statuses.items())), "still_open": statuses[-1]}


def many_connections(service: RunningService, count: int) -> dict[str, Any]:
    """Connections that say nothing, as many as are wanted, at most so many at a time as this process may have."""
    before = service.footprints()["service"]
    most = before.descriptors
    opened = 0
    while opened < count:
        with ExitStack() as many:
            for _ in range(min(500, count - opened)):
                many.enter_context(socket.create_connection((service.host, service.port), TIMEOUT_S))
                opened += 1
            most = max(most, service.footprints()["service"].descriptors)
    asked = time.monotonic()
    while not _answers(service):
        if time.monotonic() > asked + LONG_S:
            break
        time.sleep(0.1)
    return {
        "n": opened,
        "most_descriptors": most,
        "descriptors_before": before.descriptors,
        "seconds_until_it_answers": round(time.monotonic() - asked, 2),
        "answers": _answers(service),
    }


def _answers(service: RunningService) -> bool:
    try:
        return service.request("GET", "/health/ready").status == 200
    except OSError:
        return False


def png_bomb(rows: int, columns: int) -> bytes:
    """A whole, valid PNG of one grey."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    packer = zlib.compressobj(9)
    line = bytes(columns + 1)
    packed = b"".join(packer.compress(line) for _ in range(rows)) + packer.flush()
    header = struct.pack(">IIBBBBB", columns, rows, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", packed) + chunk(b"IEND", b"")


def bombs(service: RunningService) -> Iterator[dict[str, Any]]:
    """Pictures that unpack to far more than is allowed."""
    for name, shape in BOMBS.items():
        content = png_bomb(*shape)
        answer = service.request("POST", "/v1/scans", content)
        yield {"name": name, "bytes": len(content), "status": answer.status, "code": answer.code,
               "worker_peak_kib": _peak_kib(service)}  # fmt: skip


def _peak_kib(service: RunningService) -> int:
    status = Path(f"/proc/{service.workers()[0]}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0])


def described(service: RunningService, examples: int) -> dict[str, Any]:
    """What schemathesis finds."""
    command = [
        str(Path(sys.executable).with_name("schemathesis")), "run", f"http://{service.host}:{service.port}/openapi.json",
        "-H", f"Authorization: Bearer {service.token}", "--checks", CHECKS, "--phases", "coverage,fuzzing,stateful",
        "-n", str(examples), "--seed", str(SEED), "--no-color", "--continue-on-failure",
    ]  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        run = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    cases = re.search(r"(\d+) generated", run.stdout)
    return {
        "cases": int(cases[1]) if cases else 0,
        "exit_code": run.returncode,
        "server_errors": run.stdout.count("Server error"),
        "end": run.stdout[-600:],
    }


def attacked(service: RunningService, options: argparse.Namespace) -> dict[str, Any]:
    """What a service did under all attacks but those of schemathesis."""
    content: dict[str, Any] = {"attacks": attack_all(service, options.times)}
    content["connections"] = many_connections(service, options.connections)
    content["slow"] = slow_bodies(service, SLOW)
    content["bombs"] = list(bombs(service))
    content["good_scan_afterwards"] = service.request("POST", "/v1/scans?eye=OD", SAMPLE.read_bytes()).status
    return content


def main() -> None:
    """Run the attacks that the command line asks for, and write what came of them beside the other part."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--part", choices=("by hand", "by description"), help="default: both")
    parser.add_argument("--times", type=int, default=200, help="of each attack by hand (default: 200)")
    parser.add_argument("--connections", type=int, default=10_000)
    parser.add_argument("--examples", type=int, default=20, help="of schemathesis, for each operation")
    parser.add_argument("--out", type=Path, default=RESULTS)
    options = parser.parse_args()
    facts = {**place(), "versions": versions("starlette", "uvicorn", "h11", "schemathesis"), "seed": SEED}
    for part in ("by hand", "by description"):
        if options.part not in (None, part):
            continue
        began = time.monotonic()
        with RunningService(["-q", "--exams", "1000"]) as service:
            found = attacked(service, options) if part == "by hand" else described(service, options.examples)
            found |= {"exit_code_of_service": service.stop(), "said": service.errors}
        found["seconds"] = round(time.monotonic() - began, 1)
        print(part, found, flush=True)
        earlier = json.loads(options.out.read_text()) if options.out.exists() else {}
        save(options.out, {**earlier, part: {**facts, "model": "bundled int8", **found}})


if __name__ == "__main__":
    main()
