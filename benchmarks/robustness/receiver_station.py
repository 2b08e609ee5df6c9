"""A station for `receiver_kills`: objects, a receiver that may be killed, two devices that send, and an archive."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from pydicom import dcmread
from pydicom.uid import generate_uid

from tests.dicom_files import file_bytes, tomography

ROOT = Path(__file__).parents[2]
SHAPE = (365, 430)
PITCH_UM = (14000 / SHAPE[0], 16500 / SHAPE[1])
PER_STUDY, PER_REQUEST, MOST_AHEAD = 4, 8, 60
RECEIVER_PORT, ARCHIVE_PORT, HTTP_PORT = 11112, 4242, 8042
QUIET_S = 2
_HTTP = f"http://127.0.0.1:{HTTP_PORT}"
_WAIT_S = 0.2


@dataclass(frozen=True, slots=True)
class Made:
    """An object to send.

    Attributes
    ----------
    instance
        Its SOP Instance UID.
    frames
        How many it has.
    path
        Its file.
    """

    instance: str
    frames: int
    path: Path


def make_objects(folder: Path, count: int, seed: int) -> list[Made]:
    """Write objects that differ in every UID and in their pixels.

    Every second object is an exam of two frames; the others are single frames, four to a study, series and eye.
    """
    folder.mkdir()
    rng = np.random.default_rng(seed)
    made = []
    for number in range(count):
        frames = 1 if number % 2 else 2
        study = number // 2 // PER_STUDY if number % 2 else number
        pictures = [_picture(rng) for _ in range(frames)]
        dataset = tomography(pictures, pitch_um=PITCH_UM, name=f"{seed} {frames} {study}")
        dataset.SOPInstanceUID = generate_uid(entropy_srcs=[str(seed), str(number)])
        made.append(Made(str(dataset.SOPInstanceUID), frames, folder / f"{number:05d}.dcm"))
        made[-1].path.write_bytes(file_bytes(dataset))
    return made


def _picture(rng: np.random.Generator) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """A lens as the tiny model sees it: with some rows of cataract, on a dark background."""
    frame = rng.integers(5, 15, SHAPE, np.uint8)
    frame[168:308, 145:285] = rng.integers(70, 90, (140, 140), np.uint8)
    frame[168 : 168 + int(rng.integers(8, 60)), 145:285] = 160
    return frame


class Receiver:
    """The program with its queue; it is started again as often as it is killed."""

    def __init__(self, folder: Path, model: Path) -> None:
        self.queue, self._model, self._log = folder / "queue", model, folder / "receiver.log"
        self._process: subprocess.Popen[bytes] | None = None
        self._before = 0  # how often it listened before it was started last

    def start(self) -> None:
        """Start it; it listens when it is ready."""
        command = [
            sys.executable, "-m", "edge_runtime", "receive", str(self.queue), "--to", f"PACS@127.0.0.1:{ARCHIVE_PORT}",
            "--port", str(RECEIVER_PORT), "--results", "sr,seg", "--wait", str(QUIET_S), "--threads", "1",
            "--model", str(self._model), "--json",
        ]  # fmt: skip
        with self._log.open("ab") as log:
            self._before = self.told().get("listening", 0)
            self._process = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log, start_new_session=True)

    def kill(self, *, group: bool) -> bool:
        """Kill it, alone or with its worker; whether it was running."""
        process = self._process
        if process is None:
            return False
        alive = process.poll() is None
        if alive and group:
            os.killpg(process.pid, signal.SIGKILL)
        elif alive:
            process.kill()
        process.wait()
        return alive

    def busy_with(self) -> list[str]:
        """What lies in its queue, and whether it is still starting: what a kill meets now."""
        started = self.told().get("listening", 0) > self._before
        parts = ("arriving", "received", "outbox")
        return [*(() if started else ("start",)), *(part for part in parts if any((self.queue / part).glob("*")))]

    def told(self) -> dict[str, int]:
        """How often it told what."""
        counts: dict[str, int] = {}
        for line in self._log.read_bytes().splitlines():
            try:
                event = str(json.loads(line)["event"])
            except ValueError:  # a line that a kill cut, or one that Python wrote
                event = "other"
            counts[event] = counts.get(event, 0) + 1
        return counts


class Archive:
    """Orthanc, which also sends: its own objects are those that it was given over HTTP."""

    def __init__(self, folder: Path) -> None:
        settings = {
            "StorageDirectory": str(folder / "archive"), "IndexDirectory": str(folder / "archive"),
            "DicomAet": "PACS", "DicomPort": ARCHIVE_PORT, "HttpPort": HTTP_PORT, "AuthenticationEnabled": False,
            "Plugins": [], "DicomModalities": {"edge": ["EDGE", "127.0.0.1", RECEIVER_PORT]}, "DicomScuTimeout": 20,
        }  # fmt: skip
        (folder / "orthanc.json").write_text(json.dumps(settings))
        self._log = (folder / "orthanc.log").open("ab")
        self._process = subprocess.Popen(
            ["Orthanc", str(folder / "orthanc.json")], stdout=self._log, stderr=self._log, start_new_session=True
        )
        self._given = 0
        until(lambda: self._asked("/system") is not None, 60)

    def close(self) -> None:
        """End it."""
        self._process.kill()
        self._process.wait()
        self._log.close()

    def _asked(self, path: str, content: bytes | None = None, seconds: float = 120) -> Any:
        """What it answers; None where it does not, or says no."""
        request = urllib.request.Request(_HTTP + path, data=content)  # noqa: S310  # a fixed address
        try:
            with urllib.request.urlopen(request, timeout=seconds) as answer:  # noqa: S310
                return json.loads(answer.read())
        except OSError:
            return None

    def give(self, objects: list[Made]) -> dict[str, str]:
        """Give it objects to send; {SOP Instance UID: its own name for each}."""
        names = {made.instance: str(self._asked("/instances", made.path.read_bytes())["ID"]) for made in objects}
        self._given = len(names)
        return names

    def send(self, names: list[str]) -> bool:
        """Have it send objects to the receiver; whether that acknowledged all of them."""
        wish = json.dumps({"Resources": names, "Synchronous": True}).encode()
        return self._asked("/modalities/edge/store", wish) is not None

    def results(self) -> int:
        """How many results it holds."""
        found = self._asked("/statistics")
        return 0 if found is None else int(found["CountInstances"]) - self._given

    def references(self) -> dict[str, list[tuple[str, int]]]:
        """{SOP Instance UID of each result: kind, object and frame that it is about, each as `kind UID`, frame}."""
        found: dict[str, list[tuple[str, int]]] = {}
        for kind in ("SR", "SEG"):
            query = {"Level": "Instance", "Query": {"Modality": kind}}
            for name in self._asked("/tools/find", json.dumps(query).encode()):
                with urllib.request.urlopen(f"{_HTTP}/instances/{name}/file") as answer:  # noqa: S310
                    result = dcmread(BytesIO(answer.read()))
                found[str(result.SOPInstanceUID)] = [(f"{kind} {uid}", frame) for uid, frame in _about(result)]
        return found


def _about(result: Any) -> set[tuple[str, int]]:
    """Objects and frames that a result is about."""
    about = set()
    for element in result.iterall():
        if element.keyword in ("ReferencedSOPSequence", "SourceImageSequence"):
            for item in element.value:
                frames = item.get("ReferencedFrameNumber", 1)
                for frame in frames if isinstance(frames, list) or hasattr(frames, "__iter__") else [frames]:
                    about.add((str(item.ReferencedSOPInstanceUID), int(frame)))
    return about


@dataclass(slots=True)
class Sending:
    """What two devices have sent; each object until it was acknowledged.

    Attributes
    ----------
    acknowledged
        SOP Instance UIDs by who sent them.
    requests, failed
        How often they tried, and in vain.
    """

    acknowledged: dict[str, set[str]] = field(default_factory=lambda: {"storescu": set(), "orthanc": set()})
    requests: int = 0
    failed: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def count(self, who: str, instances: set[str], tried: int) -> None:
        """Count one request."""
        with self._lock:
            self.acknowledged[who] |= instances
            self.requests += 1
            self.failed += len(instances) < tried

    @property
    def total(self) -> int:
        """How many objects were acknowledged."""
        return sum(map(len, self.acknowledged.values()))


def send_by_storescu(objects: list[Made], sending: Sending, may: Any) -> None:
    """Send objects with dcmtk until each is acknowledged."""
    program = shutil.which("storescu")
    left = list(objects)
    while left:
        may()
        some = left[:PER_REQUEST]
        command = [
            str(program), "-v", "--no-halt", "-ta", "20", "-td", "20", "-to", "10", "-aet", "DCMTK", "-aec",
            "EDGE", "127.0.0.1", str(RECEIVER_PORT), *(str(made.path) for made in some),
        ]  # fmt: skip
        done = subprocess.run(command, capture_output=True, check=False)
        good = _acknowledged(done.stdout + done.stderr)
        sending.count("storescu", {made.instance for made in some if str(made.path) in good}, len(some))
        left = [made for made in left if made.instance not in sending.acknowledged["storescu"]]
        if len(good) < len(some):
            time.sleep(_WAIT_S)


def _acknowledged(said: bytes) -> set[str]:
    """Files that storescu says were stored."""
    good, file = set(), ""
    for line in said.decode(errors="replace").splitlines():
        if "Sending file: " in line:
            file = line.partition("Sending file: ")[2].strip()
        elif "Received Store Response (Success)" in line:
            good.add(file)
    return good


def send_by_orthanc(objects: list[Made], archive: Archive, names: dict[str, str], sending: Sending, may: Any) -> None:
    """Have Orthanc send objects until each is acknowledged; what is not known to be is sent again."""
    for start in range(0, len(objects), PER_REQUEST):
        some = objects[start : start + PER_REQUEST]
        done = False
        while not done:
            may()
            done = archive.send([names[made.instance] for made in some])
            sending.count("orthanc", {made.instance for made in some} if done else set(), len(some))
            if not done:
                time.sleep(_WAIT_S)


def until(true: Any, seconds: float) -> bool:
    """Wait until something is true; whether it became so."""
    end = time.monotonic() + seconds
    while not true():
        if time.monotonic() > end:
            return False
        time.sleep(_WAIT_S)
    return True
