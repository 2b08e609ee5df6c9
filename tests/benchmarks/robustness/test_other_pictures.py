"""The count of what becomes of pictures that are no anterior segment."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks.robustness.found_pictures import found_pictures, images_of_packages, texts_of_packages
from benchmarks.robustness.other_pictures import Outcome, Sample, by, outcomes, samples, summary
from edge_runtime.analyzer import CataractAnalyzer
from edge_runtime.look.tissues import Picture
from edge_runtime.reading.raster import read_scan
from tests.conftest import ROOT
from train.pictures.draw import HELD_OUT_FAMILIES, TRAINING_FAMILIES

CORNEA, NOISE = Picture.OTHER_SCAN, Picture.NOT_A_SCAN


def test_refusals_numbers_and_right_pictures_are_counted_by_family() -> None:
    found = [
        Outcome("held-out", "sclera", CORNEA, None, ("no-lens",), error=False, fraction=None),
        Outcome("held-out", "sclera", CORNEA, "other-scan", ("no-lens",), error=False, fraction=None),
        Outcome("held-out", "sclera", CORNEA, None, ("framed-picture",), error=True, fraction=None),
        Outcome("training", "sky", NOISE, None, ("framed-picture",), error=True, fraction=None),
        Outcome("training", "sky", NOISE, "natural-lens", (), error=False, fraction=0.4),
    ]
    total = summary(found)
    assert (total["n"], total["refused"], total["typed_errors"], total["given_a_number"]) == (5, 4, 2, 1)
    assert total["picture_right"] == 2  # a typed error is no answer to a scan of another part
    assert total["words"] == {"framed-picture": 2, "no-lens": 2}
    assert by("family", found)["sky"]["given_a_number"] == 1
    assert by("picture", found)["other-scan"]["picture_right"] == 1


@pytest.mark.slow
def test_the_parts_are_drawn_from_their_own_families_and_from_packages() -> None:
    parts: dict[str, set[str]] = {}
    for sample in samples("a", 6, 4, 2):
        parts.setdefault(sample.part, set()).add(sample.family)
    assert parts["held-out"] <= set(HELD_OUT_FAMILIES)
    assert parts["training"] <= set(TRAINING_FAMILIES)
    assert parts["found"] == {"image of a package", "text of a package"}


@pytest.mark.slow
def test_packages_bring_photographs_and_texts_but_none_of_our_scans() -> None:
    names = [name for name, _ in images_of_packages()]
    assert any(name.endswith("china.jpg") for name in names)
    assert not [name for name in names if "edge_runtime" in name]
    assert len(texts_of_packages()) > 50
    first, again = (next(found_pictures("a", 1)) for _ in range(2))
    assert np.array_equal(first.pixels, again.pixels)


@pytest.mark.slow
def test_a_scan_of_an_eye_would_be_counted_as_given_a_number_at_any_size() -> None:
    scan = read_scan(str(Path(ROOT, "edge_runtime/samples/simulated-cataract.png"))).pixels
    grey = scan if scan.dtype == np.uint8 else (scan >> 8).astype(np.uint8)
    square = np.ascontiguousarray(grey[:, : grey.shape[0] // 2])  # refused for its size, then stretched
    analyzer = CataractAnalyzer()
    whole, part = outcomes(analyzer, [Sample(pixels, "found", "scan", NOISE) for pixels in (grey, square)])
    assert whole.fraction is not None
    assert not whole.right
    assert not whole.refused_for_size
    assert part.refused_for_size
