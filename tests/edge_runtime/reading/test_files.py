"""A scan is read from whatever the name leads to, and no descriptor stays open."""

from __future__ import annotations

import hashlib
import io
import os
import sys
from pathlib import Path

import pytest

from edge_runtime.errors import ResourceError, ScanMissingError
from edge_runtime.reading.raster import read_scan
from tests.edge_runtime.pictures import encoded, speckled_frame


def test_scan_names_its_file_and_the_hash_of_its_bytes(tmp_path: Path) -> None:
    data = encoded(".png", speckled_frame())
    (tmp_path / "OD_000.png").write_bytes(data)
    scan = read_scan(tmp_path / "OD_000.png")
    assert (scan.source, scan.sha256) == ("OD_000.png", hashlib.sha256(data).hexdigest())
    assert (scan.rows, scan.columns, scan.bits) == (365, 430, 8)


def test_suffix_does_not_matter(tmp_path: Path) -> None:
    (tmp_path / "scan").write_bytes(encoded(".bmp", speckled_frame()))
    assert read_scan(tmp_path / "scan").source == "scan"


def test_symbolic_link_is_followed(tmp_path: Path) -> None:
    (tmp_path / "scan.png").write_bytes(encoded(".png", speckled_frame()))
    (tmp_path / "link.png").symlink_to("scan.png")
    assert read_scan(tmp_path / "link.png").source == "link.png"


def test_standard_input_is_named_by_a_dash(monkeypatch: pytest.MonkeyPatch) -> None:
    data = encoded(".png", speckled_frame())
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))
    assert read_scan("-").source == "-"


def test_refusing_a_folder_leaves_no_descriptor_open(tmp_path: Path) -> None:
    before = os.listdir("/proc/self/fd")
    for _ in range(5):
        with pytest.raises(ScanMissingError, match="This is a folder"):
            read_scan(tmp_path)
    assert len(os.listdir("/proc/self/fd")) == len(before)


def test_name_with_a_null_byte_is_refused() -> None:
    with pytest.raises(ScanMissingError, match="unreadable-file"):
        read_scan("scan\0.png")


@pytest.mark.parametrize("number", [23, 24])
def test_running_out_of_descriptors_is_a_lack_of_resources(number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> int:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "open", fail)
    with pytest.raises(ResourceError, match="too-many-open-files"):
        read_scan("scan.png")
