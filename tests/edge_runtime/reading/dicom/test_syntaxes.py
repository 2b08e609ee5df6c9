"""Every transfer syntax: the pixels of a file are those that were written, whatever it was packed with."""

from __future__ import annotations

import subprocess
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from pydicom import uid
from pydicom.dataset import Dataset

from edge_runtime.reading.inflating import PART_BYTES
from edge_runtime.reading.raster import decode_scan
from edge_runtime.reading.sources import sources_of
from tests.dicom_files import KNOWN_ERRORS, LOSSLESS, LOSSY, file_bytes, photograph, secondary_capture, tomography

PITCH_UM = (14000 / 365, 16500 / 430)
Frames = list[NDArray[Any]]


def of_depth(frames: Frames, stored: int) -> Frames:
    return frames if stored == 8 else [frame.astype(np.uint16) << (stored - 8) for frame in frames]


def read_all(data: bytes) -> Frames:
    return [source.read().pixels for source in sources_of(data)]


@pytest.mark.usefixtures("dcmtk")
@pytest.mark.parametrize("stored", [8, 12, 16])
@pytest.mark.parametrize("name", LOSSLESS)
def test_frames_come_back_as_they_were_written(name: str, stored: int, frames: Frames) -> None:
    written = of_depth(frames, stored)
    dataset = tomography(written, pitch_um=PITCH_UM)
    dataset.BitsStored, dataset.HighBit = stored, stored - 1
    found = [source.read() for source in sources_of(file_bytes(dataset, LOSSLESS[name]))]
    assert [np.array_equal(scan.pixels, frame) for scan, frame in zip(found, written, strict=True)] == [True] * 3
    assert {(scan.full_scale, scan.pixels.dtype, scan.notices) for scan in found} == {
        (2**stored - 1, written[0].dtype, ())
    }


@pytest.mark.usefixtures("dcmtk")
@pytest.mark.parametrize("name", LOSSLESS)
def test_a_photograph_and_a_secondary_capture_come_back_too(name: str, frames: Frames) -> None:
    for dataset in (photograph(frames[0]), photograph(frames[0].astype(np.uint16) * 257), secondary_capture(frames)):
        written = [np.frombuffer(dataset.PixelData, "<u2" if dataset.BitsAllocated == 16 else "u1")]
        found = read_all(file_bytes(dataset, LOSSLESS[name]))
        assert np.array_equal(
            np.concatenate([pixels.ravel() for pixels in found]), written[0][: 365 * 430 * len(found)]
        )


@pytest.mark.usefixtures("dcmtk")
@pytest.mark.parametrize(("name", "most"), [("jpeg-baseline", 40), ("jpeg-extended", 40), ("jpeg-ls-near", 2),
                                            ("jpeg-2000-lossy", 60)])  # fmt: skip
def test_a_lossy_file_is_read_and_says_so(name: str, most: int, frames: Frames) -> None:
    found = [source.read() for source in sources_of(file_bytes(tomography(frames), LOSSY[name]))]
    assert all(scan.notices == ("lossy-compression",) for scan in found)
    worst = max(int(np.abs(scan.pixels.astype(int) - frame).max()) for scan, frame in zip(found, frames, strict=True))
    assert 0 < worst <= most


def test_a_file_that_was_lossy_before_says_so(frames: Frames) -> None:
    dataset = secondary_capture(frames[:1])
    dataset.LossyImageCompression = "01"
    assert decode_scan(file_bytes(dataset), "scan.dcm").notices == ("lossy-compression",)


def test_jpeg_2000_of_the_syntax_for_both_is_lossless_when_the_file_says_so(frames: Frames) -> None:
    data = file_bytes(tomography(frames), uid.JPEG2000Lossless)
    both = data.replace(b"1.2.840.10008.1.2.4.90", b"1.2.840.10008.1.2.4.91")
    assert [source.read().notices for source in sources_of(both)] == [()] * 3


@pytest.mark.parametrize("name", ["jpeg-ls", "jpeg-2000"])
@pytest.mark.parametrize("fragments", [1, 2, 5])
def test_a_frame_may_be_in_several_fragments(name: str, fragments: int, frames: Frames) -> None:
    data = file_bytes(tomography(frames), LOSSLESS[name], fragments=fragments)
    assert all(map(np.array_equal, read_all(data), frames))


def test_fragments_without_a_table_are_told_by_what_they_begin_with(frames: Frames) -> None:
    data = bytearray(file_bytes(tomography(frames), LOSSLESS["jpeg-ls"], fragments=3))
    at = data.find(b"\xfe\xff\x00\xe0\x0c\x00\x00\x00", data.rfind(b"\xe0\x7f\x10\x00"))
    data[at + 4 : at + 8] = bytes(4)
    del data[at + 8 : at + 20]
    assert all(map(np.array_equal, read_all(bytes(data)), frames))


@pytest.mark.parametrize("side", [(91, 107), (90, 107)], ids=["odd", "even"])
def test_single_bytes_that_were_written_as_big_endian_words_are_turned_round(
    side: tuple[int, int], frames: Frames
) -> None:
    small = [np.ascontiguousarray(frame[: side[0], : side[1]]) for frame in frames]
    dataset = tomography(small)
    stored = bytes(dataset.PixelData)
    words = np.frombuffer(stored, np.uint8).reshape(-1, 2)[:, ::-1].tobytes()
    data = file_bytes(dataset, uid.ExplicitVRBigEndian)
    at = data.find(stored)
    data = data[: at - 12] + data[at - 12 : at].replace(b"OB", b"OW") + words + data[at + len(stored) :]
    assert all(map(np.array_equal, read_all(data), small))


def test_grey_as_three_equal_channels_is_accepted_and_colour_is_not(frames: Frames) -> None:
    grey = np.dstack([frames[0]] * 3)
    for name in ("explicit", "rle", "jpeg-2000"):
        assert np.array_equal(decode_scan(file_bytes(secondary_capture([grey]), LOSSLESS[name]), "a").pixels, frames[0])
    planes = secondary_capture([grey])
    planes.PixelData, planes.PlanarConfiguration = np.moveaxis(grey, 2, 0).tobytes(), 1
    assert np.array_equal(decode_scan(file_bytes(planes), "a").pixels, frames[0])


@pytest.mark.parametrize("name", LOSSLESS)
def test_the_files_of_these_tests_are_valid(
    name: str, frames: Frames, dcmtk: str, dciodvfy: str, tmp_path: Path
) -> None:
    """But for three known errors: one module of Ophthalmic Tomography demands what another forbids."""
    path = tmp_path / "scan.dcm"
    path.write_bytes(file_bytes(tomography(frames), LOSSLESS[name]))
    if name == "deflated":  # which dciodvfy cannot read
        subprocess.run(["dcmconv", "+te", path, path], check=True, capture_output=True)
    found = subprocess.run([dciodvfy, path], capture_output=True, check=False, text=True).stderr.splitlines()
    errors = [line for line in found if line.startswith("Error")]
    assert len(errors) == len(KNOWN_ERRORS)
    assert all(any(f"<{name}>" in line for line in errors) for name in KNOWN_ERRORS)


@pytest.mark.parametrize("make", [lambda frames: photograph(frames[0]), lambda frames: secondary_capture(frames[:1]),
                                  secondary_capture], ids=["photograph", "capture", "captures"])  # fmt: skip
def test_the_other_files_of_these_tests_are_valid(make: Any, frames: Frames, dciodvfy: str, tmp_path: Path) -> None:
    path = tmp_path / "scan.dcm"
    path.write_bytes(file_bytes(make(frames)))
    found = subprocess.run([dciodvfy, path], capture_output=True, check=False, text=True).stderr
    assert "Error" not in found


@pytest.mark.parametrize("more", [-2, 0, 2, 10, 50, 100, 258, 300])
def test_a_deflated_file_of_any_size_is_read(more: int, frames: Frames) -> None:
    """Inflated, it ends around the end of a part, in a repetition of which nothing is left in the file."""
    dataset = secondary_capture(frames[:1])
    plain = file_bytes(dataset, uid.ExplicitVRLittleEndian)[dataset_at(dataset, uid.ExplicitVRLittleEndian) :]
    padding = b"\xfc\xff\xfc\xffOB\0\0"  # an element after the pixels; its length and its value follow
    size = PART_BYTES + more - len(plain) - len(padding) - 4
    stream = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    packed = stream.compress(plain + padding + size.to_bytes(4, "little")) + stream.flush(zlib.Z_FULL_FLUSH)
    packed += stream.compress(bytes(size)) + stream.flush()
    deflated = uid.DeflatedExplicitVRLittleEndian
    (found,) = read_all(file_bytes(dataset, deflated)[: dataset_at(dataset, deflated)] + packed)
    assert np.array_equal(found, frames[0])


def dataset_at(dataset: Dataset, syntax: str) -> int:
    """Where the meta information of a file ends; its length stands in its first element."""
    return 144 + int.from_bytes(file_bytes(dataset, syntax)[140:144], "little")
