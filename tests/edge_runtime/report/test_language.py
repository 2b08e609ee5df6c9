"""Every language says everything: what English says, with the same values in it, and numbers in its own way."""

from __future__ import annotations

import re
import string
import sys
from functools import lru_cache

import pytest
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po

from edge_runtime import CataractAnalyzer
from edge_runtime.errors import MissingExtraError, UsageError
from edge_runtime.golden import SAMPLES
from edge_runtime.report.language import CATALOGUES, ENGLISH, LANGUAGES, language_of
from edge_runtime.report.text import summary

from .messages import said_in_python, said_in_template, sentences, words

OTHERS = [code for code in LANGUAGES if code != "en"]
SAME_AS_ENGLISH = {"Date", "Cortical", "Nuclear", "dense", "note", "{angle}°"}


@lru_cache
def catalogue(code: str) -> Catalog:
    with open(f"{CATALOGUES}/{code}.po", "rb") as file:
        return read_po(file, locale=code, abort_invalid=True)


def values_in(sentence: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(sentence) if name}


@pytest.mark.parametrize("code", OTHERS)
def test_a_catalogue_translates_every_sentence_and_word_and_nothing_else(code: str) -> None:
    expected = {(None, sentence) for sentence in sentences()} | set(words())
    translated = {(one.context, one.id) for one in catalogue(code) if one.id and one.string and not one.fuzzy}
    assert expected - translated == set()
    assert translated - expected == set()


@pytest.mark.parametrize("code", OTHERS)
def test_a_translation_has_the_values_of_its_sentence(code: str) -> None:
    wrong = [one.id for one in catalogue(code) if one.id and values_in(str(one.id)) != values_in(str(one.string))]
    assert wrong == []


@pytest.mark.parametrize("code", OTHERS)
def test_the_english_above_a_word_is_what_the_word_means_today(code: str) -> None:
    """Who changes what a word means in English is sent to every language."""
    english = {(one.context, one.id): " ".join(one.auto_comments) for one in catalogue(code) if one.context}
    assert english == words()


@pytest.mark.parametrize("code", OTHERS)
def test_a_translation_is_no_copy_of_the_english(code: str) -> None:
    copies = {one.id for one in catalogue(code) if one.id and not one.context and one.id == one.string}
    assert copies <= SAME_AS_ENGLISH


def test_numbers_inside_translations_are_written_as_the_language_writes_them() -> None:
    assert [one.id for one in catalogue("ar") if one.id and re.search(r"\b[0-9]+\b", str(one.string))] == []
    for code in ("fr", "de", "es"):
        assert [one.id for one in catalogue(code) if one.id and re.search(r"[0-9]\.[0-9]", str(one.string))] == []


@pytest.mark.parametrize(
    ("code", "number", "share", "negative", "day"),
    [
        ("en", "0.623", "12%", "-1.5", "31 January 2026"),
        ("fr", "0,623", "12\N{NO-BREAK SPACE}%", "-1,5", "31 janvier 2026"),
        ("de", "0,623", "12\N{NO-BREAK SPACE}%", "-1,5", "31. Januar 2026"),
        ("es", "0,623", "12\N{NO-BREAK SPACE}%", "-1,5", "31 de enero de 2026"),
        ("ar", "٠٫٦٢٣", "١٢٪", "\N{ARABIC LETTER MARK}-١٫٥", "٣١ يناير ٢٠٢٦"),
        ("zh", "0.623", "12%", "-1.5", "2026年1月31日"),
    ],
)
def test_numbers_and_days_are_written_as_the_language_writes_them(
    code: str, number: str, share: str, negative: str, day: str
) -> None:
    language = language_of(code)
    assert language.number(0.6234, 3) == number
    assert language.share(0.12) == share
    assert language.number(-1.5, 1) == negative
    assert language.day("2026-01-31T10:11:12Z") == day


def test_words_of_the_program_are_translated_in_their_table() -> None:
    german = language_of("de")
    assert german.meaning("reason", "no-brightness-reference").startswith("Hornhaut oder Iris nicht gefunden")
    assert german.meaning("warning", "no-brightness-reference").endswith(
        "die übliche Anzeige des Geräts wurde angenommen."
    )
    assert german.say("Scan {number}", number=german.number(3, 0)) == "Aufnahme 3"


def test_arabic_alone_is_written_from_the_right() -> None:
    assert [code for code in LANGUAGES if language_of(code).direction == "rtl"] == ["ar"]


def test_an_unknown_language_is_refused_with_those_that_are_known() -> None:
    with pytest.raises(UsageError, match="en, fr, de, es, ar, zh") as refused:
        language_of("tlh")
    assert refused.value.word == "unknown-language"


def test_without_the_extra_english_is_spoken_and_another_language_names_the_extra(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "babel.numbers", None)
    assert language_of("en") is ENGLISH
    with pytest.raises(MissingExtraError, match=r"edge-cataract\[report\]") as missing:
        language_of("de")
    assert missing.value.exit_code == 69


@pytest.mark.parametrize("code", OTHERS)
def test_the_summary_is_told_in_every_language(code: str, bundled_analyzer: CataractAnalyzer) -> None:
    eye = bundled_analyzer.as_eye([bundled_analyzer.analyze(SAMPLES / "simulated-cataract.png")])
    english, told = summary(eye).splitlines(), summary(eye, language_of(code)).splitlines()
    assert len(told) == len(english)
    assert not set(told) & set(english)
    assert language_of(code).number(eye.cataract_fraction or 0.0, 3) in told[1]


def test_the_search_for_sentences_can_fail() -> None:
    assert said_in_python('x = "b"\nlanguage.say("a {n}", n=1)\nsay(x)\nsay(y)') == {"a {n}", "b"}
    assert said_in_template('{{ say("a") }} {{ say("b {n}", n=2) }}') == {"a", "b {n}"}
