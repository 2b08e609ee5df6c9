from __future__ import annotations

import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge_runtime.frame import brightness
from edge_runtime.frame.brightness import Brightness, find_reference_levels, referenced_grey
from edge_runtime.frame.profiles import PROFILES
from edge_runtime.frame.resample import block_sum, coarse_grey, native_frame
from edge_runtime.reading.raster import read_scan
from tests.train.synthetic import COLUMNS, ROWS, make_dataset, scan_and_labels, write_png
from train.data import frames as frames_module
from train.data.dataset import read_dataset
from train.data.frames import labels_on_grid, lens_box, native_labels, prepare, sources_sha256
from train.phantom.eye.plan import EyePlan
from train.phantom.imaging.plan import EXPORT_COLUMNS, EXPORT_ROWS, Geometry, ScanPlan
from train.phantom.render import simulate


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_dataset(tmp_path_factory.mktemp("data") / "dataset", patients=2)


@pytest.fixture
def folder(original: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(original, tmp_path / "dataset", ignore=shutil.ignore_patterns("cache")))


def test_block_sums_repeat_the_last_row_and_column() -> None:
    frame = np.array([[1, 2, 3], [4, 5, 6], [7, 8, 9]], np.uint8)
    assert block_sum(frame, 2).tolist() == [[12, 18], [30, 36]]
    assert block_sum(np.full((16, 16), 255, np.uint8), 16).tolist() == [[65280]]


def test_labels_on_the_grid_follow_the_majority_of_lens_then_of_kind() -> None:
    blocks = [
        ([0, 0, 1, 2], 0),  # half a lens is none
        ([0, 1, 2, 2], 2),
        ([0, 1, 1, 2], 1),
        ([1, 1, 2, 2], 2),
        ([0, 0, 0, 2], 0),
    ]
    for pixels, expected in blocks:
        assert labels_on_grid(np.array(pixels, np.uint8).reshape(2, 2), 2).tolist() == [[expected]]


def test_labels_of_a_coarser_scan_take_the_nearest_pixel() -> None:
    labels = np.array([[0, 1], [2, 0]], np.uint8)
    assert native_labels(labels, (4, 4)).tolist() == np.repeat(np.repeat(labels, 2, 0), 2, 1).tolist()


def test_prepared_frames_are_the_block_means_of_the_native_frame(folder: Path) -> None:
    frames = prepare(read_dataset(folder), 4, "truth_labels")
    grey, labels = frames.frame(2)
    image, truth = scan_and_labels(False, np.random.default_rng(0))
    assert image.shape == truth.shape
    stored = cv2.imdecode(np.fromfile(folder / "images/P1_OD_0.png", np.uint8), cv2.IMREAD_UNCHANGED)
    exact = cv2.INTER_LINEAR_EXACT
    native = cv2.resize(cv2.resize(stored, (538, 1824), interpolation=exact), (2150, 1824), interpolation=exact)
    padded = np.pad(native, ((0, 0), (0, 2)), mode="edge").reshape(456, 4, 538, 4).mean(axis=(1, 3)) / 255
    np.testing.assert_allclose(grey, padded, atol=1.01 / 255)  # the two ways of enlarging round once more
    assert set(np.unique(labels)) == {0, 1, 2}
    assert frames.scans[2].lens_box == lens_box(labels)


def test_masks_and_truth_are_different_targets(folder: Path) -> None:
    dataset = read_dataset(folder)
    assert set(np.unique(prepare(dataset, 16, "mask").frame(2)[1])) == {0, 2}
    assert set(np.unique(prepare(dataset, 16, "truth_labels").frame(2)[1])) == {0, 1, 2}


def test_the_cache_is_used_again_and_renewed_when_a_file_changes(folder: Path) -> None:
    dataset = read_dataset(folder)
    counted: list[int] = []
    first = prepare(dataset, 16, "mask", report=lambda done, total: counted.append(total))
    again = prepare(dataset, 16, "mask", report=lambda done, total: counted.append(total))
    assert counted == [4] * 4
    assert first.sha256 == again.sha256
    image, labels = scan_and_labels(True, np.random.default_rng(99))
    write_png(folder / "images/P1_OD_0.png", image)
    write_png(folder / "masks/P1_OD_0.png", np.where(labels > 0, 2, 0).astype(np.uint8))
    changed = prepare(read_dataset(folder), 16, "mask")
    assert changed.sha256 != first.sha256


@pytest.mark.parametrize("changed", ["excess", "type", "mask"])
def test_evidence_is_prepared_anew_when_a_file_that_it_is_from_changes(folder: Path, changed: str) -> None:
    """Image, table and labels stay as they are, so that the evidence alone makes the difference."""
    table = folder / "scans.csv"
    first, *rows = table.read_text().splitlines()
    names = [row.split(",")[0] for row in rows]
    named = [f"{row},truth/{name}_excess.png,truth/{name}_type.png" for row, name in zip(rows, names, strict=True)]
    table.write_text("\n".join([f"{first},truth_excess,truth_type", *named]) + "\n")
    for name in names:
        for kind, code in (("excess", 72), ("type", 1)):
            write_png(folder / f"truth/{name}_{kind}.png", np.full((ROWS, COLUMNS), code, np.uint8))
    before = prepare(read_dataset(folder), 16, "truth_labels", evidence_grid=16)
    without = prepare(read_dataset(folder), 16, "truth_labels")
    path = folder / ("masks/P1_OD_0.png" if changed == "mask" else f"truth/P1_OD_0_{changed}.png")
    codes = cv2.imdecode(np.fromfile(path, np.uint8), cv2.IMREAD_UNCHANGED)
    codes[:] = np.roll(codes, 40, axis=0) if changed == "mask" else 3
    write_png(path, codes)
    after = prepare(read_dataset(folder), 16, "truth_labels", evidence_grid=16)
    assert before.evidence is not None
    assert after.evidence is not None
    layer = ["excess", "type", "mask"].index(changed)
    assert [bool((a != b).any()) for a, b in zip(before.evidence[2], after.evidence[2], strict=True)] == [
        place == layer for place in range(3)
    ]
    assert after.sha256 != before.sha256
    # What a network without evidence learns from is the same.
    assert prepare(read_dataset(folder), 16, "truth_labels").sha256 == without.sha256 != before.sha256


def test_frames_are_prepared_anew_when_the_preparation_changes(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    dataset = read_dataset(folder)
    counted: list[int] = []
    prepare(dataset, 16, "mask", report=lambda done, total: counted.append(total))
    monkeypatch.setattr(frames_module, "preparation_sha256", lambda: "of another scale of brightness")
    prepare(dataset, 16, "mask", report=lambda done, total: counted.append(total))
    assert counted == [4] * 8


def test_a_changed_scale_of_brightness_changes_the_preparation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The scale is changed in a copy of the room that prepares frames."""
    before = frames_module.preparation_sha256()
    assert before == frames_module.preparation_sha256()
    source = Path(brightness.__file__)
    copied = Path(shutil.copytree(source.parent, tmp_path / "frame"))
    monkeypatch.setattr(frames_module.edge_runtime.frame, "__path__", [str(copied)])
    assert frames_module.preparation_sha256() == before
    text = source.read_text()
    constant = "NOMINAL_LEVELS = "
    assert text.count(constant) == 1
    (copied / source.name).write_text(text.replace(constant, "NOMINAL_LEVELS = OTHER_LEVELS = "))
    assert frames_module.preparation_sha256() != before


def test_another_version_of_a_library_changes_the_preparation(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("x = 1\n")
    digests = {sources_sha256([tmp_path], (version, "2.0")) for version in ("4.10", "4.11")}
    assert len(digests) == 2
    assert sources_sha256([tmp_path / "a.py"], ("4.10", "2.0")) in digests


def test_a_scan_without_a_lens_has_no_box(folder: Path) -> None:
    write_png(folder / "masks/P0_OD_0.png", np.zeros((456, 538), np.uint8))
    table = folder / "scans.csv"
    first, row, rest = table.read_text().split("\n", 2)
    table.write_text("\n".join([first, row.replace(",clear,", ",,"), rest]))
    assert prepare(read_dataset(folder), 16, "mask").scans[0].lens_box is None


def test_training_sees_the_brightness_that_the_runtime_shows(tmp_path: Path) -> None:
    """A frame prepared as "referenced" is the block mean of the runtime's own regraded frame."""
    scan = simulate(
        EyePlan("test", "brightness", "OD", 60.0, cataract=True, dilated=True),
        ScanPlan(1, 0.0, Geometry.OPTICAL, EXPORT_ROWS, EXPORT_COLUMNS),
    )
    (tmp_path / "images").mkdir()
    write_png(tmp_path / "images/a.png", scan.picture)
    write_png(tmp_path / "images/mask.png", scan.truth.mask)
    (tmp_path / "patients.csv").write_text("patient_id,age_years,sex\nP,60,F\n")
    (tmp_path / "scans.csv").write_text(
        "scan_id,patient_id,eye,exam,group,meridian_deg,image,mask,bcva_logmar,profile\n"
        "a,P,OD,1,cataract,0,images/a.png,images/mask.png,0.3,anterion\n"
    )
    frames = {kind: prepare(read_dataset(tmp_path), 8, "mask", kind).frame(0)[0] for kind in Brightness}
    native = native_frame(read_scan(tmp_path / "images/a.png"), PROFILES["anterion"])
    levels = find_reference_levels(native, coarse_grey(native))
    assert levels is not None
    for kind, seen in (
        (Brightness.AS_SHOWN, native),
        (Brightness.REFERENCED, cv2.LUT(native, referenced_grey(levels))),
    ):
        np.testing.assert_array_equal(frames[kind], block_sum(seen, 8).astype(np.float32) / np.float32(64 * 255))
    assert np.abs(frames[Brightness.REFERENCED] - frames[Brightness.AS_SHOWN]).max() > 0.05
