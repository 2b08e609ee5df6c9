"""The scans of an exam are graded on the scale that they share; one scan alone is graded as ever."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from edge_runtime import CataractAnalyzer, Limits
from edge_runtime.golden import SAMPLES
from edge_runtime.reading.raster import read_scan

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from edge_runtime.results import ScanResult

ABOVE_LENS = 600  # rows of the sample that show cornea and air


@pytest.fixture(scope="module")
def frame() -> NDArray[np.uint8]:
    return np.asarray(read_scan(SAMPLES / "simulated-cataract.png").pixels, np.uint8)


def brighter_cornea(frame: NDArray[np.uint8], grey: int) -> NDArray[np.uint8]:
    """The same lens under a cornea that is brighter, as where light falls on it in another way."""
    changed = frame.astype(np.int16)
    above = changed[:ABOVE_LENS]
    above[above > 0] += grey
    return np.clip(changed, 0, 255).astype(np.uint8)


def graded(scan: ScanResult) -> NDArray[np.uint8]:
    assert scan.lens is not None
    assert scan.lens.graded is not None
    return scan.lens.graded


def test_a_lens_is_as_bright_in_every_scan_of_its_eye(
    bundled_analyzer: CataractAnalyzer, frame: NDArray[np.uint8]
) -> None:
    frames = [brighter_cornea(frame, grey) for grey in (-8, 0, 8)]
    alone = [bundled_analyzer.analyze_pixels(one) for one in frames]
    eye = bundled_analyzer.analyze_exam(frames=frames)

    def spread(scans: Iterable[ScanResult]) -> float:
        return float(np.ptp([graded(scan).mean() for scan in scans]))

    assert spread(alone) > 5
    assert spread(eye.scans) < 0.5
    for scan in eye.scans:
        assert scan.lens is not None
        assert 0.0 < scan.lens.scale_deviation_db < 1.0


def test_an_exam_of_one_scan_is_that_scan(bundled_analyzer: CataractAnalyzer, frame: NDArray[np.uint8]) -> None:
    (scan,) = bundled_analyzer.analyze_exam(frames=[frame]).scans
    alone = bundled_analyzer.analyze_pixels(frame)
    assert (scan.pixels, scan.maps.window) == (alone.pixels, alone.maps.window)
    assert np.array_equal(graded(scan), graded(alone))
    assert scan.lens is not None
    assert scan.lens.scale_deviation_db == 0.0


def test_a_scan_of_another_brightness_is_told_and_keeps_its_scale(
    bundled_analyzer: CataractAnalyzer, frame: NDArray[np.uint8]
) -> None:
    other = np.rint(frame * 0.7).astype(np.uint8)
    frames = [frame, brighter_cornea(frame, 2), brighter_cornea(frame, 4), other]
    eye = bundled_analyzer.analyze_exam(frames=frames)
    assert [notice.source for notice in eye.notices if notice.code == "scales-disagree"] == ["frame 4"]
    assert np.array_equal(graded(eye.scans[3]), graded(bundled_analyzer.analyze_pixels(other)))


def test_the_range_of_the_fraction_widens_with_the_error_of_the_scale(
    bundled_analyzer: CataractAnalyzer, frame: NDArray[np.uint8]
) -> None:
    def width(greys: tuple[int, ...]) -> float:
        eye = bundled_analyzer.analyze_exam(frames=[brighter_cornea(frame, grey) for grey in greys])
        assert eye.findings.measures is not None
        lowest, highest = eye.findings.measures.fraction_range
        return highest - lowest

    assert width((-10, 0, 10)) > width((-1, 0, 1))


def test_a_scan_without_references_is_not_given_those_of_others(
    bundled_analyzer: CataractAnalyzer, frame: NDArray[np.uint8]
) -> None:
    without = frame.copy()
    without[:ABOVE_LENS] = 0
    eye = bundled_analyzer.analyze_exam(frames=[frame, brighter_cornea(frame, 4), without])
    assert [scan.reasons for scan in eye.scans] == [(), (), bundled_analyzer.analyze_pixels(without).reasons]


def test_levels_are_looked_for_once_for_each_scan(
    bundled_analyzer: CataractAnalyzer, frame: NDArray[np.uint8], monkeypatch: pytest.MonkeyPatch
) -> None:
    from edge_runtime.frame import prepare

    looks = []
    look = prepare.find_reference_levels

    def counted(frame: NDArray[np.uint8], coarse: NDArray[np.uint8], *, device_pixels: bool) -> object:
        looks.append(frame.shape)
        return look(frame, coarse, device_pixels=device_pixels)

    monkeypatch.setattr(prepare, "find_reference_levels", counted)
    CataractAnalyzer(bundled_analyzer.network, limits=Limits(threads=1)).analyze_exam(
        frames=[frame, brighter_cornea(frame, 4)]
    )
    assert len(looks) == 2
