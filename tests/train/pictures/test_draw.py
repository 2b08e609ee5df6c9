"""Pictures that show no anterior segment: from the seed alone, of every family, and the tested ones kept apart."""

from __future__ import annotations

import numpy as np
import pytest

from edge_runtime.look.tissues import Picture
from train.pictures.draw import FAMILIES, HELD_OUT_FAMILIES, TRAINING_FAMILIES, draw_picture


def test_the_same_seed_and_number_draw_the_same_picture_in_any_order() -> None:
    first = [draw_picture("a", number) for number in range(4)]
    for number in (3, 1, 0, 2):
        again = draw_picture("a", number)
        assert again.family == first[number].family
        assert np.array_equal(again.pixels, first[number].pixels)


def test_another_seed_and_another_number_draw_another_picture() -> None:
    one = draw_picture("a", 0, ["sky"]).pixels
    for other in (draw_picture("b", 0, ["sky"]), draw_picture("a", 1, ["sky"])):
        assert one.shape != other.pixels.shape or not np.array_equal(one, other.pixels)


@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_draws_varied_grey_pictures(family: str) -> None:
    drawn = [draw_picture("families", number, [family]) for number in range(3)]
    assert {picture.family for picture in drawn} == {family}
    for picture in drawn:
        assert picture.pixels.dtype == np.uint8
        assert picture.pixels.ndim == 2
        assert min(picture.pixels.shape) >= 200
        assert picture.picture in {Picture.OTHER_SCAN, Picture.NOT_A_SCAN}
    assert len({picture.pixels.tobytes() for picture in drawn}) == 3


@pytest.mark.parametrize(
    ("family", "picture"),
    [("macula", Picture.OTHER_SCAN), ("cornea-close-up", Picture.OTHER_SCAN), ("ultrasound-fan", Picture.NOT_A_SCAN)],
)
def test_a_picture_says_what_it_is(family: str, picture: Picture) -> None:
    assert draw_picture("kinds", 0, [family]).picture is picture


def test_most_pictures_have_the_size_of_a_device_frame_and_some_do_not() -> None:
    shapes = [draw_picture("sizes", number, ["even-grey"]).pixels.shape for number in range(60)]
    usual = sum(shape in {(1824, 2150), (1459, 1713), (1519, 768)} for shape in shapes)
    assert 30 < usual < 60


def test_held_out_families_are_a_third_of_both_kinds_and_never_drawn_for_training() -> None:
    assert not set(HELD_OUT_FAMILIES) & set(TRAINING_FAMILIES)
    assert set(HELD_OUT_FAMILIES) | set(TRAINING_FAMILIES) == set(FAMILIES)
    assert len(FAMILIES) == len(set(FAMILIES))
    assert 0.25 < len(HELD_OUT_FAMILIES) / len(FAMILIES) < 0.42
    for families in (HELD_OUT_FAMILIES, TRAINING_FAMILIES):
        assert {draw_picture("kinds", 0, [family]).picture for family in families} == {
            Picture.OTHER_SCAN,
            Picture.NOT_A_SCAN,
        }
    assert {draw_picture("training", number).family for number in range(40)} <= set(TRAINING_FAMILIES)


@pytest.mark.parametrize("families", [[], ["macula", "no-such-family"]])
def test_a_family_that_is_not_known_is_refused(families: list[str]) -> None:
    with pytest.raises(ValueError, match="no families"):
        draw_picture("a", 0, families)
