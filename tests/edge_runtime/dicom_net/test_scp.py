"""Who may call, and what is answered to what."""

from __future__ import annotations

import gc
import socket
import struct
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from pydicom.uid import generate_uid
from pynetdicom import AE

from edge_runtime.dicom_net.events import Event, Happened
from edge_runtime.dicom_net.library import hushed, require_network
from edge_runtime.dicom_net.queue import Queue
from edge_runtime.dicom_net.scp import ACCEPTED_CLASSES, Provider
from edge_runtime.dicom_net.settings import Bounds, Patience, Station
from edge_runtime.errors import OutputError, WriteError
from edge_runtime.reading.dicom.syntaxes import SYNTAXES
from tests.dicom_files import LOSSLESS, tomography
from tests.edge_runtime.dicom_out.conftest import small_lens

from .conftest import PITCH_UM, encoded, exam, files_in, offer, send, single, statuses, until, written


class Door:
    """A provider in this process, and what lies behind it."""

    def __init__(self, folder: Path, station: Station, bounds: Bounds) -> None:
        self.folder, self.events = folder, list[Event]()
        self.queue = Queue(str(folder), bounds)
        self.provider = Provider(station, bounds, Patience(peer_s=2.0), self.events.append)
        self.port = self.provider.port

    @property
    def words(self) -> list[str | None]:
        return [event.word for event in self.events if event.word]


@pytest.fixture
def door(tmp_path: Path) -> Iterator[Callable[..., Door]]:
    require_network()
    with ExitStack() as stack:
        stack.enter_context(hushed())

        def opened(bounds: Bounds | None = None, **station: Any) -> Door:
            made = Door(tmp_path / "queue", Station(port=0, **station), bounds or Bounds(free_bytes=0))
            stack.callback(_collect)
            stack.callback(made.queue.close)
            stack.enter_context(made.provider)
            stack.enter_context(made.provider.taking(made.queue.intake))
            return made

        yield opened


def _collect() -> None:
    """Collect the sockets of connections that were cut, which pynetdicom leaves to the collector."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


Opened = Callable[..., Door]


def called(port: int, title: str = "EDGE", own: str = "DEVICE", contexts: Any = None) -> Any:
    device = AE(own)
    for kind, syntaxes in contexts or [("1.2.840.10008.1.1", ["1.2.840.10008.1.2"])]:
        device.add_requested_context(kind, syntaxes)
    return device.associate("127.0.0.1", port, ae_title=title)


def test_an_echo_is_answered(door: Opened) -> None:
    association = called(door().port)
    assert association.send_c_echo().Status == 0
    association.release()


def test_another_title_is_not_answered_and_only_devices_that_were_named_may_call(door: Opened) -> None:
    here = door(peers=("OCT1", "OCT2"))
    assert called(here.port, title="OTHER", own="OCT1").is_rejected
    assert called(here.port, own="DEVICE").is_rejected
    association = called(here.port, own="OCT2")
    assert association.is_established
    association.release()


@pytest.mark.slow
def test_every_class_and_syntax_that_is_read_is_accepted_and_no_other(door: Opened) -> None:
    here = door()
    for kind in ACCEPTED_CLASSES:
        association = called(here.port, contexts=[(kind, [syntax]) for syntax in SYNTAXES])
        assert {str(one.transfer_syntax[0]) for one in association.accepted_contexts} == set(SYNTAXES)
        association.release()
    mr, video = "1.2.840.10008.5.1.4.1.1.4", "1.2.840.10008.1.2.4.102"
    others = [(mr, ["1.2.840.10008.1.2"]), (ACCEPTED_CLASSES[0], [video])]
    refused = called(here.port, contexts=[*others, ("1.2.840.10008.1.1", ["1.2.840.10008.1.2"])])
    assert len(refused.rejected_contexts) == 2
    refused.release()


@pytest.mark.parametrize("syntax", ["implicit", "explicit", "deflated", "big-endian", "rle", "jpeg-ls", "jpeg-2000"])
def test_an_object_of_any_syntax_lies_on_the_disk_as_it_was_sent(syntax: str, door: Opened) -> None:
    here = door()
    source = written(tomography([small_lens(16)], pitch_um=PITCH_UM, name=syntax), LOSSLESS[syntax])
    assert statuses(send(here.port, [source])) == [0]
    (name,) = files_in(here.folder)["received"]
    from pydicom import dcmread

    there = dcmread(here.folder / "received" / name)
    assert there.file_meta.TransferSyntaxUID == LOSSLESS[syntax]
    assert there.PixelData == source.PixelData


def changed(name: str) -> Any:
    return single(name, 0)


def without_eye() -> Any:
    dataset = tomography([small_lens(16)], pitch_um=PITCH_UM, name="eyeless")
    del dataset.ImageLaterality, dataset.SharedFunctionalGroupsSequence[0].FrameAnatomySequence
    return written(dataset)


def cut() -> Any:
    dataset = changed("cut")
    dataset.PixelData = dataset.PixelData[:1000]
    return dataset


def palette() -> Any:
    dataset = changed("palette")
    dataset.PhotometricInterpretation = "PALETTE COLOR"
    return dataset


def nameless() -> Any:
    dataset = changed("nameless")
    del dataset.StudyInstanceUID
    return dataset


@pytest.mark.parametrize(
    ("make", "word"),
    [
        (without_eye, "unknown-eye"),
        (cut, "truncated-dicom"),
        (palette, "palette-image"),
        (nameless, "incomplete-dicom"),
    ],
)
def test_what_cannot_be_read_or_filed_is_refused_with_its_word_and_not_kept(
    make: Callable[[], Any], word: str, door: Opened
) -> None:
    here = door()
    (answer,) = send(here.port, [make()])
    assert (answer.Status, answer.ErrorComment) == (0xC000, word)
    assert here.words == [word]
    assert files_in(here.folder) == {}


def test_an_object_that_is_not_the_one_that_was_announced_is_refused(
    door: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pynetdicom.dimse_primitives import C_STORE

    here = door()
    plain = C_STORE.AffectedSOPInstanceUID
    other = property(plain.fget, lambda self, value: plain.fset(self, generate_uid()))  # type: ignore[arg-type,misc]
    monkeypatch.setattr(C_STORE, "AffectedSOPInstanceUID", other)
    (answer,) = send(here.port, [exam()])
    assert answer.Status == 0xA900
    assert files_in(here.folder) == {}


def test_a_full_queue_tells_the_device_to_try_again_and_takes_it_later(door: Opened) -> None:
    here = door(Bounds(queue_objects=1, free_bytes=0))
    assert statuses(send(here.port, [exam("a"), exam("b")])) == [0, 0xA700]
    assert here.words == ["queue-full"]
    entry = here.queue.exams.next_to_judge()
    assert entry is not None
    here.queue.exams.finish(entry.exam)
    assert statuses(send(here.port, [exam("b")])) == [0]


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), MemoryError()])
def test_a_full_disk_or_memory_is_no_success(error: Exception, door: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    here = door()

    def full(*arguments: Any) -> str:
        raise error

    monkeypatch.setattr(here.queue.intake, "write", full)
    assert statuses(send(here.port, [exam()])) == [0xA700]


def test_a_record_that_cannot_be_written_is_no_success(door: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    here = door()

    def full(*arguments: Any) -> None:
        raise WriteError("write-failed", "The records of the queue could not be written.", "Free space.")

    monkeypatch.setattr(here.queue.intake, "take", full)
    assert statuses(send(here.port, [exam()])) == [0xA700]
    assert files_in(here.folder) == {}


def test_a_fault_of_the_program_is_no_success(door: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    here = door()
    monkeypatch.setattr(here.queue.intake, "take", lambda *arguments: 1 / 0)
    assert statuses(send(here.port, [exam()])) == [0x0110]
    assert here.words == ["internal"]


def test_the_same_uid_with_other_content_is_a_duplicate(door: Opened) -> None:
    here, source = door(), exam()
    assert statuses(send(here.port, [source])) == [0]
    source.SeriesDescription = "changed"
    assert statuses(send(here.port, [source, exam()])) == [0x0111, 0]


def test_an_object_above_the_bound_ends_the_association_and_leaves_nothing(door: Opened) -> None:
    here = door(Bounds(object_bytes=1 << 20, free_bytes=0))
    source = exam()
    source.add_new(0x00091010, "OB", b"\0" * (3 << 20))
    (answer,) = send(here.port, [source])
    assert "Status" not in answer
    assert files_in(here.folder) == {}
    assert statuses(send(here.port, [exam()])) == [0]


def test_a_pdu_that_claims_gigabytes_is_not_waited_for(door: Opened) -> None:
    with socket.create_connection(("127.0.0.1", door().port), timeout=20) as peer:
        peer.sendall(struct.pack(">BBL", 1, 0, 0xFFFFFFF0) + b"\0" * 100)
        assert peer.recv(100) in (b"", b"\x07\x00\x00\x00\x00\x04\x00\x00\x02\x00")


@pytest.mark.slow
def test_connections_beyond_the_bound_are_closed_and_those_that_say_nothing_too(door: Opened) -> None:
    here = door(Bounds(associations=1, free_bytes=0))
    with ExitStack() as stack:
        peers = [stack.enter_context(socket.create_connection(("127.0.0.1", here.port), timeout=20)) for _ in range(6)]
        closed = 0
        for peer in reversed(peers):  # the silent ones are closed after the patience for a peer
            closed += peer.recv(1) in (b"", b"\x07")
        assert closed == 6
    # The one place is free a moment after its connection was closed.
    assert statuses(until(lambda: offer(here.port, [exam()]))) == [0]


def test_it_listens_on_loopback_of_ip_6_too(door: Opened) -> None:
    association = AE("DEVICE")
    association.add_requested_context("1.2.840.10008.1.1")
    made = association.associate("::1", door(host="::1").port, ae_title="EDGE")
    assert made.is_established
    made.release()


def test_a_port_in_use_is_named(door: Opened, tmp_path: Path) -> None:
    here = door()
    with pytest.raises(OutputError) as caught:
        Provider(Station(port=here.port), Bounds(), Patience(), here.events.append)
    assert caught.value.word == "address-taken"


def test_an_encoded_object_is_what_examine_reads(tmp_path: Path) -> None:
    from edge_runtime.dicom_net.door import examine

    path = tmp_path / "object"
    path.write_bytes(encoded(exam(frames=3)))
    arrival = examine(str(path))
    assert (arrival.eyes, arrival.whole, arrival.place, arrival.size) == ("OD", True, 1, path.stat().st_size)


def test_who_is_turned_away_is_in_a_line_with_its_word(door: Opened) -> None:
    here = door(Bounds(associations=8, object_bytes=1 << 20, free_bytes=0), peers=("OCT1",))
    assert called(here.port, title="WRONG", own="OCT1").is_rejected
    assert called(here.port, own="OTHER").is_rejected
    until(lambda: len(here.words) == 2)
    offered = called(here.port, own="OCT1", contexts=[("1.2.840.10008.5.1.4.1.1.4", ["1.2.840.10008.1.2"])])
    assert not offered.accepted_contexts
    until(lambda: len(here.words) == 3)
    source = exam()
    source.add_new(0x00091010, "OB", b"\0" * (3 << 20))
    (answer,) = send(here.port, [source], calling="OCT1")
    assert "Status" not in answer
    assert here.words == ["wrong-title", "unknown-caller", "nothing-taken", "object-too-large"]
    assert {event.happened for event in here.events} == {Happened.REFUSED}
    assert here.events[0].text == "'OCT1' at 127.0.0.1: It calls 'WRONG', and this is 'EDGE'."
    assert here.events[1].text == "'OTHER' at 127.0.0.1: --from does not name it."
    assert here.events[3].text == "'OCT1' at 127.0.0.1: It sends an object of more than 1.04858 MB."


def test_more_associations_than_may_be_open_are_in_a_line_too(door: Opened) -> None:
    here = door(Bounds(associations=1, free_bytes=0))
    with ExitStack() as stack:
        first = called(here.port)
        stack.callback(first.release)
        assert called(here.port).is_rejected
        until(lambda: here.words == ["too-many-associations"])
        for _ in range(4):
            stack.enter_context(socket.create_connection(("127.0.0.1", here.port), timeout=20))
    here.provider.turned_away.end()
    assert set(here.words) == {"too-many-associations"}


def test_a_scan_of_the_network_and_a_device_that_tries_again_and_again_fill_no_log(door: Opened) -> None:
    here = door(Bounds(queue_objects=0, free_bytes=0))
    for _ in range(5):
        assert called(here.port, title="WRONG").is_rejected
        until(lambda: not here.provider._server.active_associations)
    assert statuses(send(here.port, [exam("a"), exam("b"), exam("c")])) == [0xA700] * 3
    assert here.words == ["wrong-title", "queue-full"]
    assert here.events[1].status == "0xA700"
    here.provider.turned_away.look()
    assert here.words == ["wrong-title", "queue-full"]
    here.provider.turned_away.end()
    counted = [(event.word, event.text.partition(" in ")[0]) for event in here.events[2:]]
    assert counted == [("wrong-title", "4 more"), ("queue-full", "2 more")]


def test_a_port_is_held_until_the_provider_is_left() -> None:
    require_network()
    with hushed(), Provider(Station(port=0), Bounds(), Patience(), print) as provider, pytest.raises(OutputError):
        Provider(Station(port=provider.port), Bounds(), Patience(), print)
    with hushed(), Provider(Station(port=provider.port), Bounds(), Patience(), print):
        pass
