"""From a device to an archive. This file is the one place that knows the order of the steps."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from edge_runtime.batch.record import Status, status_of
from edge_runtime.errors import (
    EdgeCataractError,
    InternalError,
    MissingExtraError,
    MissingLibraryError,
    ModelIncompatibleError,
    ModelIntegrityError,
    ModelMissingError,
    UsageError,
    WriteError,
)
from edge_runtime.machine.faults import known_error
from edge_runtime.program_signals import Interrupted, heard_out

from .events import Event, Happened
from .library import hushed, require_network
from .queue import Queue
from .room import Lookout, Room
from .scp import Provider
from .sending import Sender
from .settings import Bounds, Patience, Station, Wishes
from .unstored import Unstored, lasting_fault
from .worker import Worker

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any, NoReturn

    from edge_runtime.batch.work import AnalyzerSettings

    from .archive import Archive
    from .events import Tell
    from .judging import Judged
    from .records import Entry

MOST_TRIES = 3  # of an exam that a fault of program or machine ended
MOST_BEGINNINGS = 20  # of an exam that was never ended: it takes the receiver down with it, as with all of the memory
# What waiting does not mend: the program ends, and says so.
_LASTING = (
    UsageError,
    MissingExtraError,
    MissingLibraryError,
    ModelMissingError,
    ModelIntegrityError,
    ModelIncompatibleError,
)
_LOOK_S = 1.0
_FORGET_EVERY_S = 600.0


@dataclass(frozen=True, slots=True)
class Receiver:
    """What a receiver is made of.

    Attributes
    ----------
    folder
        Of its queue.
    analyzer
        What its model is loaded from.
    archive
        Where results go.
    station, bounds, patience, wishes
        Who it is, what it bears, how long it waits, what it makes.
    retry
        Whether what failed is judged anew.
    record
        Is given the result document of every eye before its results are sent; None: nobody is.
    """

    folder: str
    analyzer: AnalyzerSettings
    archive: Archive
    station: Station = field(default_factory=Station)
    bounds: Bounds = field(default_factory=Bounds)
    patience: Patience = field(default_factory=Patience)
    wishes: Wishes = field(default_factory=Wishes)
    retry: bool = False
    record: Callable[[Mapping[str, Any]], None] | None = None

    def run(self, tell: Tell) -> NoReturn:
        """Receive, judge and send, until a signal ends it.

        Raises
        ------
        EdgeCataractError
            When it cannot begin: a missing extra, a model that cannot be loaded, an address in use, a disk on which
            the queue cannot be opened. While it runs, only what waiting does not mend: its model is not there any
            more, or is another.
        """
        require_network()
        worker = Worker(self.analyzer, self.wishes, self.patience.exam_s)
        came = threading.Event()

        def heard(event: Event) -> None:
            if event.happened is Happened.RECEIVED:
                came.set()
            tell(event)

        with hushed():
            try:
                worker.start()
                with (  # the queue after all else: whatever prevents a start before that has written nothing
                    Provider(self.station, self.bounds, self.patience, heard) as provider,
                    Queue(self.folder, self.bounds, keep=self.wishes.keep, retry=self.retry) as queue,
                ):
                    self._listen(provider, queue, worker, tell, came)
            finally:
                worker.end()

    def _listen(self, provider: Provider, queue: Queue, worker: Worker, tell: Tell, came: threading.Event) -> NoReturn:
        sender = Sender(queue.exams, self.archive, self.patience, tell)
        with provider.taking(queue.intake), sender:
            tell(Event(Happened.LISTENING, f"{self.station.title} at {self.station.host}:{provider.port}"))
            with Lookout((Room(queue.intake, tell).look, provider.turned_away.look)):
                try:
                    self._serve(Work(self, queue, worker, sender, tell), came)
                except (KeyboardInterrupt, Interrupted):
                    heard_out()  # or it comes again while all is put in order
                    raise

    def _serve(self, work: Work, came: threading.Event) -> NoReturn:
        failures = 0
        while True:
            came.clear()
            try:
                pause_s = work.step()
                failures = 0
            except _LASTING:
                raise
            except Exception as error:  # noqa: BLE001  # a full disk: when the archive has what is there, there is room
                failures += 1
                pause_s, fault = self.patience.after(failures), known_error(error)
                work.tell(Event(Happened.AGAIN, f"in {pause_s:.0f} s: {fault.found}", word=fault.word))
                time.sleep(pause_s)
                continue
            came.wait(pause_s)


@dataclass(slots=True)
class Work:
    """What is done by the main thread, step by step.

    Attributes
    ----------
    receiver, queue, worker, sender, tell
        What it is done for and with.
    """

    receiver: Receiver
    queue: Queue
    worker: Worker
    sender: Sender
    tell: Tell
    _forgotten_s: float = -_FORGET_EVERY_S
    _unstored: Unstored | None = None
    _place_s: float = 0.0
    _misplaced: int = 0

    def step(self) -> float:
        """Do what there is to do next; returns the seconds until there may be more.

        Raises
        ------
        EdgeCataractError
            When it cannot be done now: the disk is full, or no process can be started. Done again, it goes on there.
        """
        self._place()
        next_s = self.queue.intake.plan(self.receiver.patience.quiet_s)
        if self._unstored is not None:  # the oldest exam may be another meanwhile
            return self._store(self._unstored)
        entry = self.queue.exams.next_to_judge()
        if entry is not None:
            return self._judge(entry)
        if time.monotonic() - self._forgotten_s > _FORGET_EVERY_S:
            self.queue.exams.forget_old(self.receiver.patience.remember_s)
            self._forgotten_s = time.monotonic()
        return _LOOK_S if next_s is None else min(next_s, _LOOK_S)

    def _place(self) -> None:
        """Try again to move the files of exams that were done with or set aside; nothing waits for that."""
        if time.monotonic() < self._place_s:
            return
        fault = self.queue.exams.place()
        if fault is None:
            self._misplaced = 0
            return
        self._misplaced += 1
        wait_s = self.receiver.patience.after(self._misplaced)
        self._place_s = time.monotonic() + wait_s
        self.tell(Event(Happened.AGAIN, f"in {wait_s:.0f} s: {fault.found}", word=fault.word))

    def _judge(self, entry: Entry) -> float:
        """Judge an exam, and hand its results on; returns the seconds until the next."""
        judged = self._judged(entry)
        if judged is None:
            return 0.0
        self._unstored = Unstored(entry.exam, judged, self.receiver.record)
        return self._store(self._unstored)

    def _judged(self, entry: Entry) -> Judged | None:
        """Judge an exam; None where it is to be tried again, or was set aside."""
        if self.queue.exams.begin(entry.exam) > MOST_BEGINNINGS:
            ended = "The receiver ended again and again while it was judged."
            self._fail(entry.exam, InternalError("worker-died", ended, "Look why."))
            return None
        try:
            judged = self.worker.judge(self.queue.exams.paths(entry.exam))
        except EdgeCataractError:  # no process could be started: the exam is not to blame
            self.queue.exams.survived(entry.exam)
            raise
        self.queue.exams.survived(entry.exam)
        fault = judged.fault
        if fault is not None and status_of(fault) is Status.FAILED:
            tries = self.queue.exams.tried(entry.exam)
            if tries < MOST_TRIES:
                wait_s = self.receiver.patience.after(tries)
                self.tell(Event(Happened.AGAIN, f"in {wait_s:.0f} s: {fault.found}", entry.exam, fault.word))
                time.sleep(wait_s)
                return None
        return judged

    def _store(self, unstored: Unstored) -> float:
        """Keep results, and record their answers before they count; after an error it goes on where that was.

        Returns
        -------
        float
            Seconds until the next exam.
        """
        exam, judged = unstored.exam, unstored.judged
        try:
            if judged.contents:
                self.queue.exams.judged(exam, judged.contents, judged.fault, unstored.record)
            else:
                unstored.record()
        except Exception as error:  # noqa: BLE001  # no answer goes out that is not recorded
            self._fail(exam, lasting_fault(error))
            return 0.0
        if not judged.contents:
            self._fail(exam, judged.fault or _nothing_made())
            return 0.0
        self._unstored = None
        self.sender.look()
        made = f"eyes: {len(judged.documents)}, results: {len(judged.contents)}"
        self.tell(Event(Happened.JUDGED, made, exam))
        return 0.0

    def _fail(self, exam: str, fault: EdgeCataractError) -> None:
        self.queue.exams.fail(exam, fault)
        self._unstored = None
        self.tell(Event(Happened.FAILED, fault.found, exam, fault.word))


def _nothing_made() -> EdgeCataractError:
    """An eye without a graded scan has no Segmentation, and nothing else was asked for."""
    return WriteError(
        "no-result",
        "Of an eye that was not graded no object of the kinds that are asked for can be made.",
        "Ask for a report, too: --results sr,seg.",
    )
