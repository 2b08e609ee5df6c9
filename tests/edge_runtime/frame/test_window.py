"""The crop window always lies inside the frame."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_runtime.frame.profiles import (
    PROFILES,
)
from edge_runtime.frame.window import CropWindow
from tests.edge_runtime.pictures import lens_frame

ANTERION, RAW = PROFILES["anterion"], PROFILES["anterion-raw"]


def test_usual_window_is_the_paper_s() -> None:
    assert ANTERION.window((1824, 2150)) == CropWindow(640, 525, 1100, 1100)
    assert RAW.window((1762, 2150)) == CropWindow(640, 525, 1100, 1100)
    assert RAW.window((1000, 900)) == CropWindow(0, 0, 1000, 900)


@given(
    top=st.integers(-50, 300),
    left=st.integers(0, 300),
    rows=st.integers(1, 300),
    columns=st.integers(1, 300),
    frame=st.tuples(st.integers(1, 300), st.integers(1, 300)),
    centre=st.tuples(st.floats(-50, 400), st.floats(-50, 400)),
)
@settings(max_examples=200, deadline=None, derandomize=True)
def test_window_can_always_be_brought_into_the_frame(
    top: int, left: int, rows: int, columns: int, frame: tuple[int, int], centre: tuple[float, float]
) -> None:
    fitted = CropWindow(max(top, 0), left, rows, columns).within(frame)
    for window in (fitted, fitted.centred_on(*centre, frame)):
        assert 0 <= window.top <= window.top + window.rows <= frame[0]
        assert 0 <= window.left <= window.left + window.columns <= frame[1]
        assert (window.rows, window.columns) == (min(rows, frame[0]), min(columns, frame[1]))


@given(
    rows=st.integers(1, 1800),
    frame=st.integers(1, 1900),
    centre=st.floats(-50, 2000),
    step=st.sampled_from([32, 128]),
)
@settings(max_examples=200, deadline=None, derandomize=True)
def test_a_moved_window_begins_at_a_whole_step_even_where_the_frame_ends(
    rows: int, frame: int, centre: float, step: int
) -> None:
    """A window clipped at the frame's end began between two steps: fractions of one real eye went 0.38 to 0.09."""
    fitted = CropWindow(0, 0, rows, rows).within((frame, frame))
    window = fitted.centred_on(centre, centre, (frame, frame), step)
    assert window.top % step == window.left % step == 0
    assert window.top + window.rows <= frame
    extra = window.rows - fitted.rows
    assert 0 <= extra < step
    assert not extra or window.top + window.rows == frame


def test_cut_is_contiguous_and_where_it_says() -> None:
    frame = lens_frame()
    cut = CropWindow(840, 725, 4, 6).cut(frame)
    assert cut.flags.c_contiguous
    assert np.array_equal(cut, frame[840:844, 725:731])
