"""What names say: every documented pattern, and what only looks like one."""

from __future__ import annotations

import random

import pytest

from edge_runtime.exams.names import eye_in, eye_words, meridian_in, natural_key
from edge_runtime.scan import Laterality

OD, OS = Laterality.OD, Laterality.OS


@pytest.mark.parametrize(
    ("name", "eye"),
    [
        ("P1_OD_001", OD),
        ("P1_OS", OS),
        ("scan-os-12", OS),
        ("OD1", OD),
        ("OS 03", OS),
        ("exam_R", OD),
        ("exam-L", OS),
        ("exam L 004", OS),
        ("exam_R_030deg", OD),
        ("R", OD),
        ("l", OS),
        ("01 right eye", OD),
        ("Left.2", OS),
        ("rechts_1", OD),
        ("linkes Auge", OS),
        ("droite", OD),
        ("œil gauche", OS),
        ("œil_OG_2", OS),
        ("ojo derecho 1", OD),
        ("izquierdo-3", OS),
        ("OI_3", OS),
        ("右眼_1", OD),
        ("左_2", OS),
        ("\uff2f\uff24_1", OD),  # full-width
        ("العين اليسرى", OS),
    ],
)
def test_a_documented_word_says_the_eye(name: str, eye: Laterality) -> None:
    assert eye_in(name) is eye


@pytest.mark.parametrize(
    "name",
    [
        "", "scan", "model", "loss_3", "RightEye", "odd_1", "copyright", "wood", "R_Smith_003", "L. Jones", "r2",
        "scan_r2", "leftover", "OU_1", "rl_1", "closed", "Linksys",
    ],
)  # fmt: skip
def test_what_only_looks_like_a_word_says_nothing(name: str) -> None:
    assert eye_in(name) is None


@pytest.mark.parametrize("name", ["OD_OS", "left_and_right", "OD_1_L", "od os"])
def test_a_name_of_both_eyes_says_neither(name: str) -> None:
    assert len({word.eye for word in eye_words(name)}) == 2
    assert eye_in(name) is None


def test_an_initial_before_the_word_of_the_eye_is_no_eye() -> None:
    (word,) = eye_words("Miller_L_OD_003")
    assert (word.eye, word.before, word.after) == (OD, "Miller_L", "003")


@pytest.mark.parametrize(
    ("name", "degrees"),
    [
        ("OD_030deg", 30.0),
        ("OD_30°", 30.0),
        ("22.5deg", 22.5),
        ("a 150 deg b", 150.0),
        ("meridian-30", 30.0),
        ("x_Meridian_090", 90.0),
        ("180deg", 180.0),
        ("0deg", 0.0),
        ("OD_030", None),
        ("190deg", None),
        ("30degrees", None),
        ("1030deg", None),
        ("30deg_60deg", None),
        ("30deg_030deg", 30.0),
    ],
)
def test_a_meridian_is_read_from_its_patterns_alone(name: str, degrees: float | None) -> None:
    assert meridian_in(name) == degrees


def test_numbers_in_names_sort_as_numbers() -> None:
    names = ["a1", "a2", "a10", "B3", "b20", "c", "c0", "c00"]
    shuffled = random.Random(4).sample(names, len(names))
    assert sorted(shuffled, key=natural_key) == names


def test_a_byte_that_is_no_utf_8_is_a_part_of_its_word() -> None:
    """Names in an older encoding say no eye by chance, and keep exams apart."""
    assert eye_in("exam_M\udcf6l") is None
    assert eye_in("B\udcf6od_1") is None
    (word,) = eye_words("M\udcfc_OD_1")
    assert (word.before, word.after) == ("M\udcfc", "1")
