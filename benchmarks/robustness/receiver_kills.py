"""Kill a DICOM receiver at random moments: ``python -m benchmarks.robustness.receiver_kills``.

dcmtk's storescu and Orthanc send objects, each until it is acknowledged, while the receiver is killed (SIGKILL) again
and again: alone, or with its worker; early in its start, while it receives, judges or sends. Its results go to the same
Orthanc. Then every object that was acknowledged must have exactly one report, and every frame exactly one segmentation.
All of it runs in a network of its own that has no way out.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.provenance import place, save, versions
from benchmarks.robustness.receiver_station import (
    MOST_AHEAD,
    PER_STUDY,
    Archive,
    Made,
    Receiver,
    Sending,
    make_objects,
    send_by_orthanc,
    send_by_storescu,
    until,
)
from tests.make_tiny_model import TinyModel, tiny_model_bytes

ROOT = Path(__file__).parents[2]
RESULTS = Path(__file__).parents[1] / "results" / "receiver_kills.json"
NOTE = (
    "painted frames of 365 x 430 pixels, every object with UIDs and pixels of its own; half are exams of two frames, "
    f"half single frames, {PER_STUDY} to a study; a tiny model that answers at once, as the receiver is what is tested"
)
_STALL_S, _END_S = 20.0, 600.0
_SHARE = 0.95  # of the objects, over which kills are spread
_RESULTS_PER_OBJECT = 1.5  # about: how far the work has come


def receiver_kills(root: Path, count: int, kills: int, seed: int) -> dict[str, Any]:
    """Send objects under kills; returns what was met."""
    began = time.monotonic()
    objects = make_objects(root / "objects", count, seed)
    model = root / "tiny.onnx"
    model.write_bytes(tiny_model_bytes(TinyModel()))
    receiver, archive, sending = Receiver(root, model), Archive(root), Sending()
    try:
        met = _send(objects, receiver, archive, sending, kills, seed)
        quiet = until(lambda: _is_empty(receiver.queue), _END_S)
        receiver.kill(group=True)
        found = judged(objects, sending, archive.references())
        return {
            "objects": count,
            "object_kinds": NOTE,
            "kinds_of_results": ["sr", "seg"],
            "kills": kills,
            **met,
            "acknowledged": {who: len(those) for who, those in sending.acknowledged.items()},
            "requests": sending.requests,
            "requests_that_failed": sending.failed,
            "told": receiver.told(),
            "seconds": round(time.monotonic() - began),
            "queue_is_empty": quiet,
            **found,
            "good": quiet and not (found["lost"] or found["doubled"] or found["strange"]) and sending.total == count,
        }
    finally:
        receiver.kill(group=True)
        archive.close()


def _send(
    objects: list[Made], receiver: Receiver, archive: Archive, sending: Sending, kills: int, seed: int
) -> dict[str, Any]:
    """Send everything, and kill meanwhile; what the kills met."""
    by_dcmtk, by_orthanc = objects[: len(objects) // 2], objects[len(objects) // 2 :]
    names = archive.give(by_orthanc)
    receiver.start()

    def may() -> None:
        """Wait while the receiver has far more objects than it has answered for, so that kills meet all of its work."""
        until(lambda: sending.total - archive.results() / _RESULTS_PER_OBJECT < MOST_AHEAD, _STALL_S)

    threads = [
        threading.Thread(target=send_by_storescu, args=(by_dcmtk, sending, may), daemon=True),
        threading.Thread(target=send_by_orthanc, args=(by_orthanc, archive, names, sending, may), daemon=True),
    ]
    for thread in threads:
        thread.start()
    rng, alive, met = np.random.default_rng(seed), 0, Counter[str]()
    for number in range(kills):
        if number % 5:  # every fifth follows the one before it: the start is killed
            share = _SHARE * number / kills * len(objects)
            until(lambda share=share: archive.results() / _RESULTS_PER_OBJECT >= share, _STALL_S)
        time.sleep(float(rng.uniform(0, 3)))
        met.update(receiver.busy_with())
        alive += receiver.kill(group=number % 3 == 0)
        receiver.start()
        print(f"kill {number + 1}: {sending.total} acknowledged, {archive.results()} results", flush=True)
    for thread in threads:
        thread.join()
    return {"kills_while_running": alive, "kills_met": dict(met)}


def judged(objects: list[Made], sending: Sending, references: dict[str, list[tuple[str, int]]]) -> dict[str, Any]:
    """Compare what was acknowledged with what the archive holds.

    Parameters
    ----------
    objects
        Everything that was to be sent.
    sending
        What was acknowledged.
    references
        As `Archive.references` gives them.
    """
    acknowledged = set().union(*sending.acknowledged.values())
    wanted = {
        (f"{kind} {made.instance}", frame)
        for made in objects
        if made.instance in acknowledged
        for kind in ("SR", "SEG")
        for frame in range(1, made.frames + 1)
    }
    counted = Counter(one for about in references.values() for one in about)
    return {
        "results": dict(Counter(about[0][0].split()[0] if about else "none" for about in references.values())),
        "lost": sorted(name for name, _ in wanted - counted.keys()),
        "doubled": sorted(name for (name, _), times in counted.items() if times > 1),
        "strange": sorted(name for name, _ in counted.keys() - wanted),
    }


def _is_empty(queue: Path) -> bool:
    """Whether nothing waits in a queue, and nothing failed."""
    return all(not any((queue / part).glob("*")) for part in ("received", "outbox", "failed"))


def apart(arguments: list[str]) -> int:
    """Run this script again, in a network that has nothing but itself; returns its exit code."""
    session = 'ip link set lo up && exec "$@"'
    command = [sys.executable, "-m", "benchmarks.robustness.receiver_kills", "--inside", *arguments]
    return subprocess.run(
        ["unshare", "--map-root-user", "--net", "bash", "-c", session, "bash", *command],
        cwd=ROOT,
        env=dict(os.environ),
        check=False,
    ).returncode


def main() -> int:
    """Kill, print, save; 1 when a result is missing, doubled or strange."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--objects", type=int, default=2000)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=18)
    parser.add_argument("--out", type=Path, default=RESULTS)
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if not arguments.inside:
        return apart(sys.argv[1:])
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as root:
        content = receiver_kills(Path(root), arguments.objects, arguments.kills, arguments.seed)
    content = {
        **place(),
        "versions": versions("pydicom", "pynetdicom", "highdicom"),
        "seed": arguments.seed,
        **content,
    }
    save(arguments.out, content)
    print(json.dumps(content, indent=1))
    return 0 if content["good"] else 1


if __name__ == "__main__":
    sys.exit(main())
