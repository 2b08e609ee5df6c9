"""The overlay shows the scan as it was, coloured inside the lens only, with a scale and a disclaimer."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import pytest

from edge_runtime import CataractAnalyzer
from edge_runtime.report.overlay import draw_overlay
from edge_runtime.results import ScanResult
from tests.edge_runtime.pictures import BACKGROUND, empty_frame, lens_frame

# Where nothing is written: below the headline, above the caption, left of the colour bar and its words.
QUIET = np.s_[330:1750, 0:1900]


@pytest.fixture(scope="module")
def picture(analyzer: CataractAnalyzer) -> np.ndarray[Any, Any]:
    return draw_overlay(analyzer.analyze_pixels(lens_frame()))


def test_overlay_has_the_size_of_the_scan_in_three_channels(picture: np.ndarray[Any, Any]) -> None:
    assert (picture.shape, picture.dtype) == ((1824, 2150, 3), np.uint8)


def test_scan_is_unchanged_outside_the_lens_and_its_outline(picture: np.ndarray[Any, Any]) -> None:
    outside = np.zeros((1824, 2150), bool)
    outside[QUIET] = True
    outside[835:1545, 720:1430] = False
    assert np.unique(picture[outside]).tolist() == [BACKGROUND]


def test_cataract_is_hot_and_clear_lens_is_cold(picture: np.ndarray[Any, Any]) -> None:
    cataract, clear = picture[940, 1000].astype(int), picture[1400, 1000].astype(int)
    assert cataract[2] > cataract[0], "red above blue"
    assert clear[0] > clear[2], "blue above red"


def test_lens_is_outlined_in_white(picture: np.ndarray[Any, Any]) -> None:
    for row, column in ((840, 1000), (1539, 1000), (1200, 725), (1200, 1424)):
        assert picture[row - 2 : row + 3, column - 2 : column + 3].min(axis=2).max() == 255


def test_colour_bar_runs_from_1_at_the_top_to_0(picture: np.ndarray[Any, Any]) -> None:
    ends = cv2.applyColorMap(np.array([[255], [0]], np.uint8), cv2.COLORMAP_TURBO)[:, 0]
    bar = [np.argwhere((picture[:, 1900:] == colour).all(axis=2)) for colour in ends]
    assert all(len(found) > 10 for found in bar)
    assert bar[0][:, 0].max() < bar[1][:, 0].min()
    assert bar[1][:, 0].max() - bar[0][:, 0].min() >= 300


def test_headline_and_caption_are_written(picture: np.ndarray[Any, Any]) -> None:
    assert (picture[:120, :900] == 255).any()
    assert (picture[1760:, :900] == 255).any()


def test_ungraded_scan_is_drawn_without_colours(analyzer: CataractAnalyzer) -> None:
    drawn = draw_overlay(analyzer.analyze_pixels(empty_frame()))
    assert np.array_equal(drawn[QUIET][..., 0], empty_frame()[QUIET])
    assert (drawn[:120, :900] == 255).any(), "the reason is written"


def test_16_bit_scan_is_drawn_over_its_declared_full_scale(analyzer: CataractAnalyzer) -> None:
    drawn = draw_overlay(analyzer.analyze_pixels(lens_frame().astype(np.uint16) * 257))
    assert np.array_equal(drawn, draw_overlay(analyzer.analyze_pixels(lens_frame())))


def test_scan_itself_is_left_as_it_was(analyzer: CataractAnalyzer) -> None:
    result = analyzer.analyze_pixels(lens_frame())
    draw_overlay(result)
    assert np.array_equal(result.scan.pixels, lens_frame())


@pytest.mark.parametrize("shape", [(20, 24), (365, 430), (40, 600)])
def test_small_frame_is_drawn_too(shape: tuple[int, int], tiny_model: Any) -> None:
    from edge_runtime import PixelPitch

    frame = np.full(shape, BACKGROUND, np.uint8)
    frame[5:15, 5:15] = 80
    small = CataractAnalyzer(tiny_model, profile=PixelPitch(10, 10))
    assert draw_overlay(small.analyze_pixels(frame)).shape == (*shape, 3)


def test_caption_tells_what_the_model_learnt_from(analyzer: CataractAnalyzer) -> None:
    from dataclasses import replace

    result = analyzer.analyze_pixels(lens_frame())

    def result_of(trained_on: str) -> ScanResult:
        return replace(result, model=replace(result.model, trained_on=trained_on))

    drawn = draw_overlay(result_of("simulated scans: a cohort"))
    other = draw_overlay(result_of("scans of a clinic: ours"))
    same = draw_overlay(result_of("simulated scans: another cohort"))
    caption = slice(1760, None)
    assert not np.array_equal(drawn[caption], other[caption])
    assert np.array_equal(drawn, same)
