"""What is too small, too large, or too much outside, is not graded; the limits are anatomy in millimetres."""

from __future__ import annotations

from dataclasses import replace

import pytest

from edge_runtime.frame.window import NATIVE_PITCH_UM, CropWindow
from edge_runtime.measure.lens import LensRegion
from edge_runtime.measure.quality import Evidence, reasons_not_to_grade

GRID = 4
MM = 1000 / NATIVE_PITCH_UM / GRID  # network-grid pixels


def region(depth_mm: float, width_mm: float) -> LensRegion:
    rows, columns = int(depth_mm * MM), int(width_mm * MM)
    return LensRegion(10, 10, 10 + rows, 10 + columns, rows * columns, 0)


def test_no_lens_is_a_reason() -> None:
    assert reasons_not_to_grade(Evidence(LensRegion(0, 0, 0, 0, 0, 0), GRID, ())) == ("lens-not-found",)


@pytest.mark.parametrize(
    ("depth_mm", "width_mm", "reasons"),
    [
        (5.0, 5.0, ()),
        (2.1, 1.1, ()),
        (1.9, 5.0, ("lens-too-small",)),
        (5.0, 0.9, ("lens-too-small",)),
        (1.0, 5.0, ("lens-too-small",)),  # an artificial lens
    ],
)
def test_lens_of_less_than_2_mm_depth_or_1_mm_width_is_too_small(
    depth_mm: float, width_mm: float, reasons: tuple[str, ...]
) -> None:
    assert reasons_not_to_grade(Evidence(region(depth_mm, width_mm), GRID, ())) == reasons


@pytest.mark.parametrize(
    ("depth_mm", "width_mm", "reasons"),
    [(11.9, 5.0, ()), (5.0, 11.9, ()), (12.1, 5.0, ("lens-too-large",)), (5.0, 12.1, ("lens-too-large",))],
)
def test_lens_of_more_than_any_lens_is_too_large(depth_mm: float, width_mm: float, reasons: tuple[str, ...]) -> None:
    assert reasons_not_to_grade(Evidence(region(depth_mm, width_mm), GRID, ())) == reasons


@pytest.mark.parametrize(("depth_mm", "graded"), [(2.5, False), (2.9, False), (3.1, True)])
@pytest.mark.parametrize("side", ["top", "bottom", "left", "right"])
def test_lens_cut_by_the_frame_needs_3_mm_of_depth(side: str, depth_mm: float, graded: bool) -> None:
    reasons = reasons_not_to_grade(Evidence(region(depth_mm, 5.0), GRID, (side,)))
    assert reasons == (() if graded else ("lens-mostly-outside",))


@pytest.mark.parametrize(
    ("fill", "reasons"), [(0.78, ()), (0.51, ()), (0.49, ("lens-not-solid",)), (0.1, ("lens-not-solid",))]
)
def test_streaks_that_fill_less_than_half_of_their_box_are_no_lens(fill: float, reasons: tuple[str, ...]) -> None:
    solid = region(4.0, 5.0)
    assert reasons_not_to_grade(Evidence(replace(solid, pixels=int(solid.pixels * fill)), GRID, ())) == reasons


def test_a_scale_that_is_missing_is_a_reason_of_its_own() -> None:
    assert reasons_not_to_grade(Evidence(region(4.0, 5.0), GRID, reference_missing=True)) == (
        "no-brightness-reference",
    )
    nothing = LensRegion(0, 0, 0, 0, 0, 0)
    reasons = reasons_not_to_grade(Evidence(nothing, GRID, reference_missing=True))
    assert reasons == ("lens-not-found", "no-brightness-reference")
    cut_to_the_lens = Evidence(region(4.0, 5.0), GRID, reference_missing=True, reference_expected=False)
    assert reasons_not_to_grade(cut_to_the_lens) == ()


def test_both_reasons_can_hold() -> None:
    evidence = Evidence(region(1.0, 5.0), GRID, ("bottom",))
    assert reasons_not_to_grade(evidence) == ("lens-too-small", "lens-mostly-outside")


@pytest.mark.parametrize(
    ("box", "sides"),
    [
        ((1, 1, 274, 274), ()),
        ((0, 1, 274, 274), ("top",)),
        ((1, 1, 276, 274), ("bottom",)),
        ((1, 0, 274, 274), ("left",)),
        ((1, 1, 274, 275), ("right",)),
        ((0, 0, 276, 275), ("top", "bottom", "left", "right")),
    ],
)
def test_sides_of_the_window_that_the_lens_touches(box: tuple[int, int, int, int], sides: tuple[str, ...]) -> None:
    window = CropWindow(640, 525, 1101, 1100)  # 276 x 275 network pixels: the last row is a part of one
    assert LensRegion(*box, 100, 0).sides_reached(window, GRID) == sides


def test_no_lens_touches_no_side() -> None:
    assert LensRegion(0, 0, 0, 0, 0, 0).sides_reached(CropWindow(0, 0, 100, 100), GRID) == ()


@pytest.mark.parametrize(
    ("window", "sides"),
    [
        (CropWindow(640, 525, 1100, 1100), ()),
        (CropWindow(0, 525, 1100, 1100), ("top",)),
        (CropWindow(724, 1050, 1100, 1100), ("bottom", "right")),
        (CropWindow(0, 0, 1824, 2150), ("top", "bottom", "left", "right")),
    ],
)
def test_sides_that_window_and_frame_share(window: CropWindow, sides: tuple[str, ...]) -> None:
    assert window.sides_of_frame((1824, 2150)) == sides
