"""Corrected label maps from PNG files: what is read, and what is refused by name."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from edge_runtime.errors import CorrectionError, ScanError, ScanMissingError
from edge_runtime.reading.corrections import read_label_map
from edge_runtime.report.png import PictureMark, encode_png
from tests.edge_runtime.pictures import encoded

LABELS = np.zeros((40, 60), np.uint8)
LABELS[10:30, 10:50] = 1
LABELS[10:20, 20:40] = 2


def saved(image: Image.Image, form: str = "PNG", **options: Any) -> bytes:
    """As another program saves it."""
    file = io.BytesIO()
    image.save(file, form, **options)
    return file.getvalue()


def word_of(data: bytes) -> str:
    with pytest.raises(CorrectionError) as caught:
        read_label_map(data)
    assert caught.value.exit_code == 65
    return caught.value.word


@pytest.mark.parametrize(
    "data",
    [
        encoded(".png", LABELS),
        encoded(".png", LABELS.astype(np.uint16)),
        encoded(".png", np.dstack([LABELS] * 3)),  # grey that was saved as colour
        saved(Image.fromarray(LABELS)),
    ],
)
def test_labels_are_read_as_they_were_painted(data: bytes) -> None:
    found = read_label_map(data)
    assert found.labels.dtype == np.uint8
    assert np.array_equal(found.labels, LABELS)
    assert not found.labels.flags.writeable
    assert found.scan_sha256 is None


def test_a_map_of_this_program_says_which_scan_it_is_of(tmp_path: Path) -> None:
    path = tmp_path / "scan.labels.png"
    path.write_bytes(encode_png(LABELS, PictureMark("labels", "a" * 64, None)))
    assert read_label_map(path).scan_sha256 == "a" * 64


@pytest.mark.parametrize("picture", ["overlay", "probability", "tissues", "eye"])
def test_another_picture_of_this_program_is_refused(picture: str) -> None:
    assert word_of(encode_png(LABELS, PictureMark(picture, "a" * 64, None))) == "labels-other-picture"


def softened() -> NDArray[np.uint8]:
    """Painted over with a brush of soft edges, in the grey levels that a label map looks best in."""
    soft = LABELS.astype(np.float64) * 127
    soft[1:] = (soft[1:] + soft[:-1]) / 2
    return soft.astype(np.uint8)


@pytest.mark.parametrize(
    ("data", "word"),
    [
        (encoded(".png", softened()), "labels-values"),
        (encoded(".png", np.full((9, 9), 3, np.uint8)), "labels-values"),
        (encoded(".png", np.zeros((40, 60), np.uint8)), "labels-empty"),
        (encoded(".png", np.dstack([LABELS, LABELS, LABELS * 2])), "labels-colour"),
        (saved(Image.fromarray(np.dstack([LABELS] * 3 + [LABELS + 255]).astype(np.uint8), "RGBA")), "labels-colour"),
        (saved(Image.fromarray(LABELS).convert("P")), "labels-colour"),
        (saved(Image.fromarray(LABELS > 0)), "labels-damaged"),  # one bit per pixel cannot tell clear from cataract
        (encoded(".png", LABELS)[:-20], "labels-damaged"),
        (encoded(".png", LABELS).replace(b"IDAT", b"IDAX"), "labels-damaged"),
        (encoded(".jpg", LABELS * 100), "labels-format"),
        (encoded(".tif", LABELS), "labels-format"),
        (b"labels", "labels-format"),
    ],
)
def test_what_is_no_label_map_is_refused_by_name(data: bytes, word: str) -> None:
    assert word_of(data) == word


def test_other_values_are_named_and_counted() -> None:
    labels = LABELS.copy()
    labels[0, :3] = (3, 128, 255)
    with pytest.raises(CorrectionError) as caught:
        read_label_map(encoded(".png", labels))
    assert "in 3 pixels: 3, 128, 255." in caught.value.found


def test_a_missing_or_empty_file_is_that(tmp_path: Path) -> None:
    with pytest.raises(ScanMissingError):
        read_label_map(tmp_path / "none.png")
    (tmp_path / "empty.png").touch()
    with pytest.raises(ScanError) as caught:
        read_label_map(tmp_path / "empty.png")
    assert (caught.value.word, caught.value.source) == ("empty-file", str(tmp_path / "empty.png"))
