"""What may be replaced: only this program's own result for the same scan."""

from __future__ import annotations

import hashlib
import json
import os
import struct
import zlib
from collections.abc import Callable
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


def is_taken(target: Path, scan: Path, kind: str | None = None, *, overwrite: bool = False) -> bool:
    try:
        check_targets([Target(str(target), (str(scan),), kind)], [str(scan)], overwrite=overwrite)
    except UsageError as error:
        return error.word == "output-taken"
    return False


def test_a_result_of_the_same_scan_is_replaced(tmp_path: Path, scan: Path) -> None:
    document, overlay = tmp_path / "a.json", tmp_path / "a.overlay.png"
    document.write_bytes(document_of(sha256(scan)))
    overlay.write_bytes(encode_png(PICTURE, PictureMark("overlay", sha256(scan), None)))
    assert not is_taken(document, scan)
    assert not is_taken(overlay, scan)


@pytest.mark.parametrize(
    "content",
    [
        document_of("another scan"),
        lambda scan: document_of(scan, "of another scan of the eye"),
        encode_png(PICTURE, PictureMark("overlay", "another scan", None)),
        encode_png(PICTURE),
        b'{"version": "5.8.1", "shapes": []}',
        b"[1, 2]",
        b"notes",
        bytes(10),
    ],
)
def test_anything_else_is_kept_unless_overwriting_is_asked_for(
    content: bytes | Callable[[str], bytes], tmp_path: Path, scan: Path
) -> None:
    target = tmp_path / "a"
    target.write_bytes(content if isinstance(content, bytes) else content(sha256(scan)))
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


def test_a_picture_of_this_program_is_replaced_as_long_as_nobody_changed_it(tmp_path: Path, scan: Path) -> None:
    target = tmp_path / "a.png"
    written = encode_png(PICTURE, PictureMark("labels", sha256(scan), None))
    target.write_bytes(written)
    assert not is_taken(target, scan, "labels")
    edited = np.full_like(PICTURE, 2)
    mark = written[33 : 33 + 12 + int.from_bytes(written[33:37], "big")]
    other = encode_png(edited)
    target.write_bytes(other[:33] + mark + other[33:])
    mark_of_edited = picture_mark(target)
    assert mark_of_edited == picture_mark_of(written, tmp_path)
    assert is_taken(target, scan, "labels")
    assert not is_taken(target, scan, "labels", overwrite=True)


def picture_mark_of(content: bytes, folder: Path) -> PictureMark | None:
    (folder / "other.png").write_bytes(content)
    return picture_mark(folder / "other.png")


def test_a_picture_of_an_earlier_version_says_nothing_of_its_content(tmp_path: Path, scan: Path) -> None:
    said = {"picture": "labels", "scan_sha256": sha256(scan), "document_sha256": None}
    body = b"edge-cataract\x00" + json.dumps(said).encode()
    chunk = struct.pack(">I", len(body)) + b"tEXt" + body + struct.pack(">I", zlib.crc32(b"tEXt" + body))
    plain = encode_png(PICTURE)
    (tmp_path / "a.png").write_bytes(plain[:33] + chunk + plain[33:])
    assert not is_taken(tmp_path / "a.png", scan, "labels")
    assert is_taken(tmp_path / "a.png", scan, "overlay")


@pytest.mark.parametrize("kind", ["overlay", "document", "table", "report", "bundle"])
def test_a_result_of_another_kind_is_kept(kind: str, tmp_path: Path, scan: Path) -> None:
    (tmp_path / "a").write_bytes(encode_png(PICTURE, PictureMark("labels", sha256(scan), None)))
    assert is_taken(tmp_path / "a", scan, kind)


def test_the_picture_of_an_eye_is_about_all_of_its_scans(tmp_path: Path, scan: Path) -> None:
    mark = PictureMark("eye", sha256(scan), None, ("of another scan",))
    (tmp_path / "a.png").write_bytes(encode_png(PICTURE, mark))
    assert picture_mark(tmp_path / "a.png") == mark
    assert is_taken(tmp_path / "a.png", scan, "eye")


def test_a_scan_that_could_not_be_read_is_known_by_its_name(tmp_path: Path, scan: Path) -> None:
    entry = {"source": "scan.png", "sha256": None}
    for name, taken in (("scan.png", False), ("scan.png#2", False), ("other.png", True)):
        said = {"schema": "edge-cataract/result/1", "scans": [{**entry, "source": name}]}
        (tmp_path / "a.json").write_text(json.dumps(said))
        assert is_taken(tmp_path / "a.json", scan, "document") is taken
