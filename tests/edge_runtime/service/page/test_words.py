"""The touch page says what the report says, in every language."""

from __future__ import annotations

import json
from dataclasses import asdict

import numpy as np
import pytest

from edge_runtime import CataractAnalyzer, Laterality
from edge_runtime.errors import UsageError
from edge_runtime.golden import SAMPLES
from edge_runtime.report.language import LANGUAGES, language_of
from edge_runtime.report.page.view import eye_view
from edge_runtime.results import EyeResult
from edge_runtime.service.page import eye_words, page_texts
from edge_runtime.service.page.words import page_sentences


@pytest.fixture(scope="module")
def eye(bundled_analyzer: CataractAnalyzer) -> EyeResult:
    noise = np.random.default_rng(0).integers(0, 256, (1824, 2150), dtype=np.uint8)
    scans = [SAMPLES / "simulated-cataract.png", SAMPLES / "simulated-clear.png"]
    pixels = [bundled_analyzer.analyze(scan).scan.pixels for scan in scans]
    return bundled_analyzer.analyze_exam(frames=[*pixels, noise], laterality=Laterality.OD)


@pytest.mark.parametrize("code", LANGUAGES)
def test_texts_hold_every_sentence_of_the_page(code: str) -> None:
    texts = page_texts(code)
    assert (texts["code"], texts["direction"]) == (code, language_of(code).direction)
    assert texts["languages"] == LANGUAGES
    assert set(texts["sentences"]) == set(page_sentences())
    assert texts["sentences"]["Which eye?"] == language_of(code).say("Which eye?")
    assert texts["digits"] == [language_of(code).number(digit, 0) for digit in range(10)]
    assert json.loads(json.dumps(texts)) == texts


def test_sentences_are_found_in_scripts_and_in_the_frame_of_the_page() -> None:
    assert {"Which eye?", "Analyse", "Are you still there?", "Next patient"} <= set(page_sentences())


def test_an_unknown_language_is_refused() -> None:
    with pytest.raises(UsageError) as refused:
        page_texts("tlh")
    assert refused.value.word == "unknown-language"


@pytest.mark.parametrize("code", ["en", "ar"])
def test_words_for_an_eye_are_those_of_the_report(code: str, eye: EyeResult) -> None:
    words = json.loads(json.dumps(eye_words(eye, code)))
    paper = json.loads(json.dumps(asdict(eye_view(eye, language_of(code)))))
    assert paper.pop("map")
    assert [scan | {"original": None, "overlay": None} for scan in paper.pop("scans")] == words["scans"]
    assert {key: words[key] for key in paper} == paper
    assert (words["scans_given"], words["scans_used"], words["scans_expected"]) == (3, 2, 6)
    assert (words["language"], words["model_sha256"]) == (code, eye.model.sha256)
    assert words["origin"].endswith({"en": "trained on simulated scans.", "ar": "مقاطع مُحاكاة."}[code])
    assert words["colour_bar"].startswith("data:image/png;base64,")
