"""The picture of an eye: its scans, what is seen from the front, and no colour where nothing was measured."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from edge_runtime import CataractAnalyzer, Laterality
from edge_runtime.errors import ScanError
from edge_runtime.golden import SAMPLES
from edge_runtime.report.eye_picture import (
    ANGLES,
    GREY,
    MAP_SIDE,
    ORANGE,
    WHITE,
    WIDTH,
    Angles,
    angles_of,
    draw_eye,
    draw_map,
    from_the_front,
    legend,
)
from edge_runtime.report.lettering import Lettering
from edge_runtime.report.overlay import BACKGROUND
from edge_runtime.results import EyeResult, ScanResult, UnreadableScan
from edge_runtime.scan import Known, Origin


@pytest.fixture(scope="module")
def eye(bundled_analyzer: CataractAnalyzer) -> EyeResult:
    scan = bundled_analyzer.analyze(SAMPLES / "simulated-cataract.png")
    return bundled_analyzer.as_eye([scan] * 6, laterality=Laterality.OD, scans_expected=6)


def test_the_same_eye_and_day_give_the_same_picture(eye: EyeResult) -> None:
    picture = draw_eye(eye, date="2026-01-31")
    assert picture.shape[1] == WIDTH
    assert np.array_equal(picture, draw_eye(eye, date="2026-01-31"))
    assert not np.array_equal(picture, draw_eye(eye, date="2026-02-01"))


def test_between_the_meridians_nothing_is_filled_in(eye: EyeResult) -> None:
    letters = Lettering(WIDTH, 1)
    wedges = from_the_front(eye, letters)[letters.height(1) : letters.height(1) + MAP_SIDE]
    middle = (MAP_SIDE - 1) / 2
    for angle in np.radians(np.arange(15, 360, 30)):
        for radius in (60, 100, 180):
            place = wedges[round(middle - radius * np.sin(angle)), round(middle + radius * np.cos(angle))]
            assert tuple(place) in {(BACKGROUND,) * 3, GREY}
    on_meridians = wedges[round(middle), round(middle) + 60]
    assert tuple(on_meridians) not in {(BACKGROUND,) * 3, GREY}


@pytest.mark.parametrize("name", ["exam", "exam with an ungraded scan", "more than an exam", "not graded"])
def test_any_eye_can_be_drawn(name: str, eye_of: Callable[[str], EyeResult]) -> None:
    assert draw_eye(eye_of(name), date="2026-01-31").ndim == 3


def entry_at(scan: ScanResult, angle_deg: float | None) -> ScanResult:
    known = None if angle_deg is None else Known(angle_deg, Origin.FILE)
    return replace(scan, scan=replace(scan.scan, meridian_deg=known))


def drawn_at(eye: EyeResult, entries: Sequence[ScanResult | UnreadableScan]) -> list[float]:
    """The angles at which anything is drawn, every 5 degrees of half a turn."""
    wedges = draw_map(replace(eye, entries=tuple(entries)))
    middle, radius = (MAP_SIDE - 1) / 2, 0.6 * MAP_SIDE / 2
    found = []
    for angle in np.arange(0, 180, 5):
        row = round(middle - radius * np.sin(np.radians(angle)))
        column = round(middle + radius * np.cos(np.radians(angle)))
        if tuple(wedges[row, column]) not in {(BACKGROUND,) * 3, GREY}:
            found.append(float(angle))
    return found


def wedges_of(centres: Sequence[float], half_width: float) -> list[float]:
    steps = np.arange(0, 180, 5)
    return [
        float(angle) for angle in steps if any(abs((angle - centre + 90) % 180 - 90) < half_width for centre in centres)
    ]


BROKEN = UnreadableScan("broken.png", ScanError("empty-file", "It is empty.", "Export it again."))


def test_a_scan_that_cannot_be_read_keeps_its_assumed_angle(eye: EyeResult) -> None:
    scan = entry_at(eye.scans[0], None)
    assert drawn_at(eye, [scan, BROKEN, scan]) == wedges_of([0, 60], 7.5)
    assert angles_of(replace(eye, entries=(scan, BROKEN, scan))) is Angles.ASSUMED


@pytest.mark.parametrize(("count", "half_width"), [(6, 7.5), (12, 7.5), (18, 5.0), (24, 3.75)])
def test_every_scan_whose_angle_is_known_is_drawn(count: int, half_width: float, eye: EyeResult) -> None:
    angles = [180 / count * place for place in range(count)]
    entries = [entry_at(eye.scans[0], angle) for angle in angles]
    assert drawn_at(eye, [entries[0], BROKEN, entries[-1]]) == wedges_of([0, angles[-1]], 7.5)
    assert set(wedges_of(angles, half_width - 1)) <= set(drawn_at(eye, entries))
    assert angles_of(replace(eye, entries=tuple(entries))) is Angles.RECORDED


def test_angles_of_more_scans_than_usual_are_not_assumed(eye: EyeResult) -> None:
    scan = entry_at(eye.scans[0], None)
    assert drawn_at(eye, [scan] * 7) == []
    assert drawn_at(eye, [scan] * 6 + [entry_at(scan, 40.0)]) == wedges_of([40], 7.5)
    assert drawn_at(eye, [entry_at(scan, 40.0), scan]) == wedges_of([40], 7.5)
    assert legend(angles_of(replace(eye, entries=(scan,) * 7)))[-1] == ANGLES[Angles.PARTLY_RECORDED]


def test_the_layers_below_the_capsules_are_drawn_in_narrow_wedges_too(eye: EyeResult) -> None:
    entries = [entry_at(eye.scans[0], 7.5 * place) for place in range(24)]
    usual, narrow = (draw_map(replace(eye, entries=tuple(some))) for some in (entries[::2], entries))
    for colour in (WHITE, ORANGE):
        assert (narrow == colour).all(axis=2).any() == (usual == colour).all(axis=2).any()


def test_tiles_are_numbered_as_the_scans_were_given(eye: EyeResult, monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[str] = []
    write = Lettering.write

    def noted(letters: Lettering, picture: NDArray[np.uint8], lines: Sequence[str], *place: int) -> None:
        written.extend(lines)
        write(letters, picture, lines, *place)

    monkeypatch.setattr(Lettering, "write", noted)
    draw_eye(replace(eye, entries=(eye.scans[0], BROKEN, eye.scans[0])), date="2026-01-31")
    assert [line[:2] for line in written if line.endswith(".png") and line[1] == ":"] == ["1:", "3:"]
