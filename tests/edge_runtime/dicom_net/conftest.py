"""A device, a receiver in a process of its own, and an archive, all on loopback."""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any, cast

import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.uid import generate_uid
from pynetdicom import AE, evt

import edge_runtime.dicom_net.receiver
from edge_runtime import CataractAnalyzer
from edge_runtime.dicom_net.archive import archive_of
from edge_runtime.dicom_net.door import examine
from edge_runtime.dicom_net.events import Event
from edge_runtime.dicom_net.intake import Taken
from edge_runtime.dicom_net.judging import Judged, judge
from edge_runtime.dicom_net.library import hushed, require_network
from edge_runtime.dicom_net.queue import Queue
from edge_runtime.dicom_net.receiver import Work
from edge_runtime.dicom_net.sending import Sender
from edge_runtime.dicom_net.settings import Bounds, Patience, Wishes
from edge_runtime.dicom_out.files import Kind
from tests.conftest import ROOT
from tests.dicom_files import file_bytes, tomography
from tests.edge_runtime.dicom_out.conftest import SHAPE, small_lens

PITCH_UM = (14000 / SHAPE[0], 16500 / SHAPE[1])
SR, PDF, SEG = "1.2.840.10008.5.1.4.1.1.88.34", "1.2.840.10008.5.1.4.1.1.104.1", "1.2.840.10008.5.1.4.1.1.66.4"
MOST_S = 60.0
Restart = Callable[..., "Receiver"]


def exam(name: str = "exam", frames: int = 2, **options: Any) -> Dataset:
    """An object that is an exam by itself; `name` decides its UIDs."""
    return written(tomography([small_lens(16 + 4 * n) for n in range(frames)], pitch_um=PITCH_UM, name=name, **options))


def single(name: str, number: int, *, laterality: str = "R", series: str = "") -> Dataset:
    """One frame of a study that has others; studies, series and instances are told apart by words."""
    dataset = tomography([small_lens(16 + 4 * number)], pitch_um=PITCH_UM, laterality=laterality, name=name)
    other = tomography([small_lens(16)], pitch_um=PITCH_UM, name=f"{name} {series} {laterality} {number}")
    dataset.SOPInstanceUID = other.SOPInstanceUID
    if series:
        dataset.SeriesInstanceUID = generate_uid(entropy_srcs=[name, series])
    return written(dataset)


def of_both_eyes() -> Dataset:
    both = tomography([small_lens(16), small_lens(20)], pitch_um=PITCH_UM, laterality="B", name="both")
    del both.SharedFunctionalGroupsSequence[0].FrameAnatomySequence
    for group, eye in zip(both.PerFrameFunctionalGroupsSequence, "RL", strict=True):
        anatomy = type(both)()
        anatomy.FrameLaterality = eye
        group.FrameAnatomySequence = [anatomy]
    return written(both)


def written(dataset: Dataset, syntax: str = "1.2.840.10008.1.2.1") -> Dataset:
    return dcmread(BytesIO(file_bytes(dataset, syntax)))


def send(port: int, datasets: Sequence[Dataset], *, called: str = "EDGE", calling: str = "DEVICE") -> list[Dataset]:
    """What the receiver answered to each object."""
    answers = offer(port, datasets, called=called, calling=calling)
    assert answers is not None, "the association was not accepted"
    return answers


def offer(
    port: int, datasets: Sequence[Dataset], *, called: str = "EDGE", calling: str = "DEVICE"
) -> list[Dataset] | None:
    """What the receiver answered to each object; None: it took no association."""
    device = AE(calling)
    for dataset in datasets:
        device.add_requested_context(dataset.SOPClassUID, dataset.file_meta.TransferSyntaxUID)
    association = device.associate("127.0.0.1", port, ae_title=called)
    if not association.is_established:
        return None
    try:
        return [association.send_c_store(dataset) for dataset in datasets]
    finally:
        association.release()


def statuses(answers: Sequence[Dataset]) -> list[int]:
    return [int(answer.Status) for answer in answers]


def until(true: Callable[[], Any], seconds: float = MOST_S) -> Any:
    """Wait until something is true; returns it."""
    end = time.monotonic() + seconds
    while not (found := true()):
        assert time.monotonic() < end, "it did not come true"
        time.sleep(0.05)
    return found


class Archive:
    """Keeps what it is sent, by SOP Instance UID; `answers` says what it answers first."""

    def __init__(self) -> None:
        self.held: dict[str, Dataset] = {}
        self.answers: list[int] = []
        self.sent: list[str] = []
        self.port = 0
        self.open()
        self.address = f"PACS@127.0.0.1:{self.port}"

    def open(self) -> None:
        """Listen, at the port of before where there was one."""
        entity = AE("PACS")
        for kind in (SR, PDF, SEG):
            entity.add_supported_context(kind)
        self.server = entity.start_server(
            ("127.0.0.1", self.port), block=False, evt_handlers=[(evt.EVT_C_STORE, self._store)]
        )
        self.port = int(self.server.server_address[1])

    def _store(self, event: Any) -> int:
        if self.answers and (answer := self.answers.pop(0)):
            return answer
        dataset = event.dataset
        dataset.file_meta = event.file_meta
        self.sent.append(str(dataset.SOPInstanceUID))
        self.held[self.sent[-1]] = dataset
        return 0

    def of_class(self, kind: str) -> list[Dataset]:
        return [dataset for dataset in self.held.values() if kind == dataset.SOPClassUID]

    def close(self) -> None:
        if self.server is not None:
            self.server.shutdown()
        self.server = None


def referred(result: Dataset) -> set[str]:
    """UIDs of the objects that a result refers to."""
    return {str(element.value) for element in result.iterall() if element.keyword == "ReferencedSOPInstanceUID"}


class Receiver:
    """The program, as a service runs it; what it says is kept."""

    def __init__(self, folder: Path, model: Path, *options: str | Path, before: Sequence[str | Path] = ()) -> None:
        self.folder = folder
        command = [*before, sys.executable, "-m", "edge_runtime", "receive", folder, "--port", "0", "--json", *options]
        self.process = subprocess.Popen(
            command,
            cwd=ROOT,
            env={**os.environ, "EDGE_CATARACT_MODEL": str(model), "EDGE_CATARACT_THREADS": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._lines: queue.Queue[str] = queue.Queue()
        self.events: list[dict[str, Any]] = []
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()
        self.port = 0

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.events.append(json.loads(line))

    def wait_for(self, event: str, count: int = 1) -> list[dict[str, Any]]:
        """Wait until it has told something so often."""

        def told() -> list[dict[str, Any]]:
            found = [one for one in list(self.events) if one["event"] == event]
            assert len(found) >= count or self.process.poll() is None, self.errors()
            return found if len(found) >= count else []

        return list(until(told))

    def listening(self) -> Receiver:
        self.port = int(self.wait_for("listening")[0]["text"].rpartition(":")[2])
        return self

    def errors(self) -> str:
        assert self.process.stderr is not None
        return self.process.stderr.read()

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()
        self._thread.join(10)

    def stop(self) -> int:
        self.process.terminate()
        return self.process.wait(30)


@pytest.fixture
def archive() -> Iterator[Archive]:
    made = Archive()
    yield made
    made.close()


@pytest.fixture
def start(tmp_path: Path, tiny_model: Path) -> Iterator[Restart]:
    """Start a receiver with these options; all that were started are ended, whatever happens."""
    started: list[Receiver] = []

    def begin(*options: str | Path, wait: str = "0", before: Sequence[str | Path] = ()) -> Receiver:
        started.append(Receiver(tmp_path / "queue", tiny_model, "--wait", wait, *options, before=before))
        return started[-1].listening()

    yield begin
    for receiver in started:
        receiver.kill()
        for stream in (receiver.process.stdout, receiver.process.stderr):
            if stream is not None:
                stream.close()


class InlineWorker:
    """Judges in this process, with an analyzer that is loaded."""

    def __init__(self, analyzer: CataractAnalyzer, wishes: Wishes) -> None:
        self._analyzer, self._wishes = analyzer, wishes

    def judge(self, paths: list[str]) -> Judged:
        return judge(self._analyzer, paths, self._wishes)


class Station:
    """A receiver in this process, whose steps a test takes; it goes on where an earlier one was left."""

    def __init__(self, folder: Path, analyzer: CataractAnalyzer, archive: Archive, **settings: Any) -> None:
        self.folder, self.events = folder, list[Event]()
        kinds = settings.pop("kinds", (Kind.REPORT,))
        bounds = settings.pop("bounds", Bounds(free_bytes=0))
        patience = Patience(**{"quiet_s": 0.0, "first_s": 0.01, "most_s": 0.02, "peer_s": 10.0, **settings})
        wishes = Wishes(kinds=kinds)
        node = archive_of(archive.address, "EDGE", patience.peer_s)
        receiver = edge_runtime.dicom_net.receiver.Receiver(
            str(folder), cast("Any", None), node, bounds=bounds, patience=patience, wishes=wishes
        )
        self.queue = Queue(str(folder), bounds)
        self.sender = Sender(self.queue.exams, node, patience, self.events.append)
        worker = cast("Any", InlineWorker(analyzer, wishes))
        self.work = Work(receiver, self.queue, worker, self.sender, self.events.append)

    def bring(self, *datasets: Dataset) -> list[Taken]:
        """Take objects as C-STORE does."""
        taken = []
        for dataset in datasets:
            path = self.queue.intake.write([encoded(dataset)])
            taken.append(self.queue.intake.take(path, examine(path)))
        return taken

    def work_off(self, rounds: int = 100) -> list[str]:
        """Judge and send until nothing is left to do; what was told meanwhile."""
        self.events.clear()
        for _ in range(rounds):
            self.work.step()
            self.sender.send_all()
            if not any(self.queue.exams.counts()[state] for state in ("waiting", "sending", "objects")):
                break
            time.sleep(0.02)
        return [event.word or event.happened.value for event in self.events]

    def close(self) -> None:
        self.queue.close()


@pytest.fixture
def station(tmp_path: Path, analyzer: CataractAnalyzer, archive: Archive) -> Iterator[Callable[..., Station]]:
    made: list[Station] = []

    def begin(**settings: Any) -> Station:
        for earlier in made:
            earlier.close()
        with hushed():
            made.append(Station(tmp_path / "queue", analyzer, archive, **settings))
        return made[-1]

    require_network()
    with hushed():
        yield begin
    for one in made:
        one.close()


def encoded(dataset: Dataset) -> bytes:
    buffer = BytesIO()
    dataset.save_as(buffer)
    return buffer.getvalue()


def files_in(folder: Path) -> dict[str, list[str]]:
    """Names of files in the folders of a queue that hold any."""
    found = {}
    for part in ("arriving", "received", "outbox", "failed", "kept"):
        names = sorted(str(path.relative_to(folder / part)) for path in (folder / part).rglob("*") if path.is_file())
        if names:
            found[part] = names
    return found
