"""From a scan to a decision; with the tiny model every count can be worked out on paper."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

import edge_runtime
from edge_runtime import CataractAnalyzer, Decision, EdgeCataractError, Laterality, Limits, PixelPitch
from edge_runtime.errors import ScanError, UsageError
from edge_runtime.exam_checks import check_duplicates
from edge_runtime.frame.brightness import ReferenceLevels, find_reference_levels
from edge_runtime.frame.profiles import PROFILES
from edge_runtime.frame.window import CropWindow
from edge_runtime.measure.answer import Answer
from edge_runtime.measure.decision import OperatingPoint
from edge_runtime.measure.lens import LensPixels
from edge_runtime.reading.raster import read_scan
from edge_runtime.results import EyeResult, ScanResult
from tests.make_tiny_model import TinyModel, tiny_model_bytes

from .pictures import (
    CATARACT,
    CATARACT_FRACTION,
    CATARACT_PX,
    CLEAR,
    LENS_PX,
    empty_frame,
    encoded,
    lens_frame,
    png,
    tiff,
)

SAMPLES = Path(edge_runtime.__file__).parent / "samples"


def codes_of(result: ScanResult) -> list[str]:
    return [notice.code for notice in result.notices]


# --- counts ----------------------------------------------------------------------------------------------------------


def test_counts_are_those_of_the_painted_lens(analyzer: CataractAnalyzer) -> None:
    result = analyzer.analyze_pixels(lens_frame())
    assert result.pixels == LensPixels(LENS_PX, CATARACT_PX)
    assert result.cataract_fraction == CATARACT_FRACTION
    assert result.profile == "anterion"
    assert (result.maps.window, codes_of(result)) == (CropWindow(640, 525, 1100, 1100), [])


def test_counts_are_on_the_grid_of_the_model(tmp_path: Path) -> None:
    (tmp_path / "m.onnx").write_bytes(tiny_model_bytes(TinyModel(grid=2)))
    result = CataractAnalyzer(tmp_path / "m.onnx").analyze_pixels(lens_frame())
    assert result.pixels == LensPixels(4 * LENS_PX, 4 * CATARACT_PX)
    assert result.lens_density == pytest.approx((200 * CATARACT + 500 * CLEAR) / 700)
    assert np.count_nonzero(result.labels) == 700 * 700


@pytest.mark.parametrize(
    ("cataract_rows", "decision"), [(0, Decision.CLEAR), (96, Decision.CLEAR), (100, Decision.CATARACT)]
)
def test_threshold_of_the_model_divides_clear_from_cataract(
    cataract_rows: int, decision: Decision, analyzer: CataractAnalyzer
) -> None:
    assert analyzer.analyze_pixels(lens_frame(cataract_rows=cataract_rows)).decision is decision


def test_threshold_can_be_given(tiny_model: Path) -> None:
    strict = CataractAnalyzer(tiny_model, threshold=0.9)
    assert strict.point == OperatingPoint(0.9, 0.02)
    assert strict.analyze_pixels(lens_frame()).decision is Decision.CLEAR


def test_a_threshold_that_is_given_moves_the_decision_and_not_the_answer() -> None:
    scan = CataractAnalyzer().analyze(SAMPLES / "simulated-cataract.png")
    eyes = [CataractAnalyzer(threshold=threshold).as_eye([scan] * 3) for threshold in (0.01, scan.cataract_fraction, 1)]
    assert [eye.decision for eye in eyes] == [Decision.CATARACT, Decision.CATARACT, Decision.CLEAR]
    assert [eye.borderline for eye in eyes] == [False, True, False]
    assert {(eye.answer, eye.findings.conclusion.reasons) for eye in eyes} == {(Answer.REFER, ("cataract-fraction",))}


@pytest.mark.parametrize("threshold", [-0.1, 1.1, float("nan")])
def test_threshold_out_of_range_is_refused(threshold: float, tiny_model: Path) -> None:
    with pytest.raises(EdgeCataractError, match=r"A threshold in \[0, 1\] was expected") as caught:
        CataractAnalyzer(tiny_model, threshold=threshold)
    assert caught.value.exit_code == 2


@pytest.mark.parametrize("limits", [{"threads": 0}, {"threads": -2}, {"threads": 9999999}, {"max_memory_mb": 0}])
def test_limits_that_make_no_sense_are_refused(limits: dict[str, int]) -> None:
    with pytest.raises(EdgeCataractError, match="from 1 to"):
        Limits(**limits)


def test_guard_band_of_the_model_is_kept(tmp_path: Path) -> None:
    (tmp_path / "m.onnx").write_bytes(tiny_model_bytes(TinyModel(guard_band=0.2)))
    result = CataractAnalyzer(tmp_path / "m.onnx").analyze_pixels(lens_frame())
    assert result.judgement.borderline


@pytest.mark.parametrize("shape", [(1459, 1713), (912, 1075)])
def test_smaller_export_of_the_same_frame_has_the_same_fraction(
    shape: tuple[int, int], analyzer: CataractAnalyzer
) -> None:
    smaller = cv2.resize(lens_frame(), (shape[1], shape[0]), interpolation=cv2.INTER_AREA)
    result = analyzer.analyze_pixels(smaller)
    assert result.cataract_fraction == pytest.approx(CATARACT_FRACTION, abs=0.01)
    assert result.pixels.lens == pytest.approx(LENS_PX, rel=0.02)
    assert result.labels.shape == shape


def test_raw_frame_with_pixels_that_are_not_square_has_the_same_fraction(analyzer: CataractAnalyzer) -> None:
    small = cv2.resize(lens_frame(), (768, 1519), interpolation=cv2.INTER_AREA).astype(np.float64)
    raw = np.rint((small / 255 * 0.91 + 0.2) * 65535).astype(np.uint16)
    result = analyzer.analyze_pixels(raw)
    assert result.profile == "anterion-raw"
    assert result.cataract_fraction == pytest.approx(CATARACT_FRACTION, abs=0.01)
    assert (result.maps.frame_shape, result.labels.shape) == ((1762, 2150), (1519, 768))


def twelve_bits() -> NDArray[np.uint16]:
    """The usual frame in 12 of 16 bits, with a white pixel; it is `lens_frame` again when 12 bits are declared."""
    frame: NDArray[np.uint16] = np.rint(lens_frame() * (4095 / 255)).astype(np.uint16)
    return frame


def test_12_bits_in_16_are_graded_when_they_are_declared(
    analyzer: CataractAnalyzer, tiny_model: Path, tmp_path: Path
) -> None:
    path = tmp_path / "twelve.png"
    path.write_bytes(encoded(".png", twelve_bits()))
    declared = CataractAnalyzer(tiny_model, bits=12)
    results = [
        analyzer.analyze_pixels(twelve_bits(), bits=12),
        analyzer.analyze(path, bits=12),
        declared.analyze(path),
        declared.analyze_pixels(twelve_bits()),
        declared.analyze_exam([path]).scans[0],
        declared.analyze_scan(read_scan(path)),
    ]
    assert {(result.pixels.lens, result.pixels.cataract) for result in results} == {(LENS_PX, CATARACT_PX)}


def test_12_bits_in_16_that_nobody_declared_are_refused_by_name(analyzer: CataractAnalyzer, tiny_model: Path) -> None:
    for refuses, bits in ((analyzer, None), (CataractAnalyzer(tiny_model, bits=12), 16)):
        with pytest.raises(EdgeCataractError, match="bits=12 in Python") as caught:
            refuses.analyze_pixels(twelve_bits(), bits=bits)
        assert (caught.value.word, caught.value.exit_code) == ("undeclared-depth", 65)


def test_bits_that_make_no_sense_are_refused_before_any_scan(tiny_model: Path) -> None:
    with pytest.raises(EdgeCataractError) as caught:
        CataractAnalyzer(tiny_model, bits=4)
    assert (caught.value.word, caught.value.exit_code) == ("bad-bits", 2)


# --- where the lens is -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("box", "window", "lens_px"),
    [
        ((300, 1000, 724, 1424), CropWindow(128, 512, 1100, 1100), 175 * 175),
        ((840, 1540, 300, 1000), CropWindow(640, 128, 1100, 1100), 175 * 175),
        ((840, 1540, 1300, 2000), CropWindow(640, 1024, 1100, 1126), 175 * 175),
        ((100, 500, 100, 500), CropWindow(0, 0, 1100, 1100), 100 * 100),
        ((200, 1700, 424, 1724), CropWindow(64, 320, 1728, 1536), 375 * 325),
    ],
    ids=["too high", "too far left", "too far right", "not in the window at all", "larger than the window"],
)
def test_window_is_moved_or_enlarged_to_hold_the_lens(
    box: tuple[int, int, int, int], window: CropWindow, lens_px: int | None, analyzer: CataractAnalyzer
) -> None:
    result = analyzer.analyze_pixels(lens_frame(*box))
    assert result.maps.window == window
    assert codes_of(result) == ["window-moved"]
    area = (box[1] - box[0]) * (box[3] - box[2])
    assert result.pixels.lens == (lens_px or pytest.approx(area / 16, rel=0.02))
    assert result.cataract_fraction == pytest.approx(200 / (box[1] - box[0]), abs=0.01)
    assert np.count_nonzero(result.labels) == pytest.approx(area, rel=0.02)
    rows = box[1] - box[0]
    assert result.lens_density == pytest.approx((200 * CATARACT + (rows - 200) * CLEAR) / rows, rel=0.02)


def test_a_searched_window_does_not_follow_a_box_to_the_pixel(analyzer: CataractAnalyzer) -> None:
    """Precisions find boxes that differ by a pixel; were their windows to differ, so would the labels."""
    boxes = [(300 + down, 1000 + taller, 724, 1424 + wider) for down, taller, wider in product((0, 4), repeat=3)]
    windows = {analyzer.analyze_pixels(lens_frame(*box)).maps.window for box in boxes}
    assert windows == {CropWindow(128, 512, 1100, 1100)}


@pytest.mark.parametrize(("gap", "codes"), [(24, ["window-moved"]), (48, [])])
def test_a_lens_near_the_side_of_its_window_is_searched_for(
    gap: int, codes: list[str], analyzer: CataractAnalyzer
) -> None:
    """The usual window of this frame ends at column 1625."""
    assert codes_of(analyzer.analyze_pixels(lens_frame(840, 1540, 900, 1625 - gap))) == codes


def test_lens_cut_by_the_frame_is_graded_with_a_warning_when_enough_is_seen(analyzer: CataractAnalyzer) -> None:
    result = analyzer.analyze_pixels(lens_frame(1200, 1824))
    assert result.gradable
    assert codes_of(result) == ["lens-cut-by-frame", "window-moved"]
    assert "bottom side" in result.notices[0].message
    assert result.maps.window.top + result.maps.window.rows == 1824


@pytest.mark.parametrize(("gap", "warned"), [(0, True), (16, True), (28, False)])
def test_lens_that_ends_where_an_exported_frame_fades_is_cut_by_it(
    gap: int, warned: bool, analyzer: CataractAnalyzer
) -> None:
    """0.15 mm are 20 rows of 7.675 um; the step of the sides is the network grid of 4 rows."""
    result = analyzer.analyze_pixels(lens_frame(1200, 1824 - gap))
    assert ("lens-cut-by-frame" in codes_of(result)) is warned
    assert result.lens is not None
    assert result.lens.ends_at_frame == (("bottom",) if warned else ())


def test_lens_mostly_outside_the_frame_is_not_graded(analyzer: CataractAnalyzer) -> None:
    result = analyzer.analyze_pixels(lens_frame(1500, 1824))
    assert result.reasons == ("lens-mostly-outside",)


def test_thin_bright_structure_is_no_lens(analyzer: CataractAnalyzer) -> None:
    assert analyzer.analyze_pixels(lens_frame(900, 1000)).reasons == ("lens-too-small",)


def test_frame_without_lens_is_searched_in_full_and_not_graded(analyzer: CataractAnalyzer) -> None:
    result = analyzer.analyze_pixels(empty_frame())
    assert (result.reasons, codes_of(result)) == (("lens-not-found",), [])
    assert result.maps.window == CropWindow(640, 525, 1100, 1100)


def test_pieces_away_from_the_lens_are_dropped_and_told(analyzer: CataractAnalyzer) -> None:
    frame = lens_frame()
    frame[700:720, 565:605] = 200
    result = analyzer.analyze_pixels(frame)
    assert result.pixels == LensPixels(LENS_PX, CATARACT_PX)
    assert codes_of(result) == ["extra-lens-pieces"]
    assert result.notices[0].message.endswith("not counted: 50.")
    assert not result.labels[:800].any()


# --- which profile ---------------------------------------------------------------------------------------------------


def test_pixel_pitch_of_an_unknown_frame_looks_at_the_whole_frame(tiny_model: Path) -> None:
    frame = lens_frame(100, 500, 200, 600, cataract_rows=100, shape=(600, 800))
    result = CataractAnalyzer(tiny_model, profile=PixelPitch(7.675, 7.675)).analyze_pixels(frame)
    assert (result.profile, result.maps.window) == ("pixel-um", CropWindow(0, 0, 600, 800))
    assert result.pixels == LensPixels(100 * 100, 25 * 100)


def test_profile_may_be_an_object_a_name_or_a_file(tiny_model: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text(
        'name = "mine"\ncolumns = 800\nrows = 600\nwidth_mm = 6.14\nheight_mm = 4.605\n'
    )
    frame = lens_frame(100, 500, 200, 600, cataract_rows=100, shape=(600, 800))
    for profile, name in (
        (PROFILES["anterion"], "anterion"),
        ("anterion", "anterion"),
        (str(tmp_path / "mine.toml"), "mine"),
        (tmp_path / "mine.toml", "mine"),
    ):
        assert CataractAnalyzer(tiny_model, profile=profile).analyze_pixels(frame).profile == name
    with pytest.raises(UsageError):
        CataractAnalyzer(tiny_model, profile=5)  # type: ignore[arg-type]  # what a caller without types may do


def test_a_named_profile_is_held_against_the_scan(tiny_model: Path) -> None:
    frame = lens_frame()
    with pytest.raises(ScanError, match="profile-mismatch"):
        CataractAnalyzer(tiny_model, profile="anterion-raw").analyze_pixels(frame)
    fitting = CataractAnalyzer(tiny_model, profile="anterion").analyze_pixels(frame)
    assert "profile-shape" not in {notice.code for notice in fitting.notices}
    other = CataractAnalyzer(tiny_model, profile="anterion").analyze_pixels(np.ascontiguousarray(frame[:, 300:1900]))
    assert "profile-shape" in {notice.code for notice in other.notices}


@pytest.mark.parametrize(("shape", "warned"), [((1824, 2150), False), ((1459, 1713), False), ((912, 1075), True)])
def test_a_frame_of_another_size_than_the_device_s_is_warned_of(
    shape: tuple[int, int], warned: bool, tiny_model: Path
) -> None:
    frame = cv2.resize(lens_frame(), shape[::-1], interpolation=cv2.INTER_AREA).astype(np.uint8)
    words = {notice.code for notice in CataractAnalyzer(tiny_model).analyze_pixels(frame).notices}
    assert ("resampled-frame" in words) is warned


# --- one scan, many files --------------------------------------------------------------------------------------------


def encodings(frame: np.ndarray[Any, Any]) -> dict[str, bytes]:
    compression = cv2.IMWRITE_TIFF_COMPRESSION
    return {
        "scan.png": encoded(".png", frame),
        "interlaced.png": png(frame, interlaced=True),
        "raw.tiff": encoded(".tiff", frame, compression, 1),
        "first.tiff": tiff(frame),
        "lzw.tiff": encoded(".tiff", frame, compression, 5),
        "deflate.tiff": encoded(".tiff", frame, compression, 8),
        "scan.bmp": encoded(".bmp", frame),
        "channels.png": encoded(".png", np.dstack([frame] * 3)),
        "channels.bmp": encoded(".bmp", np.dstack([frame] * 3)),
        "sixteen.png": encoded(".png", frame.astype(np.uint16) * 257),
        "sixteen.tiff": encoded(".tiff", frame.astype(np.uint16) * 257),
    }


def assert_one_scan_has_one_fraction(analyzer: CataractAnalyzer, frame: np.ndarray[Any, Any], folder: Path) -> None:
    expected = analyzer.analyze_pixels(frame)
    for name, data in encodings(frame).items():
        (folder / name).write_bytes(data)
        result = analyzer.analyze(folder / name)
        assert (result.pixels, result.cataract_fraction) == (expected.pixels, expected.cataract_fraction), name
        assert result.lens_density == expected.lens_density
        assert np.array_equal(result.cataract_probability, expected.cataract_probability)
    (folder / "scan.jpg").write_bytes(encoded(".jpg", frame, cv2.IMWRITE_JPEG_QUALITY, 95))
    assert analyzer.analyze(folder / "scan.jpg").cataract_fraction == pytest.approx(
        expected.cataract_fraction, abs=0.01
    )


@pytest.mark.slow
def test_lossless_encodings_of_one_scan_have_one_fraction_and_jpeg_nearly_the_same(
    analyzer: CataractAnalyzer, tmp_path: Path
) -> None:
    noise = np.random.default_rng(3).integers(-6, 7, (1824, 2150))
    assert_one_scan_has_one_fraction(analyzer, (lens_frame() + noise).clip(1, 255).astype(np.uint8), tmp_path)


def test_lossless_encodings_of_a_sample_have_one_fraction_with_the_bundled_model(
    bundled_analyzer: CataractAnalyzer, tmp_path: Path
) -> None:
    pixels = read_scan(SAMPLES / "simulated-cataract.png").pixels
    assert_one_scan_has_one_fraction(bundled_analyzer, np.array(pixels), tmp_path)


def test_pixels_from_memory_and_from_a_file_are_the_same_scan(analyzer: CataractAnalyzer, tmp_path: Path) -> None:
    (tmp_path / "scan.png").write_bytes(encoded(".png", lens_frame()))
    from_file, from_memory = analyzer.analyze(tmp_path / "scan.png"), analyzer.analyze_pixels(lens_frame())
    assert (from_file.scan.source, from_memory.scan.source) == ("scan.png", "")
    assert from_file.pixels == from_memory.pixels
    assert np.array_equal(from_file.labels, from_memory.labels)
    assert np.array_equal(from_file.cataract_probability, from_memory.cataract_probability)


def test_tiles_under_a_memory_cap_change_nothing(
    tiny_model: Path, analyzer: CataractAnalyzer, monkeypatch: pytest.MonkeyPatch
) -> None:
    from edge_runtime.machine import memory

    monkeypatch.setattr(memory, "resident_bytes", lambda *, peak: 100 * memory.MEGABYTE)
    monkeypatch.setattr(memory, "BYTES_PER_PICTURE_PIXEL", 0)  # pictures would need more than these tiles
    frame = memory.NETWORK_BYTES + memory.BYTES_PER_FRAME_PIXEL * 1824 * 2150
    needed = frame + memory.BYTES_PER_TILE_PIXEL * 500_000
    capped = CataractAnalyzer(tiny_model, limits=Limits(max_memory_mb=100 + needed // memory.MEGABYTE))
    windows: list[int] = []
    predict = capped.network.predict
    monkeypatch.setattr(capped.network, "predict", lambda window: windows.append(window.size) or predict(window))
    result = capped.analyze_pixels(lens_frame())
    assert len(windows) > 2
    assert max(windows) <= 500_000
    assert result.pixels == analyzer.analyze_pixels(lens_frame()).pixels


def test_cap_that_cannot_be_kept_is_refused(tiny_model: Path) -> None:
    with pytest.raises(EdgeCataractError, match="memory-cap") as caught:
        CataractAnalyzer(tiny_model, limits=Limits(max_memory_mb=20)).analyze_pixels(lens_frame())
    assert caught.value.exit_code == 71


# --- an exam ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def exam(tmp_path: Path) -> Callable[[list[int]], list[Path]]:
    """Scan files whose lens has so many rows of cataract; -1: without a lens."""

    def write(cataract_rows: list[int]) -> list[Path]:
        paths = []
        for number, rows in enumerate(cataract_rows):
            path = tmp_path / f"OD_{number:03d}.png"
            path.write_bytes(encoded(".png", empty_frame() if rows < 0 else lens_frame(cataract_rows=rows)))
            paths.append(path)
        return paths

    return write


def test_eye_is_the_mean_of_its_gradable_scans(
    analyzer: CataractAnalyzer, exam: Callable[[list[int]], list[Path]]
) -> None:
    eye = analyzer.analyze_exam(exam([100, 200, 300, 400, 500, -1]), Laterality.OD)
    fractions = [rows / 700 for rows in (100, 200, 300, 400, 500)]
    assert eye.cataract_fraction == pytest.approx(np.mean(fractions))
    assert eye.cataract_fraction_sd == pytest.approx(np.std(fractions, ddof=1))
    assert (eye.scans_used, eye.scans_expected, eye.laterality) == (5, 6, Laterality.OD)
    assert [notice.code for notice in eye.notices if notice.source is None] == ["fewer-scans-than-expected"]


def test_more_scans_than_an_exam_has_are_used_and_told(
    analyzer: CataractAnalyzer, exam: Callable[[list[int]], list[Path]]
) -> None:
    eye = analyzer.analyze_exam(exam([100, 104, 108, 112, 116, 120, 124]))
    assert eye.scans_used == 7
    assert [notice.code for notice in eye.notices] == ["more-scans-than-expected", "borderline"]


def test_exam_without_scans_or_with_one_given_twice_is_refused(
    analyzer: CataractAnalyzer, exam: Callable[[list[int]], list[Path]], tmp_path: Path
) -> None:
    with pytest.raises(EdgeCataractError, match="without scans"):
        analyzer.analyze_exam([])
    (scan,) = exam([100])
    (tmp_path / "copy.png").write_bytes(scan.read_bytes())
    with pytest.raises(EdgeCataractError, match="duplicate-scan") as caught:
        analyzer.analyze_exam([scan, tmp_path / "copy.png"])
    assert caught.value.exit_code == 2


# --- as a library ----------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_one_analyzer_may_be_called_from_several_threads(analyzer: CataractAnalyzer) -> None:
    frames = [lens_frame(cataract_rows=4 * rows) for rows in range(10, 26)]
    alone = [analyzer.analyze_pixels(frame) for frame in frames]
    with ThreadPoolExecutor(4) as threads:
        together = list(threads.map(analyzer.analyze_pixels, frames))
    for one, other in zip(alone, together, strict=True):
        assert one.pixels == other.pixels
        assert np.array_equal(one.cataract_probability, other.cataract_probability)


def test_network_that_is_loaded_already_can_be_given(analyzer: CataractAnalyzer) -> None:
    again = CataractAnalyzer(analyzer.network)
    assert again.network is analyzer.network


def test_scan_may_be_named_by_a_path_a_text_or_any_path_like_thing(analyzer: CataractAnalyzer, tmp_path: Path) -> None:
    class Named:
        def __fspath__(self) -> str:
            return str(tmp_path / "scan.png")

    (tmp_path / "scan.png").write_bytes(encoded(".png", lens_frame()))
    for path in (tmp_path / "scan.png", str(tmp_path / "scan.png"), Named()):
        assert analyzer.analyze(path).pixels.lens == LENS_PX


def test_public_names_are_pinned() -> None:
    assert edge_runtime.__all__ == [
        "CataractAnalyzer",
        "Decision",
        "DeviceProfile",
        "EdgeCataractError",
        "EyeResult",
        "Laterality",
        "Limits",
        "PixelPitch",
        "ScanResult",
        "TissueLabel",
        "__version__",
        "document",
    ]
    assert dir(edge_runtime) == sorted(edge_runtime.__all__)
    for name in edge_runtime.__all__:
        assert getattr(edge_runtime, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = edge_runtime.nothing


def test_default_analyzer_uses_the_bundled_model_and_finds_the_lens_of_every_sample(
    bundled_analyzer: CataractAnalyzer,
) -> None:
    samples = sorted(SAMPLES.glob("*.png"))
    assert len(samples) == 2
    for sample in samples:
        result = bundled_analyzer.analyze(sample)
        assert result.gradable, os.path.basename(sample)


def test_inverted_greys_are_not_graded(bundled_analyzer: CataractAnalyzer) -> None:
    samples = sorted(SAMPLES.glob("*.png"))
    assert len(samples) == 2
    for sample in samples:
        result = bundled_analyzer.analyze_pixels(255 - read_scan(sample).pixels)
        assert result.cataract_fraction is None
        assert {"lens-too-large", "other-scan", "not-a-scan"}.intersection(result.reasons)


# --- brightness ------------------------------------------------------------------------------------------------------


@pytest.fixture
def referenced_analyzer(tmp_path: Path) -> CataractAnalyzer:
    (tmp_path / "m.onnx").write_bytes(tiny_model_bytes(TinyModel(brightness="referenced")))
    return CataractAnalyzer(tmp_path / "m.onnx")


def test_a_model_sees_the_brightness_it_learnt(
    analyzer: CataractAnalyzer, referenced_analyzer: CataractAnalyzer
) -> None:
    """Under half the contrast a model of shown grey finds another lens; one of referenced grey finds the same."""
    scan = read_scan(SAMPLES / "simulated-cataract.png")
    dim = np.rint(scan.pixels * 0.7).astype(np.uint8)
    shown, dim_shown = (analyzer.analyze_pixels(one).pixels.cataract for one in (scan.pixels, dim))
    own, dim_own = (referenced_analyzer.analyze_pixels(one).pixels.cataract for one in (scan.pixels, dim))
    assert shown > 1000 > 2 * dim_shown
    assert own > 1000
    assert dim_own == pytest.approx(own, rel=0.03)


@pytest.mark.parametrize(("shape", "expected"), [((1824, 2150), True), ((912, 1075), False)])
def test_speckle_is_read_from_frames_as_the_device_exports_them(
    shape: tuple[int, int], expected: bool, referenced_analyzer: CataractAnalyzer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A frame that was made smaller has lost speckle."""
    found: list[ReferenceLevels | None] = []

    def find(frame: NDArray[np.uint8], coarse: NDArray[np.uint8], *, device_pixels: bool) -> ReferenceLevels | None:
        found.append(find_reference_levels(frame, coarse, device_pixels=device_pixels))
        return found[-1]

    monkeypatch.setattr("edge_runtime.frame.prepare.find_reference_levels", find)
    scan = read_scan(SAMPLES / "simulated-clear.png").pixels
    referenced_analyzer.analyze_pixels(cv2.resize(scan, (shape[1], shape[0]), interpolation=cv2.INTER_AREA))
    (levels,) = found
    assert levels is not None
    assert (levels.speckle is not None) == expected


def test_density_and_picture_stay_as_shown(analyzer: CataractAnalyzer, referenced_analyzer: CataractAnalyzer) -> None:
    """Only the model sees the referenced frame; the lens density is of the grey levels that the device showed."""
    dim = np.rint(read_scan(SAMPLES / "simulated-cataract.png").pixels * 0.75).astype(np.uint8)
    result = referenced_analyzer.analyze_pixels(dim)
    lens = result.labels > 0
    assert result.lens_density == pytest.approx(float(dim[lens].mean()), abs=1.5)


def noisy_lens_frame() -> np.ndarray:
    """The lens in a picture whose edge is not of one grey, as of a device."""
    return lens_frame() + np.random.default_rng(0).integers(0, 3, lens_frame().shape, dtype=np.uint8)


def test_a_frame_of_a_known_device_without_references_is_not_graded(
    analyzer: CataractAnalyzer, referenced_analyzer: CataractAnalyzer
) -> None:
    """Brightness is the evidence: a number on a guessed scale is a guess. A model of shown grey needs no scale."""
    result = referenced_analyzer.analyze_pixels(noisy_lens_frame())
    assert (result.reasons, result.cataract_fraction) == (("no-brightness-reference",), None)
    assert analyzer.analyze_pixels(noisy_lens_frame()).gradable


def test_missing_references_of_an_unknown_frame_are_told(tmp_path: Path) -> None:
    """It may be cut to the lens, and its pixel pitch was given by someone who knows the device."""
    (tmp_path / "m.onnx").write_bytes(tiny_model_bytes(TinyModel(brightness="referenced")))
    pitched = CataractAnalyzer(tmp_path / "m.onnx", profile=PixelPitch(7.675, 7.675))
    result = pitched.analyze_pixels(noisy_lens_frame())
    assert result.gradable
    assert codes_of(result) == ["no-brightness-reference", "few-grey-levels"]  # a made-up picture has few


def test_a_profile_may_be_given_as_a_path(tmp_path: Path) -> None:
    wide = tmp_path / "wide.toml"
    wide.write_text('name = "wide"\ncolumns = 2150\nrows = 1824\nwidth_mm = 16.5\nheight_mm = 14.0\n')
    assert CataractAnalyzer(profile=wide).analyze_pixels(lens_frame()).profile == "wide"


def test_an_unreadable_scan_of_an_exam_holds_no_pixels(
    analyzer: CataractAnalyzer, exam: Callable[[list[int]], list[Path]], tmp_path: Path
) -> None:
    """Its error is kept for the document; the frames of its traceback would keep the picture too."""
    colour = np.zeros((300, 300, 3), np.uint8)
    colour[..., 0] = np.arange(300)
    cv2.imencode(".png", colour)[1].tofile(tmp_path / "colour.png")
    eye = analyzer.analyze_exam([*exam([100]), tmp_path / "colour.png"])
    (entry,) = eye.unreadable
    held = []
    trace = entry.error.__traceback__
    while trace is not None:
        held += [value for value in trace.tb_frame.f_locals.values() if isinstance(value, bytes | np.ndarray)]
        trace = trace.tb_next
    assert held == []


def test_a_cap_that_cannot_be_kept_is_refused_before_any_work(
    bundled_analyzer: CataractAnalyzer, monkeypatch: pytest.MonkeyPatch
) -> None:
    capped = CataractAnalyzer(bundled_analyzer.network, limits=Limits(max_memory_mb=1))
    monkeypatch.setattr("edge_runtime.frame.prepare.native_frame", lambda *_: pytest.fail("work was begun"))
    with pytest.raises(EdgeCataractError, match="memory-cap"):
        capped.analyze_pixels(lens_frame())


# --- exams -----------------------------------------------------------------------------------------------------------


def about_of(eye: EyeResult) -> dict[str, list[str | None]]:
    """The scans that every warning of an eye is about."""
    found: dict[str, list[str | None]] = {}
    for notice in eye.notices:
        found.setdefault(notice.code, []).append(notice.source)
    return found


def test_every_warning_about_a_scan_names_it(
    analyzer: CataractAnalyzer, exam: Callable[[list[int]], list[Path]], tmp_path: Path
) -> None:
    paths = exam([100, 110, 120, 600])
    paths[1] = paths[1].rename(tmp_path / "left_030.png")
    small = cv2.resize(lens_frame(cataract_rows=130), (1713, 1459), interpolation=cv2.INTER_AREA)
    paths[2].write_bytes(encoded(".png", small.astype(np.uint8)))
    found = about_of(analyzer.analyze_exam(paths, Laterality.OD))
    assert found["other-eye"] == ["left_030.png"]
    assert found["other-frame"] == ["OD_002.png"]
    assert found["scans-disagree"] == ["OD_003.png"]


@pytest.mark.parametrize(
    ("name", "is_other"),
    [
        ("OS_1.png", True),
        ("p-os-1.png", True),
        ("Left.png", True),
        ("OD_1.png", False),
        ("photos_1.png", False),
        ("OD_OS.png", False),
    ],
)
def test_a_name_contradicts_an_eye_only_by_a_whole_word(
    name: str, is_other: bool, analyzer: CataractAnalyzer, exam: Callable[[list[int]], list[Path]], tmp_path: Path
) -> None:
    paths = exam([100, 110])
    (tmp_path / "scans").mkdir()
    paths[0] = paths[0].rename(tmp_path / "scans" / name)
    paths[1] = paths[1].rename(tmp_path / "scans" / "x.png")
    assert ("other-eye" in about_of(analyzer.analyze_exam(paths, "OD"))) is is_other


def test_the_folder_of_a_scan_may_contradict_the_eye(
    analyzer: CataractAnalyzer, exam: Callable[[list[int]], list[Path]], tmp_path: Path
) -> None:
    (tmp_path / "OS").mkdir()
    paths = [path.rename(tmp_path / "OS" / f"{number}.png") for number, path in enumerate(exam([100, 110]))]
    assert about_of(analyzer.analyze_exam(paths, "OD"))["other-eye"] == ["0.png", "1.png"]


@pytest.mark.parametrize("suffix", [".bmp", ".tiff", "16.png"])
def test_one_scan_in_two_files_is_refused(suffix: str, analyzer: CataractAnalyzer, tmp_path: Path) -> None:
    frame = lens_frame()
    (tmp_path / "a.png").write_bytes(encoded(".png", frame))
    other = tmp_path / f"b{suffix}"
    other.write_bytes(encoded(".png", frame.astype(np.uint16) * 257) if suffix == "16.png" else encoded(suffix, frame))
    with pytest.raises(UsageError, match="duplicate-scan"):
        analyzer.analyze_exam([tmp_path / "a.png", other])


@pytest.mark.parametrize("bits", [8, 10, 12, 15])
def test_one_scan_that_was_saved_with_more_bits_is_refused(bits: int, analyzer: CataractAnalyzer) -> None:
    frame = lens_frame()
    deep = np.rint(frame * ((2**bits - 1) / 255)).astype(np.uint16)

    def check() -> None:
        one, other = analyzer.analyze_pixels(frame), analyzer.analyze_pixels(deep, bits=bits)
        check_duplicates([one, replace(other, scan=replace(other.scan, source="other"))])

    with pytest.raises(UsageError, match="duplicate-scan"):
        check()
    deep[0, 0] += 1  # between two levels of 8 bits where there are more
    frame[0, 0] += 2
    check()


# --- programs without types ------------------------------------------------------------------------------------------


def test_a_scan_is_a_path_its_bytes_or_an_open_file(analyzer: CataractAnalyzer, tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(encoded(".png", lens_frame()))
    data = path.read_bytes()
    with path.open("rb") as file:
        results = [analyzer.analyze(one) for one in (path, str(path), data, bytearray(data), io.BytesIO(data), file)]
    assert len({(result.pixels, result.scan.sha256) for result in results}) == 1
    assert [result.scan.source for result in results] == ["a.png", "a.png", "", "", "", "a.png"]
    with path.open(encoding="latin-1") as text, pytest.raises(UsageError, match="'rb'"):
        analyzer.analyze(text)  # type: ignore[arg-type]  # what a caller without types may do


def test_frames_in_memory_are_an_exam(analyzer: CataractAnalyzer) -> None:
    frames = [lens_frame(cataract_rows=rows) for rows in (100, 200, 300)]
    eye = analyzer.analyze_exam(frames=frames, laterality="OS")
    assert (eye.laterality, eye.scans_used) == (Laterality.OS, 3)
    assert eye.cataract_fraction == pytest.approx(200 / 700)
    with pytest.raises(UsageError, match="duplicate-scan"):
        analyzer.analyze_exam(frames=[frames[0], frames[0]])


@pytest.mark.parametrize(
    "call",
    [
        lambda analyzer: analyzer.analyze(5),
        lambda analyzer: analyzer.analyze_exam("a.png"),
        lambda analyzer: analyzer.analyze_exam(["a.png"], "left"),
        lambda analyzer: analyzer.analyze_exam(["a.png"], frames=[lens_frame()]),
        lambda analyzer: analyzer.analyze_pixels(np.ma.masked_array(lens_frame())),
        lambda analyzer: analyzer.analyze_pixels(np.broadcast_to(np.uint8(1), (200_000, 200_000))),
        lambda _: CataractAnalyzer(threshold=float("nan")),
        lambda _: CataractAnalyzer(threshold=True),
        lambda _: CataractAnalyzer(threshold="0.1"),  # type: ignore[arg-type]  # what a caller without types may do
    ],
)
def test_a_wrong_argument_is_an_error_of_this_package(
    call: Callable[[CataractAnalyzer], object], analyzer: CataractAnalyzer
) -> None:
    with pytest.raises(EdgeCataractError):
        call(analyzer)


def test_a_threshold_of_numpy_is_written_as_json(tiny_model: Path) -> None:
    result = CataractAnalyzer(tiny_model, threshold=np.float32(0.25)).analyze_pixels(lens_frame())
    assert json.loads(result.to_json())["eye"]["threshold"] == 0.25


def test_a_result_is_a_document_a_picture_and_one_line(analyzer: CataractAnalyzer) -> None:
    result = analyzer.analyze_pixels(lens_frame())
    eye = analyzer.as_eye([result])
    content = result.to_dict()
    assert content["scans"] == eye.to_dict()["scans"]
    assert json.loads(eye.to_json(indent=2))["eye"] == content["eye"]
    assert result.overlay().dtype == np.uint8
    assert len(repr(result)) < 100
    assert len(repr(eye)) < 100
