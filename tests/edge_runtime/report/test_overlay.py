"""The overlay shows the scan as it was beside its colours, and a header and a footer that never cover the lens."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from edge_runtime import CataractAnalyzer, Laterality, PixelPitch
from edge_runtime.golden import SAMPLES
from edge_runtime.report.lettering import Lettering
from edge_runtime.report.overlay import BACKGROUND, colours_of, draw_overlay, panel_shape
from edge_runtime.report.overlay_words import footer_lines, header_lines, short_name, zone_legend
from edge_runtime.report.zone_lines import BORDER
from edge_runtime.results import ScanResult
from tests.edge_runtime.pictures import empty_frame, lens_frame

DAY = "2026-01-31"
SHAPE = (912, 1075)
RAMP = np.arange(256, dtype=np.uint8)[None]
# Linear RGB to linear RGB: Machado, Oliveira and Fernandes 2009, severity 1.0.
SEEN = {
    "normal sight": np.eye(3),
    "protanopia": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "deuteranopia": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
}


def small_lens(**changed: int) -> NDArray[np.uint8]:
    return lens_frame(420, 770, 362, 712, cataract_rows=100, shape=SHAPE, **changed)


@pytest.fixture(scope="module")
def result(analyzer: CataractAnalyzer) -> ScanResult:
    return analyzer.analyze_pixels(small_lens())


@pytest.fixture(scope="module")
def picture(result: ScanResult) -> NDArray[np.uint8]:
    return draw_overlay(result, date=DAY)


def place_of_original(picture: NDArray[np.uint8], frame: NDArray[np.uint8]) -> tuple[int, int]:
    """(row, column) at which the unchanged frame lies in the picture."""
    found = cv2.matchTemplate(picture, cv2.cvtColor(frame, cv2.COLOR_GRAY2BGR), cv2.TM_SQDIFF)
    column, row = cv2.minMaxLoc(found)[2]
    return row, column


def lightness(colours: NDArray[np.uint8], seen: NDArray[np.float64]) -> NDArray[np.float64]:
    """CIE L* of (1, n, 3) colours in cv2's order, as an eye of this kind sees them."""
    share = colours[0, :, ::-1] / 255
    linear = np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)
    luminance = np.clip(linear @ seen.T, 0, 1) @ np.array([0.2126, 0.7152, 0.0722])
    return np.where(luminance > 0.008856, 116 * np.cbrt(luminance) - 16, 903.3 * luminance)


def test_original_stands_unchanged_beside_the_colours(picture: NDArray[np.uint8]) -> None:
    row, column = place_of_original(picture, small_lens())
    original = picture[row : row + SHAPE[0], column : column + SHAPE[1]]
    assert np.array_equal(original, cv2.cvtColor(small_lens(), cv2.COLOR_GRAY2BGR))
    assert column > SHAPE[1]


def test_colours_are_inside_the_lens_only_and_are_those_of_the_bar(picture: NDArray[np.uint8]) -> None:
    row, _ = place_of_original(picture, small_lens())
    panel = picture[row : row + SHAPE[0], 10 : 10 + SHAPE[1]]
    outside = np.ones(SHAPE, bool)
    outside[415:775, 357:717] = False
    assert np.array_equal(panel[outside], cv2.cvtColor(small_lens(), cv2.COLOR_GRAY2BGR)[outside])
    for at in ((470, 500), (700, 500)):
        bar = picture[row:, 10 + SHAPE[1] + 20 : 10 + SHAPE[1] + 80].astype(int)
        assert np.abs(bar - panel[at]).max(axis=2).min() <= 2, at  # it shows every fourth or fifth grey level


def test_lens_and_counted_pixels_are_outlined(picture: NDArray[np.uint8]) -> None:
    row, _ = place_of_original(picture, small_lens())
    panel = picture[row : row + SHAPE[0], 10 : 10 + SHAPE[1]]
    assert panel[765:775, 500].min(axis=1).max() == 255
    border = panel[510:530, 500]
    assert (border.max(axis=1).min(), border.min(axis=1).max()) == (0, 255)


@pytest.mark.parametrize("grey", [0, 60, 128, 255])
@pytest.mark.parametrize("kind", SEEN)
def test_lightness_rises_with_probability_for_every_eye_and_in_grey_print(kind: str, grey: int) -> None:
    blended = lightness(colours_of(RAMP, np.full_like(RAMP, grey)), SEEN[kind])
    assert np.diff(blended[::8]).min() > 0
    assert blended[-1] - blended[0] > 15


def test_nothing_is_written_on_the_panels(analyzer: CataractAnalyzer, picture: NDArray[np.uint8]) -> None:
    row, column = place_of_original(picture, small_lens())
    written = (picture != BACKGROUND).any(axis=2)
    assert written[:row].any()
    assert written[row + SHAPE[0] :].any()
    assert not written[row:, column + SHAPE[1] :][: SHAPE[0]].any()


def test_same_result_and_day_give_the_same_picture(result: ScanResult, picture: NDArray[np.uint8]) -> None:
    assert np.array_equal(draw_overlay(result, date=DAY), picture)
    assert not np.array_equal(draw_overlay(result, date="2026-02-01"), picture)


def test_ungraded_scan_is_drawn_without_colours_and_says_what_to_do(analyzer: CataractAnalyzer) -> None:
    ungraded = analyzer.analyze_pixels(empty_frame())
    drawn = draw_overlay(ungraded, date=DAY)
    rows, columns = panel_shape(ungraded.maps.scan_shape, ungraded.maps.frame_shape)
    top = drawn.shape[0] - rows - 88
    left = drawn[top : top + rows, 20 : 20 + columns]
    assert np.array_equal(left, drawn[top : top + rows, -20 - columns : -20])
    assert "artificial lens: do not repeat" in header_lines(ungraded, None, DAY)[1]


def test_16_bit_scan_is_drawn_over_its_declared_full_scale(
    analyzer: CataractAnalyzer, picture: NDArray[np.uint8]
) -> None:
    drawn = draw_overlay(analyzer.analyze_pixels(small_lens().astype(np.uint16) * 257), date=DAY)
    assert np.array_equal(drawn[100:-50], picture[100:-50])


def test_header_says_eye_file_finding_rule_model_and_day(result: ScanResult) -> None:
    scan = replace(result.scan, source="Müller 扫描.png")
    lines = "\n".join(header_lines(replace(result, scan=scan), Laterality.OS, DAY))
    expected = [
        "OS  M\\xfcller \\u626b\\u63cf.png",
        result.scan.sha256[:12],
        f"cataract  Cataract Fraction {result.cataract_fraction:.3f}",
        "threshold 0.140, borderline from 0.120 to 0.160",
        "tiny-grey-level 0 (fp32)",
        DAY,
    ]
    assert [part for part in expected if part not in lines] == []


@pytest.mark.parametrize("name", ["a" * 300, "\ud800\x1b[31m.png", "扫" * 40])
def test_any_name_is_printable_and_short(name: str) -> None:
    shown = short_name(name)
    assert len(shown) <= 60
    assert all(" " <= letter <= "~" for letter in shown)


def test_footer_says_sample_only_of_a_bundled_sample(result: ScanResult, bundled_analyzer: CataractAnalyzer) -> None:
    sample = bundled_analyzer.analyze(SAMPLES / "simulated-clear.png")
    assert footer_lines(sample)[1].startswith("SIMULATED SAMPLE, NOT A PATIENT. Model trained on simulated scans.")
    assert "SAMPLE" not in footer_lines(result)[1]
    assert footer_lines(result)[1].endswith("Research use only. Not a medical device.")


def test_the_lines_of_the_zones_are_named_where_they_are_drawn(
    result: ScanResult, bundled_analyzer: CataractAnalyzer, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[str] = []
    write = Lettering.write

    def noted(self: Lettering, picture: Any, lines: Sequence[str], *place: int) -> None:
        written.extend(lines)
        write(self, picture, lines, *place)

    monkeypatch.setattr(Lettering, "write", noted)
    scan = bundled_analyzer.analyze(SAMPLES / "simulated-cataract.png")
    for one, words in ((scan, zone_legend(drawn=True)), (result, zone_legend(drawn=False))):
        for zones in (True, False):
            written.clear()
            picture = draw_overlay(one, date=DAY, zones=zones)
            assert ("".join(words) in " ".join(written)) == zones
            assert any("ones of the lens" in line or "Orange" in line for line in written) == zones
            orange = bool((picture == BORDER).all(axis=2).any())
            assert orange == (zones and one is scan)


@pytest.mark.parametrize(
    ("scan", "frame", "panel"),
    [
        ((1000, 1200), (1824, 2188), (1000, 1200)),
        ((768, 1519), (1824, 2150), (1289, 1519)),
        ((20, 24), (26, 31), (400, 480)),
    ],
)
def test_tissue_has_its_true_proportions(scan: tuple[int, int], frame: tuple[int, int], panel: tuple[int, int]) -> None:
    assert panel_shape(scan, frame) == panel


def test_panel_of_a_huge_frame_is_bounded() -> None:
    rows, columns = panel_shape((5000, 5000), (5000, 5000))
    assert rows == columns
    assert rows * columns <= 2_600_000


@pytest.mark.parametrize("shape", [(20, 24), (365, 430), (40, 600)])
def test_small_frame_is_drawn_too(shape: tuple[int, int], tiny_model: Any) -> None:
    frame = np.full(shape, 10, np.uint8)
    frame[5:15, 5:15] = 80
    small = CataractAnalyzer(tiny_model, profile=PixelPitch(10, 10)).analyze_pixels(frame)
    drawn = draw_overlay(small, date=DAY)
    rows, columns = panel_shape(small.maps.scan_shape, small.maps.frame_shape)
    assert drawn.shape[0] > rows
    assert drawn.shape[1] > 2 * columns


def test_scan_itself_is_left_as_it_was(analyzer: CataractAnalyzer) -> None:
    result = analyzer.analyze_pixels(small_lens())
    draw_overlay(result)
    assert np.array_equal(result.scan.pixels, small_lens())
