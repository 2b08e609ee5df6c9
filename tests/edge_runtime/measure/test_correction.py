"""A person's labels go before the model's: with the tiny model every count can be worked out on paper."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

import edge_runtime
from edge_runtime import CataractAnalyzer, PixelPitch
from edge_runtime.errors import CorrectionError, UsageError
from edge_runtime.label_map import LabelMap
from edge_runtime.measure.lens import LensPixels
from edge_runtime.reading.raster import read_scan
from edge_runtime.report.document import document
from edge_runtime.results import EyeResult, ScanResult
from edge_runtime.scan import scan_from_pixels
from tests.edge_runtime.pictures import (
    CATARACT_FRACTION,
    CATARACT_PX,
    LENS_BOTTOM,
    LENS_LEFT,
    LENS_PX,
    LENS_RIGHT,
    LENS_TOP,
    encoded,
    lens_frame,
)

SAMPLES = Path(edge_runtime.__file__).parent / "samples"
Labels = NDArray[np.uint8]


def corrected(analyzer: CataractAnalyzer, frame: NDArray[Any], labels: Labels) -> ScanResult:
    return analyzer.analyze_scan(scan_from_pixels(frame).corrected_by(LabelMap(labels, "0" * 64)))


def painted(cataract_bottom: int = LENS_TOP + 200, top: int = LENS_TOP, left: int = LENS_LEFT) -> Labels:
    labels = np.zeros((1824, 2150), np.uint8)
    labels[top:LENS_BOTTOM, left:LENS_RIGHT] = 1
    labels[top:cataract_bottom, left:LENS_RIGHT] = 2
    return labels


def numbers(content: dict[str, Any]) -> dict[str, Any]:
    """What a correction may change, without what says that there was one."""
    eye = {name: value for name, value in content["eye"].items() if name != "corrected"}
    hidden = {"corrected", "timings_ms"}
    return {
        "eye": eye,
        "scans": [{name: value for name, value in scan.items() if name not in hidden} for scan in content["scans"]],
    }


def test_counts_are_those_of_the_person(analyzer: CataractAnalyzer) -> None:
    result = corrected(analyzer, lens_frame(), painted(cataract_bottom=LENS_TOP + 400))
    assert result.pixels == LensPixels(LENS_PX, 2 * CATARACT_PX)
    assert result.cataract_fraction == 2 * CATARACT_FRACTION
    assert result.correction is not None
    assert result.correction.changed_px == CATARACT_PX
    assert result.correction.before.pixels == LensPixels(LENS_PX, CATARACT_PX)
    assert result.correction.before.cataract_fraction == CATARACT_FRACTION
    assert [notice.code for notice in result.notices] == ["corrected-labels"]


@pytest.mark.parametrize("share", [0.03, 0.05])
def test_dark_parts_that_a_person_calls_cataract_are_warned_of_and_graded(
    share: float, bundled_analyzer: CataractAnalyzer
) -> None:
    scan = read_scan(SAMPLES / "simulated-clear.png")
    labels = bundled_analyzer.analyze_scan(scan).labels.copy()
    lens = labels > 0
    labels[lens & (scan.pixels <= np.quantile(scan.pixels[lens], share))] = 2
    found = bundled_analyzer.analyze_scan(scan.corrected_by(LabelMap(labels, "0" * 64)))
    assert found.reasons == ()
    assert "unlikely-brightness" in [notice.code for notice in found.notices]
    assert found.cataract_fraction == pytest.approx(share, abs=0.02)
    untouched = bundled_analyzer.analyze_scan(scan.corrected_by(LabelMap(np.where(lens, 1, 0).astype("u1"), "0" * 64)))
    assert "unlikely-brightness" not in [notice.code for notice in untouched.notices]


def test_the_outline_is_that_of_the_person_and_density_is_counted_in_it(analyzer: CataractAnalyzer) -> None:
    result = corrected(analyzer, lens_frame(), painted(cataract_bottom=0, top=LENS_TOP + 200))
    assert result.pixels == LensPixels(LENS_PX - CATARACT_PX, 0)
    assert result.lens_density == 80
    assert np.array_equal(result.labels, painted(cataract_bottom=0, top=LENS_TOP + 200))


def test_a_lens_beyond_the_window_is_counted_whole(analyzer: CataractAnalyzer) -> None:
    left = 400  # the usual window begins at column 525
    result = corrected(analyzer, lens_frame(), painted(left=left))
    columns = (LENS_RIGHT - left) / 4
    assert result.pixels.lens == pytest.approx(175 * columns, rel=0.005)
    assert result.pixels.cataract == pytest.approx(50 * columns, rel=0.005)
    assert result.maps.window.left < left


@pytest.mark.parametrize("precision", ["int8", "fp32"])
@pytest.mark.parametrize(
    ("name", "rows", "columns", "pitch"),
    [
        ("simulated-cataract.png", 1459, 1713, None),
        ("simulated-clear.png", 1824, 2150, None),
        ("simulated-cataract.png", 768, 1519, (14_000 / 768, 16_500 / 1519)),
        ("simulated-cataract.png", 368, 434, (38.0, 38.0)),  # coarser than the network grid of 30.7 um
    ],
)
def test_an_untouched_map_gives_the_same_numbers(
    name: str, rows: int, columns: int, pitch: tuple[float, float] | None, precision: str
) -> None:
    frame = cv2.imread(str(SAMPLES / name), cv2.IMREAD_UNCHANGED)  # noqa: TID251 - a sample of a plain name
    frame = cv2.resize(frame, (columns, rows), interpolation=cv2.INTER_AREA).astype(np.uint8)
    analyzer = CataractAnalyzer(precision=precision, profile=None if pitch is None else PixelPitch(*pitch))
    before = analyzer.analyze(encoded(".png", frame))
    after = analyzer.analyze(encoded(".png", frame), corrected=encoded(".png", before.labels))
    assert before.pixels.lens > 0
    assert after.correction is not None
    assert after.correction.changed_px == 0
    created = "2026-01-31T10:11:12Z"
    assert numbers(document(analyzer.as_eye([after]), created=created)) == numbers(
        document(analyzer.as_eye([before]), created=created)
    )


def test_a_correction_of_a_correction_is_that_of_the_second_map(analyzer: CataractAnalyzer) -> None:
    first = corrected(analyzer, lens_frame(), painted(cataract_bottom=LENS_TOP + 400))
    again = corrected(analyzer, lens_frame(), first.labels)
    assert again.pixels == first.pixels
    assert np.array_equal(again.labels, first.labels)


@pytest.fixture(scope="module")
def all_cataract(bundled_analyzer: CataractAnalyzer) -> EyeResult:
    """Every pixel of a clear lens called cataract by a person."""
    scan = bundled_analyzer.analyze(SAMPLES / "simulated-clear.png")
    labels = np.where(scan.labels > 0, 2, 0).astype(np.uint8)
    result = bundled_analyzer.analyze(SAMPLES / "simulated-clear.png", corrected=encoded(".png", labels))
    return bundled_analyzer.as_eye([result])


def test_fraction_range_zones_areas_and_answer_follow_the_person(all_cataract: EyeResult) -> None:
    eye = document(all_cataract)["eye"]
    assert eye["cataract_fraction"] == 1
    assert eye["cataract_fraction_range"] == [1, 1]
    assert {zone["fraction"] for zone in eye["zones"].values()} == {1}
    assert set(eye["areas"].values()) == {1}
    assert eye["answer"] == "refer"


def test_grade_and_scatter_stay_the_models_in_the_same_outline(all_cataract: EyeResult) -> None:
    eye = document(all_cataract)["eye"]
    before = eye["corrected"]["before"]
    assert before["cataract_fraction"] == 0
    assert eye["grade"] == before["grade"]
    assert [eye[name] for name in ("optical_depth", "forward_scatter")] == [
        before[name] for name in ("optical_depth", "forward_scatter")
    ]
    assert (before["answer"], eye["corrected"]["scans"]) == ("repeat", 1)
    assert before["cataract_evidence"] < 0.3
    assert eye["cataract_evidence"] is None  # it was fitted to what a model labels
    assert "corrected" not in before


def test_another_outline_changes_what_is_measured_in_it(bundled_analyzer: CataractAnalyzer) -> None:
    path = SAMPLES / "simulated-cataract.png"
    labels = bundled_analyzer.analyze(path).labels
    rows = np.flatnonzero(labels.any(axis=1))
    labels[rows[0] : rows[0] + 60] = 0
    eye = document(bundled_analyzer.as_eye([bundled_analyzer.analyze(path, corrected=encoded(".png", labels))]))["eye"]
    before = eye["corrected"]["before"]
    assert eye["lens_thickness_mm"] < before["lens_thickness_mm"] - 0.3
    assert eye["grade"]["value_db"] != before["grade"]["value_db"]


def test_the_rules_that_refuse_a_scan_hold_for_corrected_labels(analyzer: CataractAnalyzer) -> None:
    labels = np.zeros((1824, 2150), np.uint8)
    labels[1000:1080, 1000:1080] = 1
    result = corrected(analyzer, lens_frame(), labels)
    assert result.reasons == ("lens-too-small",)
    assert (result.cataract_fraction, result.lens) == (None, None)
    assert result.correction is not None
    assert result.correction.before.gradable


def test_a_scan_that_was_not_graded_is_graded_by_the_labels_of_a_person(analyzer: CataractAnalyzer) -> None:
    dark = lens_frame()
    dark[dark > 40] = 30  # below what the tiny model calls lens
    assert analyzer.analyze_pixels(dark).reasons == ("lens-not-found",)
    result = corrected(analyzer, dark, painted())
    assert (result.reasons, result.cataract_fraction) == ((), CATARACT_FRACTION)
    assert "corrected-lens-elsewhere" in [notice.code for notice in result.notices]


def test_a_lens_elsewhere_is_named(analyzer: CataractAnalyzer) -> None:
    moved = np.roll(painted(), 400, axis=1)
    codes = [notice.code for notice in corrected(analyzer, lens_frame(), moved).notices]
    assert codes[:2] == ["corrected-labels", "corrected-lens-elsewhere"]


def test_a_speck_that_the_network_grid_cannot_hold_is_refused(analyzer: CataractAnalyzer) -> None:
    labels = np.zeros((1824, 2150), np.uint8)
    labels[LENS_TOP + 1, LENS_LEFT + 1] = 1
    with pytest.raises(CorrectionError) as caught:
        corrected(analyzer, lens_frame(), labels)
    assert (caught.value.word, caught.value.exit_code) == ("labels-empty", 65)


def test_a_map_of_another_size_or_scan_is_refused(analyzer: CataractAnalyzer) -> None:
    scan = scan_from_pixels(lens_frame())
    with pytest.raises(CorrectionError) as size:
        scan.corrected_by(LabelMap(painted()[1:], "0" * 64))
    with pytest.raises(CorrectionError) as other:
        scan.corrected_by(LabelMap(painted(), "0" * 64, scan_sha256="1" * 64))
    assert (size.value.word, other.value.word) == ("labels-size", "labels-other-scan")


def test_one_corrected_scan_of_an_exam_changes_the_mean_and_keeps_the_models(analyzer: CataractAnalyzer) -> None:
    frames = [lens_frame(cataract_rows=4 * step) for step in range(20, 26)]
    plain = analyzer.analyze_exam(frames=frames, laterality="OD")
    mine = LabelMap(painted(cataract_bottom=LENS_TOP + 400), "0" * 64)
    eye = analyzer.analyze_exam(frames=frames, laterality="OD", corrected={"frame 2": mine})
    assert plain.before is None
    assert eye.before is not None
    assert eye.before.cataract_fraction == plain.cataract_fraction
    fractions = [100 / 175 if step == 21 else step / 175 for step in range(20, 26)]
    assert eye.cataract_fraction == pytest.approx(np.mean(fractions))
    assert [scan.correction is not None for scan in eye.scans] == [False, True, False, False, False, False]
    # The scan now disagrees with the others; by the labels of the model it does not.
    assert "scans-disagree" in [notice.code for notice in eye.notices]
    assert "scans-disagree" not in [notice.code for notice in eye.before.notices]


def test_a_map_for_no_scan_of_an_exam_is_refused(analyzer: CataractAnalyzer) -> None:
    with pytest.raises(UsageError) as caught:
        analyzer.analyze_exam(frames=[lens_frame()], corrected={"frame 9": LabelMap(painted(), "0" * 64)})
    assert caught.value.word == "labels-without-scan"
