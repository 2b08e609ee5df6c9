"""The way of the data through small made-up packages, where every stay can be counted."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.evidence.way_of_data import main, way_of_data


def written(root: Path, **files: str) -> Path:
    """A package `house` of these modules; ``__`` in a name is a folder."""
    for name, text in files.items():
        path = root / "house" / f"{name.replace('__', '/')}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


def stays(root: Path, entry: str) -> list[str]:
    """Names of the files in which the data stays, in order."""
    return [Path(stay.file).stem for stay in way_of_data(f"house/{entry}", root).stays]


def test_a_chain_of_values_visits_each_file_once_and_inner_calls_first(tmp_path: Path) -> None:
    chain = "from .{0} import {0}\nfrom .{1} import {1}\ndef run(scan): return {1}({0}(scan))"
    root = written(
        tmp_path,
        order=chain.format("view", "judge"),
        view="def view(scan): return scan + 1",
        judge="def judge(it): pass",
    )
    way = way_of_data("house/order.py:run:scan", root)
    assert [stay.file for stay in way.stays] == ["house/order.py", "house/view.py", "house/judge.py"]
    assert (way.files, way.returns) == (3, 0)


def test_a_step_in_the_callers_own_file_between_two_others_is_a_return(tmp_path: Path) -> None:
    root = written(
        tmp_path,
        order="from house import lens\ndef run(x):\n    y = lens.find(x)\n    here(y), lens.find(y)\ndef here(y): ...",
        lens="def find(x): return [x]",
    )
    way = way_of_data("house/order.py:run:x", root)
    assert [Path(stay.file).stem for stay in way.stays] == ["order", "lens", "order", "lens"]
    assert way.returns == 2


def test_several_calls_into_one_file_are_one_stay(tmp_path: Path) -> None:
    root = written(tmp_path, order="from .a import f, g\ndef run(x): f(x); g(x)", a="def f(x): g(x)\ndef g(x): pass")
    assert stays(root, "order.py:run:x") == ["order", "a"]


def test_a_call_without_the_data_is_not_followed(tmp_path: Path) -> None:
    root = written(tmp_path, order="from .a import f\ndef run(x, y): f(y); f(3)", a="def f(x): pass")
    assert stays(root, "order.py:run:x") == ["order"]


def test_imports_inside_functions_and_through_packages_are_resolved(tmp_path: Path) -> None:
    root = written(
        tmp_path,
        order="def run(x):\n    from house.rooms import f\n    f(x)",
        rooms__inner="from ..deep import g\ndef f(x): g(x)",
        deep="def g(x): pass",
    )
    (root / "house/rooms/__init__.py").write_text("from .inner import f as f")
    assert stays(root, "order.py:run:x") == ["order", "inner", "deep"]


READER = "class Reader:\n    def read(self, path): return open(path)"


@pytest.mark.parametrize(
    "order",
    [
        "from .reader import Reader\ndef run(path, reader: Reader | None): reader.read(path)",
        "from .reader import Reader\ndef run(path): Reader().read(path)",
        "from .reader import Reader\ndef made() -> Reader: ...\ndef run(path):\n    it = made()\n    it.read(path)",
        "from .reader import Reader\ndef run(path, all: dict[str, Reader]):\n    for r in all.values(): r.read(path)",
        "from . import reader\ndef run(path, it: 'reader.Reader'): it.read(path)",
    ],
    ids=["annotation", "construction", "result", "container", "text"],
)
def test_methods_are_found_by_the_class_of_their_object(tmp_path: Path, order: str) -> None:
    root = written(tmp_path, order=order, reader=READER)
    assert stays(root, "order.py:run:path") == ["order", "reader"]


def test_methods_are_found_through_attributes_set_in_init(tmp_path: Path) -> None:
    root = written(
        tmp_path,
        order=(
            "from .reader import Reader\nclass Order:\n    def __init__(self): self._reader = Reader()\n"
            "    def run(self, path): return self._reader.read(path)"
        ),
        reader=READER,
    )
    assert stays(root, "order.py:Order.run:path") == ["order", "reader"]


def test_a_dataclass_carries_the_data_in_the_field_that_got_it(tmp_path: Path) -> None:
    root = written(
        tmp_path,
        order=(
            "from .values import Pair\nfrom .a import f\nfrom .b import g\n"
            "def run(x, y):\n    pair = Pair(held=x, other=y)\n    f(pair.held)\n    g(pair.other)"
        ),
        values="from dataclasses import dataclass\n@dataclass\nclass Pair:\n    held: int\n    other: int",
        a="def f(x): pass",
        b="def g(x): pass",
    )
    assert stays(root, "order.py:run:x") == ["order", "a"]


def test_a_value_stays_where_it_is_but_its_methods_are_followed(tmp_path: Path) -> None:
    root = written(
        tmp_path,
        order="from .values import Held\ndef run(x): Held(x).show()",
        values=(
            "from dataclasses import dataclass\nfrom .a import f\n@dataclass\nclass Held:\n    x: int\n"
            "    def show(self): f(self.x)"
        ),
        a="def f(x): pass",
    )
    assert stays(root, "order.py:run:x") == ["order", "a"]


def test_an_object_of_the_project_is_the_data_but_a_number_is_a_fact(tmp_path: Path) -> None:
    values = (
        "from dataclasses import dataclass\n@dataclass\nclass Scan:\n    pixels: int\n"
        "def read(path) -> Scan: return Scan(3)\ndef size(path) -> int: return len(path) + path"
    )
    root = written(
        tmp_path,
        order=(
            "from .values import read, size\nfrom .a import f\nfrom .b import g\n"
            "def run(path): f(read(path)); g(size(path))"
        ),
        values=values,
        a="def f(scan): pass",
        b="def g(n): pass",
    )
    assert stays(root, "order.py:run:path") == ["order", "values", "a", "values"]


def test_a_function_that_is_passed_on_is_followed_to_its_call(tmp_path: Path) -> None:
    root = written(
        tmp_path,
        order=(
            "from .tiles import each\nfrom .net import label\n"
            "def run(scan):\n    def one(tile): return label(tile)\n    each(one, scan)"
        ),
        tiles="def each(do, scan):\n    for tile in scan: do(tile)",
        net="def label(tile): pass",
    )
    assert stays(root, "order.py:run:scan") == ["order", "tiles", "order", "net"]


def test_every_branch_is_walked_and_what_is_raised_is_not(tmp_path: Path) -> None:
    root = written(
        tmp_path,
        order=(
            "from .a import f\nfrom .b import g\nfrom .c import fault\ndef run(x):\n    if x: f(x)\n    else: g(x)\n"
            "    raise fault(x)"
        ),
        a="def f(x): pass",
        b="def g(x): pass",
        c="def fault(x): pass",
    )
    assert stays(root, "order.py:run:x") == ["order", "a", "b"]


def test_recursion_ends(tmp_path: Path) -> None:
    root = written(
        tmp_path, order="from .a import f\ndef run(x): f(x)", a="from .order import run\ndef f(x): return run(x)"
    )
    assert stays(root, "order.py:run:x") == ["order", "a", "order"]


def test_the_program_exits_with_1_above_a_limit(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = written(tmp_path, order="from .a import f\ndef run(x): f(x)", a="def f(x): pass")
    call = ["house/order.py:run:x", "--root", str(root), "--limit-stays"]
    assert main([*call, "2", "--limit-returns", "0"]) == 0
    assert main([*call, "1"]) == 1
    printed = capsys.readouterr()
    assert "2 stays in 2 files, 0 returns" in printed.out
    assert printed.err == "2 stays exceed the limit of 1.\n"


@pytest.mark.parametrize("entry", ["house/none.py:run:x", "house/order.py:walk:x", "house/order.py:run:y"])
def test_an_entry_that_does_not_exist_is_refused(tmp_path: Path, entry: str) -> None:
    root = written(tmp_path, order="def run(x): pass")
    with pytest.raises(SystemExit, match="2"):
        main([entry, "--root", str(root)])
