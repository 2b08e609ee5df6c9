"""A new device is one entry of one table, or one TOML file: its frames are then known by their shape alone."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

import edge_runtime
from edge_runtime import CataractAnalyzer
from edge_runtime.frame.profiles import PROFILES, DeviceProfile, profile_for
from tests.edge_runtime.pictures import encoded, lens_frame

PACKAGE = Path(edge_runtime.__file__).parent
TABLE = Path("frame/device_profile.py")
NEW_DEVICE = DeviceProfile(
    name="new-device", columns=1600, rows=1000, width_mm=16.0, height_mm=10.0, export_shapes=((1000, 1600),)
)
ENTRY = """
        DeviceProfile(
            name="new-device", columns=1600, rows=1000, width_mm=16.0, height_mm=10.0, export_shapes=((1000, 1600),)
        ),
"""
FILE = """
name = "new-device"
columns = 1600
rows = 1000
width_mm = 16.0
height_mm = 10.0
export_shapes = [[1000, 1600]]
"""
CATARACT_SHARE = 0.2


def new_frame() -> NDArray[np.uint8]:
    """A lens of 5 x 5 mm, its upper fifth cataract, in 1000 x 1600 pixels of 10 um: no bundled device's shape."""
    return lens_frame(300, 800, 550, 1050, cataract_rows=100, shape=(1000, 1600))


def test_frame_of_the_new_device_is_unknown_before() -> None:
    with pytest.raises(edge_runtime.EdgeCataractError, match="unknown-frame"):
        profile_for(1000, 1600, 8)


def test_one_entry_of_the_table_makes_a_device_known_by_its_shape(
    analyzer: CataractAnalyzer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(PROFILES, NEW_DEVICE.name, NEW_DEVICE)
    result = analyzer.analyze_pixels(new_frame())
    assert result.profile == "new-device"
    assert result.cataract_fraction == pytest.approx(CATARACT_SHARE, abs=0.01)
    assert NEW_DEVICE.has_device_pixels((1000, 1600))


def test_one_entry_in_one_file_is_all_that_the_program_needs(tmp_path: Path, tiny_model: Path) -> None:
    """A copy of the package, with the entry added to the source of the table, analyses the new device's file."""
    copy = tmp_path / "edge_runtime"
    shutil.copytree(PACKAGE, copy, ignore=shutil.ignore_patterns("__pycache__", "*.onnx"))
    source = (copy / TABLE).read_text(encoding="utf-8")
    table = source.index("PROFILES: dict")
    end = source.index("\n    )\n}\n", table)
    (copy / TABLE).write_text(source[:end] + ENTRY.rstrip() + source[end:], encoding="utf-8")
    (tmp_path / "scan.png").write_bytes(encoded(".png", new_frame()))
    finished = subprocess.run(
        [sys.executable, "-m", "edge_runtime", "scan.png", "--json", "--model", tiny_model],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert finished.returncode == 0, finished.stderr.decode()
    (scan,) = json.loads(finished.stdout)["scans"]
    assert scan["profile"] == "new-device"
    assert scan["cataract_fraction"] == pytest.approx(CATARACT_SHARE, abs=0.01)


def test_a_file_makes_a_device_known_without_any_change(tiny_model: Path, tmp_path: Path) -> None:
    (tmp_path / "new.toml").write_text(FILE)
    result = CataractAnalyzer(tiny_model, profile=str(tmp_path / "new.toml")).analyze_pixels(new_frame())
    assert result.profile == "new-device"
    assert result.cataract_fraction == pytest.approx(CATARACT_SHARE, abs=0.01)


def test_export_shape_goes_before_the_aspect_ratio_of_an_earlier_entry(monkeypatch: pytest.MonkeyPatch) -> None:
    sibling = replace(PROFILES["anterion"], name="sibling", width_mm=11.0, export_shapes=((912, 1075),))
    monkeypatch.setitem(PROFILES, "sibling", sibling)
    assert profile_for(912, 1075, 8) is sibling
    assert profile_for(1824, 2150, 8).name == profile_for(1200, 1414, 8).name == "anterion"


def test_export_shape_of_another_depth_does_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = replace(PROFILES["anterion"], name="raw", depths=(16,), export_shapes=((912, 1075),))
    monkeypatch.setitem(PROFILES, "raw", raw)
    assert profile_for(912, 1075, 8).name == "anterion"
    assert profile_for(912, 1075, 16) is raw


def test_no_two_bundled_devices_export_the_same_frames() -> None:
    exported = Counter(
        (shape, depth) for profile in PROFILES.values() for shape in profile.export_shapes for depth in profile.depths
    )
    assert max(exported.values()) == 1
    for profile in PROFILES.values():
        assert profile.export_shapes
        assert all(profile.fits(*shape, depth) for shape in profile.export_shapes for depth in profile.depths)
