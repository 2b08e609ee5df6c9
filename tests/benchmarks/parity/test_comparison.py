"""Each limit of a comparison is asked for by name."""

from __future__ import annotations

import pytest

from benchmarks.parity.comparison import broken

FINE = {
    "pixels": 10**6, "probability": 0.0, "labels_different": 0, "windows_different": 0, "gradings_different": 0,
    "fractions": 9, "cf": 0.0, "cf_99": 0.0, "decisions_changed": 0, "decisions_changed_outside_guard_band": 0,
    "auc": {"drift": 0.0}, "lens_dice": {"drift": 0.0},
}  # fmt: skip


@pytest.mark.parametrize(
    ("precision", "changed", "word"),
    [
        ("fp32", {"probability": 1.1e-5}, "probability"),
        ("fp32", {"labels_different": 2}, "labels different"),
        ("fp32", {"cf": 1.1e-4}, "Cataract Fraction"),
        ("fp32", {"decisions_changed": 1}, "decisions changed"),
        ("fp32", {"windows_different": 1}, "windows different"),
        ("fp32", {"gradings_different": 1}, "gradings different"),
        ("fp32", {"fractions": 0}, "no Cataract Fraction"),
        ("int8", {"cf": 0.021}, "Cataract Fraction"),
        ("int8", {"cf_99": 0.011}, "Cataract Fraction, 99th percentile"),
        ("int8", {"decisions_changed_outside_guard_band": 1}, "decisions changed outside the guard band"),
        ("int8", {"auc": {"drift": 0.003}}, "AUC"),
        ("int8", {"lens_dice": {"drift": 0.003}}, "lens Dice"),
    ],
)
def test_each_limit_is_asked_for(precision: str, changed: dict[str, object], word: str) -> None:
    assert broken(FINE, precision) == []
    (sentence,) = broken(FINE | changed, precision)
    assert sentence.startswith(word)


def test_an_int8_model_may_change_decisions_within_the_guard_band() -> None:
    assert broken(FINE | {"probability": 0.2, "labels_different": 900, "decisions_changed": 1}, "int8") == []
