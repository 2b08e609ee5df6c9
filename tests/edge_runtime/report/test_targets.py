"""What may be replaced: only this program's own result for the same scan."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

import numpy as np
import pytest

from edge_runtime.errors import UsageError
from edge_runtime.report.png import PictureMark, encode_png, picture_mark
from edge_runtime.report.targets import Target, check_targets

PICTURE = np.zeros((3, 4), np.uint8)


@pytest.fixture
def scan(tmp_path: Path) -> Path:
    path = tmp_path / "scan.png"
    path.write_bytes(b"the bytes of a scan")
    return path


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def document_of(*digests: str) -> bytes:
    return json.dumps({"schema": "edge-cataract/result/1", "scans": [{"sha256": one} for one in digests]}).encode()


def is_taken(target: Path, scan: Path, *, overwrite: bool = False) -> bool:
    try:
        check_targets([Target(str(target), (str(scan),))], [str(scan)], overwrite=overwrite)
    except UsageError as error:
        return error.word == "output-taken"
    return False


def test_a_result_of_the_same_scan_is_replaced(tmp_path: Path, scan: Path) -> None:
    document, overlay = tmp_path / "a.json", tmp_path / "a.overlay.png"
    document.write_bytes(document_of(sha256(scan), "of another scan of the eye"))
    overlay.write_bytes(encode_png(PICTURE, PictureMark("overlay", sha256(scan), None)))
    assert not is_taken(document, scan)
    assert not is_taken(overlay, scan)


@pytest.mark.parametrize(
    "content",
    [
        document_of("another scan"),
        encode_png(PICTURE, PictureMark("overlay", "another scan", None)),
        encode_png(PICTURE),
        b'{"version": "5.8.1", "shapes": []}',
        b"[1, 2]",
        b"notes",
        bytes(10),
    ],
)
def test_anything_else_is_kept_unless_overwriting_is_asked_for(content: bytes, tmp_path: Path, scan: Path) -> None:
    target = tmp_path / "a"
    target.write_bytes(content)
    assert is_taken(target, scan)
    assert not is_taken(target, scan, overwrite=True)


def test_an_empty_file_loses_nothing(tmp_path: Path, scan: Path) -> None:
    (tmp_path / "a").touch()
    assert not is_taken(tmp_path / "a", scan)


def test_an_input_is_never_replaced_by_any_of_its_names(tmp_path: Path, scan: Path) -> None:
    os.link(scan, tmp_path / "hard.png")
    (tmp_path / "soft.png").symlink_to(scan)
    for name in ("scan.png", "hard.png", "soft.png"):
        assert is_taken(tmp_path / name, scan, overwrite=True)


def test_a_picture_knows_its_scan_and_its_document(tmp_path: Path) -> None:
    mark = PictureMark("labels", "12ab", "34cd")
    (tmp_path / "a.png").write_bytes(encode_png(PICTURE, mark))
    assert picture_mark(tmp_path / "a.png") == mark
    (tmp_path / "b.png").write_bytes(encode_png(PICTURE))
    assert picture_mark(tmp_path / "b.png") is None
    assert picture_mark(tmp_path / "none.png") is None
