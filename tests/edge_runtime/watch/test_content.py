"""What a file holds: a part of a file never passes for the whole."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import numpy as np
import pytest

from benchmarks.robustness.batch_scans import dicom_of
from edge_runtime.errors import out_of_memory
from edge_runtime.report.png import PictureMark, encode_png
from edge_runtime.scan import Laterality
from edge_runtime.watch import content as content_module
from edge_runtime.watch.content import UNREADABLE, Content, is_unfinished, read_content
from tests.edge_runtime.pictures import encoded, speckled_frame

FRAME = speckled_frame()
SCANS = {
    ".png": encoded(".png", FRAME),
    ".jpg": encoded(".jpg", FRAME),
    ".tif": encoded(".tif", FRAME),
    ".bmp": encoded(".bmp", FRAME),
    ".dcm": dicom_of(FRAME, Laterality.OD),
}


def content(path: Path, data: bytes) -> Content:
    path.write_bytes(data)
    return read_content(str(path), path.name)


@pytest.mark.parametrize("ending", SCANS)
def test_a_whole_scan_is_whole(ending: str, tmp_path: Path) -> None:
    data = SCANS[ending]
    assert content(tmp_path / f"a{ending}", data) == Content(hashlib.sha256(data).hexdigest(), 1, whole=True)


@pytest.mark.parametrize("ending", SCANS)
def test_no_part_of_a_scan_is_whole(ending: str, tmp_path: Path) -> None:
    """Wherever the writer stands: at the beginning, anywhere in the middle, a byte before the end."""
    data = SCANS[ending]
    places = {*np.linspace(0, len(data) - 1, 60).astype(int).tolist(), 1, 131, 200, len(data) - 2}
    parts = {place: content(tmp_path / f"a{ending}", data[:place]) for place in places}
    assert [place for place, found in parts.items() if found.whole] == []
    assert {found.sha256 for found in parts.values()} == {
        hashlib.sha256(data[:place]).hexdigest() for place in places
    }  # fmt: skip


@pytest.mark.parametrize("ending", SCANS)
def test_a_scan_whose_size_was_set_first_is_not_whole_before_its_end_has_come(ending: str, tmp_path: Path) -> None:
    data = SCANS[ending]
    for place in np.linspace(0, len(data) - 300, 20).astype(int).tolist():
        assert not content(tmp_path / f"a{ending}", data[:place] + bytes(len(data) - place)).whole, place


def test_of_a_file_that_is_refused_nobody_knows_whether_it_is_whole(tmp_path: Path) -> None:
    """A part of a BMP has a part of a palette, and is refused as a picture with a palette of its own."""
    assert not content(tmp_path / "a.png", encoded(".png", np.dstack([FRAME] * 4))).whole
    assert not content(tmp_path / "b.png", b"no picture").whole


def test_frames_of_a_file_are_counted(tmp_path: Path) -> None:
    from tests.dicom_files import file_bytes, tomography

    dataset = tomography([FRAME, FRAME + 1, FRAME + 2])
    assert content(tmp_path / "a.dcm", file_bytes(dataset)).scans == 3


def test_dicom_is_known_by_its_mark_and_other_files_without_an_ending_are_no_scans(tmp_path: Path) -> None:
    assert content(tmp_path / "IM0001", SCANS[".dcm"]).scans == 1
    assert content(tmp_path / "1.2.3.4", SCANS[".dcm"]).scans == 1
    assert content(tmp_path / "README", b"text").scans == 0
    assert content(tmp_path / "PNG", SCANS[".png"]).scans == 0


def test_own_pictures_and_results_are_no_scans(tmp_path: Path) -> None:
    assert content(tmp_path / "a.overlay.png", encode_png(FRAME, PictureMark("overlay", "0" * 64, None))).scans == 0
    assert content(tmp_path / "exam-OD.sr.dcm", SCANS[".dcm"]).scans == 0


def test_a_file_that_cannot_be_read_is_neither_whole_nor_known(tmp_path: Path) -> None:
    missing = read_content(str(tmp_path / "a.png"), "a.png")
    assert missing == Content(UNREADABLE, 1, whole=False)
    assert not missing.readable
    assert read_content(str(tmp_path / "README"), "README").scans == 0
    os.mkfifo(tmp_path / "pipe.png")
    assert not read_content(str(tmp_path / "pipe.png"), "pipe.png").readable


def test_files_over_the_limit_are_hashed_in_parts(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    with path.open("wb") as file:
        file.truncate((64 << 20) + 1)
    found = read_content(str(path), path.name)
    assert (found.whole, found.scans, found.readable) == (False, 1, True)


def test_a_file_that_no_scan_can_be_is_not_read_through(tmp_path: Path) -> None:
    """One of a terabyte would be read for an hour, and nothing else judged meanwhile."""
    path = tmp_path / "a.png"
    with path.open("wb") as file:
        file.truncate(1 << 40)
    assert read_content(str(path), path.name) == Content(UNREADABLE, 1, whole=False)


@pytest.mark.parametrize(
    "error", [MemoryError(), ImportError("broken", name="cv2"), RecursionError(), KeyError("x"), out_of_memory()]
)
def test_whatever_a_file_does_to_the_one_who_reads_it_is_left_to_the_process_that_judges(
    error: Exception, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def faulty(_: object) -> None:
        raise error

    monkeypatch.setattr(content_module, "read_header", faulty)
    found = content(tmp_path / "a.png", SCANS[".png"])
    assert (found.scans, found.whole, found.readable) == (1, False, True)


def test_words_of_unfinished_files() -> None:
    words = ("truncated-png", "damaged-dicom", "empty-file", "colour-image", "missing-file")
    assert [is_unfinished(word) for word in words] == [True, True, True, False, False]
