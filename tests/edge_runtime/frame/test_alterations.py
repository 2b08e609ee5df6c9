"""Pictures that are not as the device wrote them are told from those that are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from edge_runtime import CataractAnalyzer
from edge_runtime.frame.alterations import signs_of_alteration
from edge_runtime.frame.profiles import PROFILES
from edge_runtime.golden import SAMPLES
from edge_runtime.reading.raster import read_scan

Picture = NDArray[np.uint8]
SIGNS = {
    "enhanced-contrast", "few-grey-levels", "framed-picture", "lifted-black", "marks-in-picture", "partly-black",
    "smoothed-picture", "unlikely-scale",
}  # fmt: skip


def drawn(draw: Callable[[Picture], object]) -> Callable[[Picture], Picture]:
    def change(picture: Picture) -> Picture:
        changed = picture.copy()
        draw(changed)
        return changed

    return change


def on_a_page(picture: Picture) -> Picture:
    page = np.full_like(picture, 30)
    small = cv2.resize(picture, (1720, 1459), interpolation=cv2.INTER_AREA)
    page[180 : 180 + 1459, 200 : 200 + 1720] = small[: page.shape[0] - 180]
    return page


def black_from(row: int, column: int) -> Callable[[Picture], Picture]:
    def change(picture: Picture) -> Picture:
        changed = picture.copy()
        changed[row:], changed[:, column:] = 0, 0
        return changed

    return change


def middle_enlarged(picture: Picture) -> Picture:
    """The middle 70 %, brought back to the size of the frame: 7.2 mm of cornea look like 10.3."""
    rows, columns = picture.shape
    part = picture[: int(0.7 * rows), int(0.15 * columns) : int(0.85 * columns)]
    return np.asarray(cv2.resize(part, (columns, rows), interpolation=cv2.INTER_CUBIC), np.uint8)


def lower_left_black(picture: Picture) -> Picture:
    changed = picture.copy()
    changed[1100:, :1100] = 0
    return changed


LETTERS = cv2.FONT_HERSHEY_SIMPLEX
ALTERED: dict[str, tuple[Callable[[Picture], Picture], str]] = {
    "a watermark": (drawn(lambda p: cv2.putText(p, "COPY", (800, 1100), LETTERS, 5, 200, 12)), "marks-in-picture"),
    "a thin crosshair": (drawn(lambda p: cv2.line(p, (600, 1100), (1500, 1100), 255, 1)), "marks-in-picture"),
    "a box": (drawn(lambda p: cv2.rectangle(p, (1000, 1000), (1200, 1100), 255, -1)), "marks-in-picture"),
    "an outline": (drawn(lambda p: cv2.ellipse(p, (1075, 1130), (430, 330), 0, 0, 360, 255, 3)), "marks-in-picture"),
    "on a page": (on_a_page, "framed-picture"),
    "black below": (black_from(1100, 10_000), "partly-black"),
    "black on the right": (black_from(10_000, 1000), "partly-black"),
    "enhanced": (lambda p: cv2.createCLAHE(4.0, (8, 8)).apply(p).astype(np.uint8), "lifted-black"),
    "sharpened": (lambda p: cv2.addWeighted(p, 3.0, cv2.GaussianBlur(p, (0, 0), 6.0), -2.0, 0.0), "enhanced-contrast"),
    "smoothed": (lambda p: cv2.GaussianBlur(p, (0, 0), 2.5).astype(np.uint8), "smoothed-picture"),
    "brightened": (lambda p: np.rint(255 * (p / 255.0) ** 0.5).astype(np.uint8), "few-grey-levels"),
    "darkened": (lambda p: np.rint(255 * (p / 255.0) ** 1.6).astype(np.uint8), "few-grey-levels"),
    "with less contrast": (lambda p: np.rint(0.7 * p).astype(np.uint8), "few-grey-levels"),
    "enhanced a little": (lambda p: cv2.createCLAHE(1.0, (8, 8)).apply(p).astype(np.uint8), "lifted-black"),
    "brightened by a step": (lambda p: cv2.add(p, 12).astype(np.uint8), "lifted-black"),
    "cut and enlarged": (middle_enlarged, "unlikely-scale"),
    "a corner black": (lower_left_black, "partly-black"),
    "of sixteen levels": (lambda p: (p // 16 * 17).astype(np.uint8), "few-grey-levels"),
}


@pytest.fixture(scope="module")
def sample() -> Picture:
    """A sample of the device's own size; the other one was enlarged by nothing either."""
    pixels = read_scan(SAMPLES / "simulated-clear.png").pixels
    return np.asarray(cv2.resize(pixels, (2150, 1824), interpolation=cv2.INTER_NEAREST), np.uint8)


def at_bits(picture: Picture, bits: int) -> NDArray[Any]:
    """The same greys on the scale of a device that records so many bits."""
    levels = np.rint(np.arange(256) * ((2**bits - 1) / 255))
    return np.asarray(levels[picture], np.uint8 if bits == 8 else np.uint16)


def signs_in(analyzer: CataractAnalyzer, picture: NDArray[Any], bits: int | None = None) -> set[str]:
    result = analyzer.analyze_pixels(picture, bits=bits)
    return ({notice.code for notice in result.notices} | set(result.reasons)) & SIGNS


@pytest.mark.parametrize("name", ALTERED)
def test_an_altered_picture_is_named(name: str, bundled_analyzer: CataractAnalyzer, sample: Picture) -> None:
    change, word = ALTERED[name]
    assert word in signs_in(bundled_analyzer, change(sample))


@pytest.mark.parametrize("source", ["simulated-clear.png", "simulated-cataract.png"])
def test_a_scan_as_the_device_wrote_it_has_no_sign(source: str, bundled_analyzer: CataractAnalyzer) -> None:
    assert signs_in(bundled_analyzer, np.asarray(read_scan(SAMPLES / source).pixels, np.uint8)) == set()


def test_a_bright_line_of_the_detector_is_no_sign(bundled_analyzer: CataractAnalyzer, sample: Picture) -> None:
    line = sample.copy()
    line[1750:1753] = np.maximum(line[1750:1753], np.random.default_rng(0).integers(40, 90, (3, 2150), np.uint8))
    line[760:763] = np.maximum(line[760:763], np.random.default_rng(1).integers(40, 90, (3, 2150), np.uint8))
    assert signs_in(bundled_analyzer, line) == set()


def test_marks_are_found_in_16_bits_too(bundled_analyzer: CataractAnalyzer, sample: Picture) -> None:
    deep = sample.astype(np.uint16) * 257 + np.random.default_rng(0).integers(0, 257, sample.shape).astype(np.uint16)
    assert signs_in(bundled_analyzer, deep) == set()  # type: ignore[arg-type]  # a deeper picture
    cv2.rectangle(deep, (1000, 1000), (1200, 1100), 60_000, -1)
    assert signs_in(bundled_analyzer, deep) == {"marks-in-picture"}  # type: ignore[arg-type]


@pytest.mark.parametrize("bits", [8, 10, 12, 16])
def test_signs_are_those_of_8_bits_whatever_a_device_records(
    bits: int, bundled_analyzer: CataractAnalyzer, sample: Picture
) -> None:
    def signs(name: str | None) -> set[str]:
        picture = sample if name is None else ALTERED[name][0](sample)
        return signs_in(bundled_analyzer, at_bits(picture, bits), bits)

    assert signs(None) == set()
    for name in ("a thin crosshair", "a box", "black below", "a corner black", "brightened by a step"):
        assert ALTERED[name][1] in signs(name), name


def with_black(analyzer: CataractAnalyzer, low: float, high: float, depth: int) -> CataractAnalyzer:
    """For a device whose black and white lie at these shares of the full scale."""
    profile = replace(PROFILES["anterion"], name="mydevice", depths=(depth,), display_low=low, display_high=high)
    return CataractAnalyzer(analyzer.network, profile=profile)


def above(black: int, white: int, picture: Picture, background: int | None = None) -> NDArray[Any]:
    """The same greys from black to white in 16 bits; `background` replaces what would be black."""
    levels = np.rint(black + np.arange(256) * ((white - black) / 255))
    levels[0] = black if background is None else background
    return np.asarray(levels[picture], np.uint16)


@pytest.mark.parametrize("background", [0, 300, 409, 410])
def test_what_lies_at_or_below_the_black_of_a_profile_is_no_lifted_black(
    background: int, bundled_analyzer: CataractAnalyzer, sample: Picture
) -> None:
    analyzer = with_black(bundled_analyzer, 0.00625, 0.06249, 16)  # the example of docs/inputs.md
    assert signs_in(analyzer, above(410, 4095, sample, background)) == set()


def test_a_background_above_the_black_of_a_profile_is_lifted(
    bundled_analyzer: CataractAnalyzer, sample: Picture
) -> None:
    analyzer = with_black(bundled_analyzer, 0.00625, 0.06249, 16)
    assert "lifted-black" in signs_in(analyzer, above(410, 4095, cv2.add(sample, 12).astype(np.uint8)))


@pytest.mark.parametrize(
    "name", [None, "a thin crosshair", "a box", "black below", "black on the right", "a corner black"]
)
def test_signs_are_those_of_black_at_nought_wherever_a_profile_has_it(
    name: str | None, bundled_analyzer: CataractAnalyzer, sample: Picture
) -> None:
    picture = sample if name is None else ALTERED[name][0](sample)
    expected = signs_in(bundled_analyzer, picture)
    deep = with_black(bundled_analyzer, 410 / 4095, 1.0, 16)
    assert signs_in(deep, above(410, 4095, picture), 12) == expected
    flat = with_black(bundled_analyzer, 26 / 255, 281 / 255, 8)
    assert signs_in(flat, cv2.add(picture, 26)) == expected  # all of its greys up to 229, one by one


def test_noise_below_the_black_of_a_profile_is_no_missing_part() -> None:
    noise = np.random.default_rng(1).integers(0, 120, (300, 300)).astype(np.uint8)
    everything = (slice(None), slice(None))
    assert list(signs_of_alteration(noise, 255, everything, None, black=120)) == []
    noise[:, 290:] = 7
    assert list(signs_of_alteration(noise, 255, everything, None, black=120)) == ["partly-black"]


@pytest.mark.parametrize("level", [0, 1, 2, 9, 10, 11, 255])
@pytest.mark.parametrize("black", [0, 120])
def test_a_picture_that_is_nearly_all_of_one_level_is_looked_at(level: int, black: int) -> None:
    """As a lens in a dark display is, where 99 of 100 pixels are black."""
    part = np.full((400, 400), level, np.uint8)
    part[150:180, 100:140] = np.random.default_rng(3).integers(0, 256, (30, 40))
    signs = list(signs_of_alteration(part, 255, (slice(None), slice(None)), None, black=black))
    assert "few-grey-levels" not in signs


def test_a_framed_picture_is_not_graded(bundled_analyzer: CataractAnalyzer, sample: Picture) -> None:
    result = bundled_analyzer.analyze_pixels(on_a_page(sample))
    assert "framed-picture" in result.reasons
    assert result.cataract_fraction is None


@pytest.mark.parametrize("quality", [50, 75, 90])
def test_a_usual_jpeg_has_no_sign(quality: int, bundled_analyzer: CataractAnalyzer, sample: Picture) -> None:
    packed = cv2.imencode(".jpg", sample, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    opened = cv2.imdecode(packed, cv2.IMREAD_GRAYSCALE)
    assert opened is not None
    assert signs_in(bundled_analyzer, np.asarray(opened, np.uint8)) == set()


@pytest.mark.parametrize("bits", [8, 9, 10, 12, 15, 16])
@pytest.mark.parametrize("along", [0, 1])
@pytest.mark.parametrize(("length", "found"), [(33, True), (32, False)])
@pytest.mark.parametrize("start", [2, 40, 62, 250, 265])  # across and beside the parts that a picture is searched in
def test_a_thin_line_is_seen_wherever_it_lies(start: int, length: int, found: bool, along: int, bits: int) -> None:
    noise = np.random.default_rng(1).integers(40, 200, (300, 300)).astype(np.uint8)
    place = [slice(start, start + 1), slice(start, start + 1)]
    place[along] = slice(start, start + length) if start + length <= 298 else slice(298 - length, 298)
    noise[tuple(place)] = 210
    signs = list(signs_of_alteration(at_bits(noise, bits), 2**bits - 1, (slice(None), slice(None)), None))
    assert ("marks-in-picture" in signs) is found


@pytest.mark.parametrize("bits", [8, 10, 12, 16])
@pytest.mark.parametrize(("grey", "found"), [(31, False), (32, True)])
def test_a_line_counts_from_one_grey_on(grey: int, found: bool, bits: int) -> None:
    noise = np.random.default_rng(1).integers(40, 200, (300, 300)).astype(np.uint8)
    noise[150, 50:250] = grey
    signs = list(signs_of_alteration(at_bits(noise, bits), 2**bits - 1, (slice(None), slice(None)), None))
    assert ("marks-in-picture" in signs) is found
