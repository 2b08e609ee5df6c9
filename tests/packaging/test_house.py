"""The house's measures: short files, short functions, no import circle, a short way of the data."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.evidence.house import import_circles, long_files, long_functions
from benchmarks.evidence.way_of_data import way_of_data
from tests.conftest import ROOT

SCAN_TO_DECISION = "edge_runtime/analyzer.py:CataractAnalyzer.analyze:path"
MAX_STAYS, MAX_RETURNS = 23, 5  # 17 and 3 without the labels of a person, which are a way of their own


def test_every_source_file_has_fewer_than_300_lines() -> None:
    assert long_files(ROOT) == []


def test_no_function_is_longer_than_60_lines() -> None:
    assert long_functions(ROOT) == []


def test_no_modules_import_each_other_in_a_circle() -> None:
    assert import_circles(ROOT) == []


def test_a_scan_reaches_its_decision_on_a_short_way() -> None:
    assert way_of_data(SCAN_TO_DECISION, ROOT).excess(MAX_STAYS, MAX_RETURNS) == []


def test_the_way_is_really_followed_from_the_file_to_the_decision() -> None:
    """A trace that loses the data early would be short too."""
    functions = {one.function for stay in way_of_data(SCAN_TO_DECISION, ROOT).stays for one in stay.handings}
    assert {"read_scan", "largest_component", "judge"} <= functions


def tree(root: Path, **files: str) -> Path:
    for name, text in files.items():
        (root / f"{name}.py").write_text(text)
    return root


def test_the_file_check_can_fail(tmp_path: Path) -> None:
    root = tree(tmp_path, short="x = 1\n" * 299, long="x = 1\n" * 300)
    (root / "tests").mkdir()
    (root / "tests/test_long.py").write_text("x = 1\n" * 900)
    assert long_files(root) == ["long.py has 300 lines; at most 299 are allowed."]
    assert long_files(root, generated={"long.py"}) == []


def test_the_function_check_can_fail(tmp_path: Path) -> None:
    root = tree(
        tmp_path, a="def short():\n" + "    x = 1\n" * 59 + "class C:\n    def long(self):\n" + "        x = 1\n" * 60
    )
    assert long_functions(root) == ["a.py:62 long has 61 lines; at most 60 are allowed."]


@pytest.mark.parametrize("back", ["from house import a", "import house.a", "def f():\n    from .a import x"])
def test_the_circle_check_can_fail(tmp_path: Path, back: str) -> None:
    (tmp_path / "house").mkdir()
    tree(tmp_path / "house", __init__="", a="from .b import y", b="from .c import z", c=back)
    assert import_circles(tmp_path) == ["These modules import each other: house.a, house.b, house.c."]


def test_an_import_for_types_alone_makes_no_circle(tmp_path: Path) -> None:
    (tmp_path / "house").mkdir()
    back = "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from .a import x"
    tree(tmp_path / "house", __init__="", a="from .b import y", b=back)
    assert import_circles(tmp_path) == []


def test_the_check_of_the_way_can_fail(tmp_path: Path) -> None:
    root = tree(tmp_path, a="from b import f\ndef run(x): f(x); here(x)\ndef here(x): pass", b="def f(x): pass")
    assert way_of_data("a.py:run:x", root).excess(3, 1) == []
    assert way_of_data("a.py:run:x", root).excess(2, 0) == [
        "3 stays exceed the limit of 2.",
        "1 returns exceed the limit of 0.",
    ]
