"""Every guard of the reader of DICOM, tripped by a file."""

from __future__ import annotations

import struct
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
from numpy.typing import NDArray
from pydicom import uid
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate

from edge_runtime.errors import EdgeCataractError, MissingExtraError, ResourceError, ScanError
from edge_runtime.reading.dicom import library, opening, syntaxes
from edge_runtime.reading.dicom.codestreams import checked_codestream
from edge_runtime.reading.dicom.layout import Layout
from edge_runtime.reading.dicom.syntaxes import Packing
from edge_runtime.reading.raster import decode_scan, read_scan
from edge_runtime.reading.sources import sources_of
from tests.dicom_files import LOSSLESS, LOSSY, encoded_frames, file_bytes, secondary_capture, tomography

Frames = list[NDArray[Any]]
PIXELS = b"\xe0\x7f\x10\x00"
DELIMITER = struct.pack("<HHL", 0xFFFE, 0xE0DD, 0)


def word_of(data: bytes, room: int | None = None) -> str:
    """The word with which a file is refused, by its header or by a frame."""
    with pytest.raises(EdgeCataractError) as caught:
        read_all(data, room)
    return caught.value.word


def read_all(data: bytes, room: int | None = None) -> None:
    for source in sources_of(data, lambda: room):
        source.read()


def pixels_at(data: bytes) -> int:
    return data.rfind(PIXELS)


@pytest.mark.parametrize("name", LOSSLESS)
@pytest.mark.usefixtures("dcmtk")
def test_a_file_that_is_cut_anywhere_is_refused_and_never_padded(name: str, frames: Frames) -> None:
    data = file_bytes(tomography(frames[:2]), LOSSLESS[name])
    for share in (0.02, 0.2, 0.5, 0.9, 0.99):
        assert word_of(data[: int(len(data) * share)]) in {"truncated-dicom", "damaged-dicom"}
    assert word_of(data[:-9]) in {"truncated-dicom", "damaged-dicom"}


@pytest.mark.parametrize("name", ["explicit", "rle", "jpeg-ls", "jpeg-2000"])
@pytest.mark.parametrize("claimed", [1, 2, 4, 900])
def test_another_number_of_frames_than_there_are_is_refused(name: str, claimed: int, frames: Frames) -> None:
    dataset = secondary_capture(frames)
    data = file_bytes(dataset, LOSSLESS[name])
    dataset.NumberOfFrames = claimed
    head = _with_syntax(file_bytes(dataset), LOSSLESS[name])
    assert word_of(head + data[pixels_at(data) :]) == "frame-count"


def _with_syntax(data: bytes, syntax: str) -> bytes:
    """The header of an explicit file under another transfer syntax; the length of group 2 is not looked at."""
    old = struct.pack("<HH2sH", 2, 0x10, b"UI", 20) + b"1.2.840.10008.1.2.1\0"
    name = str(syntax).encode()
    name += b"\0" * (len(name) % 2)
    return data[: pixels_at(data)].replace(old, struct.pack("<HH2sH", 2, 0x10, b"UI", len(name)) + name)


def test_frames_that_are_not_described_are_refused(frames: Frames) -> None:
    dataset = tomography(frames)
    dataset.PerFrameFunctionalGroupsSequence = dataset.PerFrameFunctionalGroupsSequence[:2]
    assert word_of(file_bytes(dataset)) == "frame-count"


@pytest.mark.parametrize("claimed", [0, -3, 1001, 2**31 - 1])
def test_a_number_of_frames_that_no_exam_has_is_refused(claimed: int, frames: Frames) -> None:
    dataset = secondary_capture(frames)
    dataset.NumberOfFrames = claimed
    assert word_of(file_bytes(dataset)) == "frame-count"


@pytest.mark.parametrize("name", ["jpeg-ls", "jpeg-2000"])
def test_scrambled_pixels_have_a_word_of_their_own(name: str, frames: Frames) -> None:
    data = file_bytes(tomography(frames[:1]), LOSSLESS[name])
    hidden = data.replace(b"\xff\x4f\xff\x51", b"\x12\x34\x56\x78").replace(b"\xff\xd8\xff\xf7", b"\x12\x34\x56\x78")
    assert word_of(hidden) == "scrambled-pixels"


@pytest.mark.usefixtures("dcmtk")
@pytest.mark.parametrize("syntax", [LOSSLESS["jpeg-lossless"], LOSSY["jpeg-baseline"]])
def test_scrambled_jpeg_too(syntax: str, frames: Frames) -> None:
    data = file_bytes(tomography(frames[:1]), syntax)
    assert word_of(data.replace(b"\xff\xd8\xff\xe0", b"\0\0\0\0")) == "scrambled-pixels"


@pytest.mark.parametrize("name", ["jpeg-ls", "jpeg-2000", "jpeg-lossless", "rle", "jpeg-baseline"])
@pytest.mark.usefixtures("dcmtk")
def test_a_frame_of_another_size_than_the_file_says_is_refused(name: str, frames: Frames) -> None:
    data = file_bytes(tomography(frames[:1]), {**LOSSLESS, **LOSSY}[name])
    rows = struct.pack("<HH2sHH", 0x28, 0x10, b"US", 2, 365)
    assert data.count(rows) == 1
    assert word_of(data.replace(rows, rows[:-2] + struct.pack("<H", 300))) == "damaged-dicom"


def test_a_bomb_of_rle_is_refused_before_it_unpacks(frames: Frames) -> None:
    data = file_bytes(secondary_capture(frames[:1]), LOSSLESS["rle"])
    at = pixels_at(data) + 12
    runs = struct.pack("<16L", 1, 64, *[0] * 14) + b"\x81\x00" * 100_000  # 12.8 million bytes for 157 thousand pixels
    item = struct.pack("<HHL", 0xFFFE, 0xE000, 0) + struct.pack("<HHL", 0xFFFE, 0xE000, len(runs)) + runs
    assert word_of(data[:at] + item + DELIMITER) == "damaged-dicom"


def test_a_file_that_inflates_to_too_much_is_refused(frames: Frames, monkeypatch: pytest.MonkeyPatch) -> None:
    data = file_bytes(tomography(frames), LOSSLESS["deflated"])
    assert word_of(data, room=100_000) == "memory-cap"
    monkeypatch.setattr(opening, "MAX_DICOM_BYTES", len(data) + 1000)
    assert word_of(data) == "file-too-large"


def test_what_does_not_inflate_is_refused(frames: Frames) -> None:
    data = file_bytes(tomography(frames), LOSSLESS["deflated"])
    assert word_of(data[:-2000] + bytes(2000)) in {"damaged-dicom", "truncated-dicom"}


def test_a_frame_that_does_not_fit_into_memory_is_refused(frames: Frames) -> None:
    data = file_bytes(tomography(frames))
    assert word_of(data, room=300_000) == "memory-cap"
    with pytest.raises(ResourceError):
        decode_scan(file_bytes(tomography(frames[:1])), "scan.dcm", 300_000)


def test_too_many_pixels_are_refused_before_they_are_read(frames: Frames) -> None:
    dataset = tomography(frames[:1])
    dataset.Rows, dataset.Columns = 60_000, 60_000
    assert word_of(file_bytes(dataset)) == "too-many-pixels"


@pytest.mark.parametrize("depth", [100, 5000])
def test_deep_sequences_are_refused_or_passed_over(depth: int, frames: Frames) -> None:
    data = file_bytes(secondary_capture(frames[:1]))
    one = struct.pack("<HH2sHL", 0x0040, 0xA730, b"SQ", 0, 0xFFFFFFFF) + struct.pack("<HHL", 0xFFFE, 0xE000, 0xFFFFFFFF)
    end = struct.pack("<HHL", 0xFFFE, 0xE00D, 0) + DELIMITER
    data = data[: pixels_at(data)] + one * depth + end * depth + data[pixels_at(data) :]
    if depth == 100:
        assert np.array_equal(decode_scan(data, "scan.dcm").pixels, frames[0])
    else:
        assert word_of(data) == "damaged-dicom"


def test_endless_elements_are_refused(frames: Frames) -> None:
    data = file_bytes(secondary_capture(frames[:1]))
    some = struct.pack("<HH2sH", 0x4001, 0x0010, b"LO", 0) * (library.MAX_HEADER_READS + 1)
    assert word_of(data[: pixels_at(data)] + some + data[pixels_at(data) :]) == "dicom-header"


def test_a_long_private_element_is_passed_over(frames: Frames) -> None:
    dataset = secondary_capture(frames[:1])
    dataset.private_block(0x0009, "edge-cataract tests", create=True).add_new(
        1, "OB", bytes(3 * library.MAX_HEADER_BYTES)
    )
    assert np.array_equal(decode_scan(file_bytes(dataset), "scan.dcm").pixels, frames[0])


@pytest.mark.parametrize(
    "preamble", [b"\x89PNG\r\n\x1a\n", b"II*\0\x08\0\0\0", b"\xff\xd8\xff\xe0", b"BM", b"MZ", b"%PDF"]
)
def test_the_mark_decides_whatever_comes_before_it(preamble: bytes, frames: Frames, tmp_path: Path) -> None:
    data = file_bytes(secondary_capture(frames[:1]))
    path = tmp_path / "scan.png"
    path.write_bytes(preamble.ljust(128, b"\0") + data[128:])
    assert np.array_equal(read_scan(path).pixels, frames[0])
    assert len(sources_of(path)) == 1


@pytest.mark.parametrize("syntax", ["1.2.840.10008.1.2.4.100", "1.2.840.10008.1.2.1.98", "1.2.3"])
def test_other_packing_is_refused(syntax: str, frames: Frames) -> None:
    data = file_bytes(secondary_capture(frames[:1]))
    assert word_of(_with_syntax(data, syntax) + data[pixels_at(data) :]) == "unsupported-compression"


def test_a_file_without_a_transfer_syntax_is_refused(frames: Frames) -> None:
    data = file_bytes(secondary_capture(frames[:1]))
    at = data.find(struct.pack("<HH2s", 2, 0x10, b"UI"))
    assert word_of(data[:at] + data[at + 28 :]) == "damaged-dicom"


@pytest.mark.parametrize(
    "sop_class", [uid.CTImageStorage, uid.ComprehensiveSRStorage, uid.MediaStorageDirectoryStorage, "1.2.3"]
)
def test_other_classes_are_refused_and_named(sop_class: str, frames: Frames) -> None:
    dataset = secondary_capture(frames[:1])
    dataset.SOPClassUID = sop_class
    with pytest.raises(ScanError) as caught:
        sources_of(file_bytes(dataset))
    assert (caught.value.word, "1.2.3" in caught.value.found) == ("dicom-class", False)
    assert uid.UID(sop_class).name in caught.value.found or sop_class == "1.2.3"


def test_a_file_without_pixels_is_refused(frames: Frames) -> None:
    dataset = secondary_capture(frames[:1])
    del dataset.PixelData
    assert word_of(file_bytes(dataset)) == "truncated-dicom"


def test_floating_point_pixels_are_refused(frames: Frames) -> None:
    dataset = secondary_capture(frames[:1])
    del dataset.PixelData
    dataset.FloatPixelData = bytes(4 * 365 * 430)
    assert word_of(file_bytes(dataset)) == "float-image"


@pytest.mark.parametrize("missing", ["Rows", "Columns", "SamplesPerPixel", "BitsAllocated"])
def test_a_file_that_does_not_say_its_size_is_refused(missing: str, frames: Frames) -> None:
    dataset = secondary_capture(frames[:1])
    delattr(dataset, missing)
    assert word_of(file_bytes(dataset)) == "damaged-dicom"


def test_several_frames_are_no_single_scan(frames: Frames) -> None:
    with pytest.raises(ScanError) as caught:
        decode_scan(file_bytes(tomography(frames)), "scan.dcm")
    assert (caught.value.word, "exam" in caught.value.remedy) == ("multi-frame", True)


def test_a_file_that_changed_between_its_header_and_its_frames_is_refused(frames: Frames, tmp_path: Path) -> None:
    path = tmp_path / "scan.dcm"
    path.write_bytes(file_bytes(tomography(frames)))
    sources = sources_of(path)
    path.write_bytes(file_bytes(secondary_capture(frames)))
    with pytest.raises(ScanError) as caught:
        sources[0].read()
    assert caught.value.word == "damaged-dicom"


def test_a_decoder_that_is_not_there_is_named(frames: Frames, monkeypatch: pytest.MonkeyPatch) -> None:
    data = file_bytes(tomography(frames), LOSSLESS["jpeg-ls"])
    known = syntaxes.Syntax(LOSSLESS["jpeg-ls"], syntaxes.Packing.JPEG_LS, plugin="nowhere")
    monkeypatch.setitem(syntaxes.SYNTAXES, str(LOSSLESS["jpeg-ls"]), known)
    with pytest.raises(MissingExtraError) as caught:
        sources_of(data)[0].read()
    assert (caught.value.word, "edge-cataract[dicom]" in caught.value.remedy) == ("dicom-not-installed", True)


@pytest.mark.usefixtures("dcmtk")
@pytest.mark.parametrize("stored", [8, 12])
def test_no_header_of_jpeg_lossless_reaches_a_decoder_that_it_could_end(stored: int, frames: Frames) -> None:
    """Each byte of the header in turn becomes another: read exactly, or refused. GDCM alone ended the process."""
    frame = np.ascontiguousarray(frames[0][:46, :54]).astype(np.uint8 if stored == 8 else np.uint16)
    dataset = tomography([frame << (stored - 8)])
    dataset.BitsStored, dataset.HighBit = stored, stored - 1
    data = file_bytes(dataset, LOSSLESS["jpeg-lossless-sv1"])
    start = data.find(b"\xff\xd8\xff", pixels_at(data))
    first = data.find(b"\xff\xda", start) + 10
    words = set()
    for place in range(start, first):
        for other in (0x00, 0x01, 0x7F, 0xFF):
            try:
                decode_scan(data[:place] + bytes([other]) + data[place + 1 :], "scan.dcm")
            except ScanError as error:
                words.add(error.word)
    decoded = {"truncated-jpeg", "damaged-jpeg", "brighter-than-white", "constant-image"}
    assert {"damaged-dicom", "scrambled-pixels"} <= words <= {"damaged-dicom", "scrambled-pixels", *decoded}


def test_nothing_of_another_kind_is_taken_for_dicom(tmp_path: Path) -> None:
    assert len(sources_of(tmp_path / "nowhere.dcm")) == 1  # its reading says that it is missing
    assert len(sources_of(tmp_path)) == 1
    assert len(sources_of(b"DICM")) == 1


def test_an_item_of_undefined_length_in_pixels_is_refused(frames: Frames) -> None:
    data = file_bytes(secondary_capture(frames[:1]), LOSSLESS["rle"])
    at = pixels_at(data) + 12
    assert word_of(data[:at] + struct.pack("<HHL", 0xFFFE, 0xE000, 0xFFFFFFFF) + data[at + 8 :]) == "truncated-dicom"
    assert word_of(data[:at] + struct.pack("<HHL", 0x1234, 0xE000, 0) + data[at + 8 :]) == "damaged-dicom"
    assert word_of(data[:at] + DELIMITER) == "damaged-dicom"


def test_native_pixels_under_a_packed_syntax_are_refused(frames: Frames) -> None:
    data = file_bytes(secondary_capture(frames[:1]))
    assert word_of(_with_syntax(data, LOSSLESS["rle"]) + data[pixels_at(data) :]) == "damaged-dicom"


def test_a_tile_for_every_pixel_is_refused(frames: Frames) -> None:
    data = bytearray(file_bytes(tomography(frames[:1]), LOSSLESS["jpeg-2000"]))
    at = data.find(b"\xff\x4f\xff\x51", pixels_at(bytes(data)))
    data[at + 24 : at + 32] = struct.pack(">LL", 1, 1)
    assert word_of(bytes(data)) == "damaged-dicom"


def test_an_empty_dataset_is_refused() -> None:
    dataset = Dataset()
    dataset.SOPClassUID, dataset.SOPInstanceUID = uid.SecondaryCaptureImageStorage, "1.2.3"
    assert word_of(file_bytes(dataset)) == "truncated-dicom"


def _with_frame(dataset: Dataset, syntax: str, frame: bytes) -> bytes:
    """A file whose only frame is these bytes."""
    element = struct.pack("<HH2sHL", 0x7FE0, 0x0010, b"OB", 0, 0xFFFFFFFF)
    return _with_syntax(file_bytes(dataset), syntax) + element + encapsulate([frame]) + DELIMITER


@pytest.mark.parametrize("share", [0.3, 0.6, 0.95])
@pytest.mark.parametrize("name", ["jpeg-2000", "jpeg-ls", "rle"])
def test_a_frame_that_is_cut_inside_a_whole_file_is_refused(name: str, share: float, frames: Frames) -> None:
    dataset = secondary_capture(frames[:1])
    (whole,) = encoded_frames(dataset, LOSSLESS[name])
    assert np.array_equal(decode_scan(_with_frame(dataset, LOSSLESS[name], whole), "a").pixels, frames[0])
    cut = whole[: int(len(whole) * share) // 2 * 2]
    assert word_of(_with_frame(dataset, LOSSLESS[name], cut)) in {"truncated-dicom", "damaged-dicom"}


def test_a_header_of_jpeg_2000_without_an_end_is_refused(frames: Frames) -> None:
    dataset = secondary_capture(frames[:1])
    (whole,) = encoded_frames(dataset, LOSSLESS["jpeg-2000"])
    for spoilt in (whole[:60], whole.replace(b"\xff\x90", b"\xff\x91"), whole.replace(b"\xff\x52", b"\x00\x52", 1)):
        assert word_of(_with_frame(dataset, LOSSLESS["jpeg-2000"], spoilt)) == "damaged-dicom"
    layers = whole.find(b"\xff\x52") + 6
    many = whole[:layers] + b"\xff\xff" + whole[layers + 2 :]
    assert word_of(_with_frame(dataset, LOSSLESS["jpeg-2000"], many)) == "damaged-dicom"


@pytest.mark.usefixtures("dcmtk")
def test_damage_of_which_gdcm_tells_on_standard_error_alone_is_heard(
    frames: Frames, capfd: pytest.CaptureFixture[str]
) -> None:
    dataset = tomography([frames[0].astype(np.uint16) * 16])
    dataset.BitsStored, dataset.HighBit = 12, 11
    data = file_bytes(dataset, LOSSLESS["jpeg-lossless"])
    middle = (pixels_at(data) + len(data)) // 2
    assert word_of(data[:middle] + bytes(60) + data[middle + 60 :]) == "damaged-dicom"
    assert capfd.readouterr().err == ""


def test_a_frame_of_rle_that_takes_long_to_unpack_is_refused_before() -> None:
    layout = cast("Layout", SimpleNamespace(samples=1, allocated=16, rows=4000, columns=2001))
    header = struct.pack("<16L", 2, 64, 70, *[0] * 13)
    with pytest.raises(ScanError) as refused:
        checked_codestream(header + b"\0" * 20, Packing.RLE, layout)
    assert refused.value.word == "too-many-pixels"
