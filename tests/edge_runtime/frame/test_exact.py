"""From a file to its counts only operations that are exact on every processor and in every version of OpenCV."""

from __future__ import annotations

import ast
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from edge_runtime.frame.brightness import _fitted, _smoothed
from edge_runtime.frame.resample import _area_mean
from tests.conftest import ROOT

ROOMS = ("frame", "measure", "model")
# What each may be used for: whole numbers in, whole numbers out, or a table.
EXACT = {"LUT", "boxFilter", "calcHist", "connectedComponentsWithStats", "resize", "CC_STAT_AREA", "erode", "dilate"}
INTERPOLATION = {"INTER_LINEAR_EXACT", "INTER_NEAREST_EXACT", "INTER_AREA"}  # the last by a whole number only
# The way back to the scan's pixels, for pictures: nothing is counted there.
PICTURES = {"warpAffine", "INTER_LINEAR", "INTER_NEAREST", "WARP_INVERSE_MAP", "BORDER_REPLICATE"}


# Functions whose last bits depend on the order of sums, or on the library of matrices.
INEXACT = {"polyfit", "lstsq", "solve", "inv", "svd", "einsum", "matmul", "dot", "convolve", "std", "var", "percentile"}
WHOLE_AREA = "coarse_grey"  # shrinks by a whole number, where INTER_AREA is exact
PICTURES_ONLY = "on_scan_pixels"
FILES = [path for room in ROOMS for path in sorted((ROOT / "edge_runtime" / room).glob("*.py"))]


def dotted(node: ast.AST) -> str:
    """The dotted name of an expression such as np.linalg.lstsq; "" for any other."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute) and (inner := dotted(node.value)):
        return f"{inner}.{node.attr}"
    return ""


def faults(source: str) -> list[str]:
    """What a source file uses that is not exact everywhere."""
    tree = ast.parse(source)
    found: list[str] = []

    def look(node: ast.AST, function: str) -> None:
        if isinstance(node, ast.FunctionDef):
            function = node.name
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in {"cv2", "numpy"}:
            found.extend(alias.name for alias in node.names if alias.name != "NDArray")
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.MatMult):
            found.append("@")
        name = dotted(node) if isinstance(node, ast.Attribute) else ""
        first, _, rest = name.partition(".")
        if first == "cv2" and function != PICTURES_ONLY and rest not in EXACT | INTERPOLATION:
            found.append(name)
        if rest == "INTER_AREA" and function != WHOLE_AREA:
            found.append(f"{name} in {function}")
        if isinstance(node, ast.Attribute) and node.attr in INEXACT:
            found.append(node.attr)
        if isinstance(node, ast.Call) and function != PICTURES_ONLY:
            words = {word.arg: word.value for word in node.keywords}
            if dotted(node.func) == "cv2.resize" and "interpolation" not in words:
                found.append("cv2.resize without interpolation")
            normalised = words.get("normalize")
            exact = isinstance(normalised, ast.Constant) and normalised.value is False
            if dotted(node.func) == "cv2.boxFilter" and not exact:
                found.append("cv2.boxFilter that is normalised")
        for child in ast.iter_child_nodes(node):
            look(child, function)

    look(tree, "")
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_only_exact_operations_are_used(path: Path) -> None:
    assert faults(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "line",
    [
        "cv2.resize(g, size)",
        "cv2.resize(g, size, interpolation=cv2.INTER_LINEAR)",
        "cv2.resize(g, size, interpolation=cv2.INTER_AREA)",
        "cv2.GaussianBlur(g, (0, 0), 1)",
        "cv2.boxFilter(g, -1, (3, 3))",
        "np.linalg.lstsq(a, b)",
        "np.polyfit(x, y, 2)",
        "a @ b",
        "values.std()",
        "from cv2 import GaussianBlur",
        "from numpy.linalg import lstsq",
    ],
)
def test_what_is_not_exact_everywhere_is_found(line: str) -> None:
    assert faults(f"def step(g):\n    {line}\n") if "from" not in line else faults(line)


def test_the_area_mean_is_that_of_fractions() -> None:
    row = np.random.default_rng(1).integers(0, 256, 37).astype(np.uint8)
    for length in (36, 20, 7, 1):
        shrunk = _area_mean(row[None, :], 1, length)[0]
        for place in range(length):
            first, last = Fraction(37 * place, length), Fraction(37 * (place + 1), length)
            shares = [max(Fraction(0), min(last, k + 1) - max(first, k)) for k in range(37)]
            mean = sum(share * int(value) for share, value in zip(shares, row, strict=True)) / (last - first)
            assert shrunk[place] == int(mean + Fraction(1, 2))


def test_the_area_mean_is_the_same_along_both_axes_and_close_to_that_of_opencv() -> None:
    picture = np.random.default_rng(2).integers(0, 256, (150, 97)).astype(np.uint8)
    shrunk = _area_mean(picture, 0, 61)
    assert np.array_equal(shrunk, _area_mean(np.ascontiguousarray(picture.T), 1, 61).T)
    other = cv2.resize(picture, (97, 61), interpolation=cv2.INTER_AREA)
    assert np.abs(shrunk.astype(int) - other).max() <= 1


def smooth_reference(picture: NDArray[np.uint8]) -> NDArray[np.float32]:
    return np.asarray(cv2.GaussianBlur(picture.astype(np.float32), (0, 0), 1.0), np.float32)


def test_smoothing_is_gaussian() -> None:
    picture = np.random.default_rng(3).integers(0, 256, (40, 50)).astype(np.uint8)
    assert np.abs(_smoothed(picture.astype(np.int64)) - smooth_reference(picture)).max() < 0.01


def test_the_fitted_parabola_is_that_of_least_squares() -> None:
    rng = np.random.default_rng(4)
    x = rng.integers(0, 600, 300)
    y = np.rint(0.0021 * (x - 270.0) ** 2 + 40 + rng.normal(0, 2, 300)).astype(np.int64)
    assert _fitted(x, y, 300) == pytest.approx(np.polyfit(x, y, 2), rel=1e-9)
    assert not _fitted(np.array([1, 1, 1]), np.array([2, 3, 4]), 0).any()
