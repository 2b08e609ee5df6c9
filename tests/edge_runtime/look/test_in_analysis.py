"""What an analysis makes of a look: one window where the lens is, the right refusal, a warning, a map."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from edge_runtime import CataractAnalyzer
from edge_runtime.frame.resample import coarse_grey
from edge_runtime.look.look import Looker
from edge_runtime.look.network import LookNetwork
from edge_runtime.look.tissues import Picture, Tissue
from edge_runtime.report.document import document
from tests.conftest import RunProgram
from tests.edge_runtime.pictures import CATARACT_FRACTION, encoded, lens_frame
from tests.make_tiny_look import tiny_look_bytes

from .test_look import kinds


class Counting:
    """The predictor of an analyzer, which counts how many windows it labels."""

    def __init__(self, network: Any) -> None:
        self._network, self.windows = network, 0
        self.metadata, self.sha256, self.threads = network.metadata, network.sha256, network.threads

    def predict(self, window: Any) -> Any:
        self.windows += 1
        return self._network.predict(window)


def looking(model: Path, look: Looker | None) -> tuple[CataractAnalyzer, Counting]:
    analyzer = CataractAnalyzer(model)
    network = Counting(analyzer.network)
    analyzer.network, analyzer.look = network, look
    return analyzer, network


def look(**probability: float) -> LookNetwork:
    return LookNetwork(tiny_look_bytes(kinds(**probability)), 1)


@pytest.mark.parametrize("place", [(840, 725), (20, 725), (840, 1400), (1100, 10)])
def test_lens_anywhere_costs_one_window_and_gives_the_same_number(tiny_model: Path, place: tuple[int, int]) -> None:
    top, left = place
    frame = lens_frame(top, top + 700, left, left + 700)
    analyzer, network = looking(tiny_model, look(natural_lens=1.0))
    found = analyzer.analyze_pixels(frame)
    assert network.windows == 1
    assert found.cataract_fraction == pytest.approx(CATARACT_FRACTION, abs=5e-3)


def test_lens_that_the_look_misplaced_is_searched_for(tiny_model: Path) -> None:
    class Wrong:
        def look_at(self, coarse: Any) -> Any:
            seen = look(natural_lens=1.0).look_at(coarse)
            assert seen is not None
            seen.tissues[:] = 0
            seen.tissues[100:110, 10:20] = Tissue.NATURAL_LENS
            return seen

    frame = lens_frame(20, 720, 1400, 2100)
    analyzer, network = looking(tiny_model, Wrong())
    assert analyzer.analyze_pixels(frame).cataract_fraction == pytest.approx(CATARACT_FRACTION, abs=5e-3)
    assert network.windows == 3


@pytest.mark.parametrize(
    ("probability", "reason", "picture"),
    [
        ({"artificial_lens": 1.0}, "artificial-lens", "artificial-lens"),
        ({"no_lens": 1.0}, "no-lens", "no-lens"),
        ({"lens_outside": 1.0}, "lens-mostly-outside", "lens-outside"),
        ({"other_scan": 1.0}, "other-scan", "other-scan"),
        ({"not_a_scan": 0.4, "other_scan": 0.2, "natural_lens": 0.4}, "not-a-scan", "not-a-scan"),
        ({"artificial_lens": 0.3, "altered": 0.65, "natural_lens": 0.05}, "artificial-lens", "artificial-lens"),
    ],
)
def test_picture_without_a_gradable_lens_is_not_graded(
    tiny_model: Path, probability: dict[str, float], reason: str, picture: str
) -> None:
    analyzer, _ = looking(tiny_model, look(**probability))
    found = analyzer.analyze_pixels(lens_frame())
    assert found.reasons == (reason,)
    assert document(analyzer.as_eye([found]))["scans"][0]["picture"] == picture


@pytest.mark.parametrize(
    ("probability", "warnings", "picture"),
    [
        ({"natural_lens": 1.0}, set(), "natural-lens"),
        ({"phakic_implant": 1.0}, {"phakic-implant"}, "phakic-implant"),
        ({"altered": 0.9, "natural_lens": 0.1}, {"altered-picture"}, "altered"),
        ({"altered": 0.7, "natural_lens": 0.3}, set(), "natural-lens"),
        ({"natural_lens": 0.6, "not_a_scan": 0.4}, set(), "natural-lens"),
        ({"natural_lens": 0.3, "phakic_implant": 0.7}, set(), "natural-lens"),
    ],
)
def test_what_else_was_seen_is_told(
    tiny_model: Path, probability: dict[str, float], warnings: set[str], picture: str
) -> None:
    analyzer, _ = looking(tiny_model, look(**probability))
    found = analyzer.analyze_pixels(lens_frame())
    assert found.gradable
    assert {notice.code for notice in found.notices} == warnings
    assert document(analyzer.as_eye([found]))["scans"][0]["picture"] == picture


@pytest.mark.parametrize(
    ("other", "doubted"),
    [("artificial_lens", True), ("no_lens", True), ("other_scan", False), ("natural_lens", False)],
)
def test_an_eye_with_a_natural_and_another_lens_is_doubted(tiny_model: Path, other: str, doubted: bool) -> None:
    looks = iter([look(natural_lens=1.0)] * 3 + [look(**{other: 1.0})])

    class OneAfterTheOther:
        sha256 = ""

        def look_at(self, coarse: Any) -> Any:
            return next(looks).look_at(coarse)

    analyzer, _ = looking(tiny_model, OneAfterTheOther())
    eye = analyzer.analyze_exam(frames=[lens_frame(cataract_rows=rows) for rows in (200, 208, 216, 224)])
    assert [notice.source for notice in eye.notices if notice.code == "other-lens"] == [None] * doubted
    assert ("other-lens" in eye.findings.conclusion.reasons) is doubted


def test_tissues_lie_on_the_pixels_of_the_scan(tiny_model: Path) -> None:
    analyzer, _ = looking(tiny_model, look(natural_lens=1.0))
    small = cv2.resize(lens_frame(), (1713, 1459), interpolation=cv2.INTER_AREA).astype(np.uint8)
    found = analyzer.analyze_pixels(small)
    assert found.tissues is not None
    assert found.tissues.shape == small.shape
    lens, bright = found.tissues == Tissue.NATURAL_LENS, small > 40
    assert np.count_nonzero(lens & bright) / np.count_nonzero(lens | bright) > 0.95


def test_model_without_a_look_has_no_map(tiny_model: Path, run_program: RunProgram, tmp_path: Path) -> None:
    assert CataractAnalyzer(tiny_model).look is None
    assert CataractAnalyzer(tiny_model).analyze_pixels(lens_frame()).tissues is None
    scan, tissues = tmp_path / "scan.png", tmp_path / "tissues.png"
    scan.write_bytes(encoded(".png", lens_frame()))
    finished = run_program(scan, "--tissues", tissues)
    assert finished.returncode == 2
    assert b"no-look" in finished.stderr
    assert not tissues.exists()


def test_word_of_every_kind_of_picture_is_in_the_schema(tiny_model: Path) -> None:
    schema = json.loads((Path(__file__).parents[3] / "edge_runtime/schema/result-1.json").read_text(encoding="utf-8"))
    assert all(f'"{picture.value}"' in json.dumps(schema) for picture in Picture)


def test_lens_of_which_a_part_is_labelled_is_not_graded(tiny_model: Path) -> None:
    frame = lens_frame()
    frame[840:1540:, 725:1425] = 30
    frame[840:1100, 725:1425] = 80
    whole = look(natural_lens=1.0).look_at(coarse_grey(lens_frame()))
    assert whole is not None

    class Whole:
        sha256 = "0" * 64

        def look_at(self, _: Any) -> Any:
            return whole

    analyzer, _ = looking(tiny_model, Whole())
    assert "lens-in-part" in analyzer.analyze_pixels(frame).reasons
    assert analyzer.analyze_pixels(lens_frame()).gradable
