from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import pytest

from train.parsing import build


class Colour(StrEnum):
    RED = "red"


@dataclass(frozen=True, slots=True)
class Inner:
    share: float = 0.5

    def __post_init__(self) -> None:
        if self.share > 1:
            raise ValueError(f"a share of at most 1 was expected, got {self.share}")


@dataclass(frozen=True, slots=True)
class Outer:
    count: int
    inner: Inner | None = None
    window: tuple[int, int] = (1, 1)
    colour: Colour = Colour.RED


def test_tables_inside_a_table_are_built_too() -> None:
    found = build(Outer, {"count": 3, "inner": {"share": 1}, "window": [2, 4], "colour": "red"})
    assert found == Outer(3, Inner(1.0), (2, 4), Colour.RED)
    assert found.inner is not None
    assert type(found.inner.share) is float
    assert build(Outer, {"count": 3, "inner": None}) == Outer(3)


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        ({}, "count: missing"),
        ([], r"a table was expected, got \[\]"),
        ({"count": "3"}, "count: type int was expected, got '3'"),
        ({"count": 3.0}, r"count: type int was expected, got 3\.0"),
        ({"count": True}, "count: type int was expected, got True"),
        ({"count": 3, "inner": 4}, "inner: a table was expected, got 4"),
        ({"count": 3, "inner": {"shore": 1.0}}, "inner: unknown key shore; known are share"),
        ({"count": 3, "inner": {"share": 2.0}}, r"inner: a share of at most 1 was expected, got 2\.0"),
        ({"count": 3, "window": [1, "2"]}, r"window\[1\]: type int was expected, got '2'"),
        ({"count": 3, "colour": "blue"}, "colour: 'blue' is not a valid Colour"),
        ({"colour": 3, "size": 1}, r"count: missing; colour: 3 is not a valid Colour; unknown key size"),
    ],
)
def test_a_fault_is_named_by_its_entry(entries: object, message: str) -> None:
    with pytest.raises(ValueError, match=f"^{message}"):
        build(Outer, entries)
