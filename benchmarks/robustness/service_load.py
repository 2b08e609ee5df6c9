"""Send scans at twice the speed of the service: ``python -m benchmarks.robustness.service_load``.

Scans come at even times, each over a connection of its own, twice as often as the service has finished one lately. So
about every second one finds the queue full and is refused with 429; every other one must be answered. At quiet moments
between, memory, threads and descriptors of the service and of its worker are counted.

The small scan is a part of a bundled sample, at the resolution of the sample; one in twenty is cut short.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import tempfile
import time
from collections import Counter
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from benchmarks.provenance import place, save, versions
from benchmarks.robustness.running_service import OCTETS, ROOT, RunningService

if TYPE_CHECKING:
    from collections.abc import Callable

RESULTS = Path(__file__).parents[1] / "results" / "service_load.json"
SAMPLES = ("simulated-cataract.png", "simulated-clear.png")
PART = (slice(300, 700), slice(600, 1100))  # rows and columns of a sample, with the lens in the middle
PITCH_UM = "7.675,7.675"
OVERLOAD = 2.0
CUT_EVERY = 20
MOST_OPEN = 40  # connections
QUIET_S = 1.5
_FEWEST, _RECENT = 10, 50  # scans, of which the speed of the service is taken
_FIRST_S = 0.5


@dataclass(slots=True)
class Load:
    """What a run has seen.

    Attributes
    ----------
    statuses
        How often each status came; 0: no answer.
    seconds
        From sending to the answer, of each accepted scan.
    quiet
        Memory, threads and descriptors at quiet moments, with the number of scans accepted before.
    """

    statuses: Counter[int] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)
    ended: list[float] = field(default_factory=list)
    quiet: list[dict[str, Any]] = field(default_factory=list)
    pace_s: float = _FIRST_S

    @property
    def accepted(self) -> int:
        """Scans that were answered otherwise than by 429, or not at all."""
        return sum(self.statuses.values()) - self.statuses[429]

    def scan_ended(self, seconds: float) -> None:
        """Note an accepted scan, and how long the service has lately taken for one."""
        self.seconds.append(seconds)
        self.ended = [*self.ended, time.monotonic()][-_RECENT:]
        if len(self.ended) >= _FEWEST:
            self.pace_s = (self.ended[-1] - self.ended[0]) / (len(self.ended) - 1)


def scans_of(kind: str) -> list[bytes]:
    """The files that are sent: whole samples, or parts of them; the last is cut short."""
    files = []
    for name in SAMPLES:
        content = (ROOT / "edge_runtime/samples" / name).read_bytes()
        if kind == "small":
            pixels = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_UNCHANGED)
            content = cv2.imencode(".png", np.asarray(pixels)[PART])[1].tobytes()
        files.append(content)
    return [*files, files[0][: len(files[0]) // 2]]


async def send(service: RunningService, scan: bytes, load: Load) -> None:
    """Send a scan, and note what came back and when."""
    began = time.monotonic()
    status = 0
    try:
        reader, writer = await asyncio.open_connection(service.host, service.port)
        head = (
            f"POST /v1/scans?eye=OD HTTP/1.1\r\nHost: {service.host}:{service.port}\r\nConnection: close\r\n"
            f"Authorization: Bearer {service.token}\r\nContent-Type: {OCTETS}\r\nContent-Length: {len(scan)}\r\n\r\n"
        )
        writer.write(head.encode() + scan)
        answer = await reader.read()
        writer.close()
        status = int(answer[9:12])
        body = json.loads(answer.partition(b"\r\n\r\n")[2])
        if status == 200 and "eye" not in body:
            status = 0
    except (OSError, ValueError):
        pass
    load.statuses[status] += 1
    if status != 429:
        load.scan_ended(time.monotonic() - began)


async def run(
    service: RunningService, files: list[bytes], scans: int, quiet_every: int, note: Callable[[Load], None]
) -> Load:
    """Send until so many scans were accepted; what was seen is noted at each quiet moment."""
    load = Load()
    running: set[asyncio.Task[None]] = set()
    sent, look_at = 0, quiet_every
    while load.accepted < scans:
        scan = files[-1] if sent % CUT_EVERY == CUT_EVERY - 1 else files[sent % (len(files) - 1)]
        task = asyncio.ensure_future(send(service, scan, load))
        running.add(task)
        task.add_done_callback(running.discard)
        sent += 1
        await asyncio.sleep(load.pace_s / OVERLOAD)
        if len(running) >= MOST_OPEN:  # where the machine stood still: the service has a limit of connections
            await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
        if load.accepted >= look_at:
            look_at += quiet_every
            await asyncio.gather(*running)
            await asyncio.sleep(QUIET_S)
            held = {name: asdict(one) for name, one in service.footprints().items()}
            load.quiet.append({"accepted": load.accepted, **held})
            print(load.accepted, dict(load.statuses), held, flush=True)
            load.ended.clear()  # the pause is no speed
            note(load)
    await asyncio.gather(*running)
    return load


def slope_kib(quiet: list[dict[str, Any]], process: str) -> float:
    """KiB of resident memory a scan, by least squares over the quiet moments but the first."""
    points = quiet[1:] if len(quiet) > 2 else quiet
    accepted = [float(one["accepted"]) for one in points]
    held = [float(one[process]["resident_kib"]) for one in points]
    return float(np.polyfit(accepted, held, 1)[0]) if len(points) > 1 else 0.0


def summary(load: Load) -> dict[str, Any]:
    """The numbers of a run."""
    p50, p99 = (float(np.percentile(load.seconds, share)) for share in (50, 99))
    first, last = load.quiet[0], load.quiet[-1]
    return {
        "sent": sum(load.statuses.values()),
        "accepted": load.accepted,
        "unanswered": load.statuses[0],
        "statuses": {str(status): count for status, count in sorted(load.statuses.items())},
        "p50_s": round(p50, 4),
        "p99_s": round(p99, 4),
        "p99_of_p50": round(p99 / p50, 3),
        "slope_kib": {name: round(slope_kib(load.quiet, name), 4) for name in ("service", "worker")},
        "threads_and_descriptors_constant": all(
            first[name][what] == one[name][what]
            for one in load.quiet
            for name in ("service", "worker")
            for what in ("threads", "descriptors")
        ),
        "last": last,
        "quiet": load.quiet,
    }


def main() -> None:
    """Run the load that the command line asks for, and write its numbers beside those of the other kind of scan."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scans", type=int, default=10_000, help="accepted ones (default: 10000)")
    parser.add_argument("--kind", choices=("usual", "small"), default="small")
    parser.add_argument("--quiet-every", type=int, default=500, help="accepted scans between two quiet moments")
    parser.add_argument("--out", type=Path, default=RESULTS)
    options = parser.parse_args()
    facts = {
        **place(),  # before it runs: the checkout may go on
        "versions": versions("starlette", "uvicorn", "h11", "onnxruntime", "opencv-python-headless"),
        "note": "Scans come at even times, twice as often as the service finishes one. No random draw, so no seed.",
        "overload": OVERLOAD,
        "model": "bundled int8",
    }
    files = scans_of(options.kind)
    began = time.monotonic()

    def note(load: Load, **more: Any) -> None:
        """Write what was seen so far beside the numbers of the other kind of scan: a run may be cut short."""
        earlier = json.loads(options.out.read_text()).get("runs", {}) if options.out.exists() else {}
        sizes = {"n": load.accepted, "wanted": options.scans, "bytes_of_scans": [len(one) for one in files]}
        found = {**sizes, "seconds": round(time.monotonic() - began, 1), **summary(load), **more}
        save(options.out, {"runs": {**earlier, options.kind: {**facts, **found}}})

    chosen = ["--pixel-um", PITCH_UM] if options.kind == "small" else []
    with tempfile.TemporaryDirectory() as folder:
        audit = Path(folder) / "audit.jsonl"
        with RunningService([*chosen, "--audit", str(audit), "-q"]) as service:
            load = asyncio.run(run(service, files, options.scans, options.quiet_every, note))
            code = service.stop()
        recorded = sum(b'"result"' in line for line in audit.read_bytes().splitlines())
    note(load, exit_code=code, recorded=recorded)


if __name__ == "__main__":
    main()
