"""The languages in which a person is spoken to: English by itself, the others by gettext catalogues.

Sentences of pages and summaries are looked up by their English text. The words of `edge_runtime.codes` are looked up by
the word, in the context of its table, so that a catalogue survives a better English sentence.
"""

from __future__ import annotations

import os
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from edge_runtime.codes import ADVICE, ANSWER_REASONS, ANSWERS, COMPARISON_REASONS, COMPARISONS, REASONS, WARNINGS
from edge_runtime.errors import MissingExtraError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable
    from gettext import GNUTranslations

LANGUAGES = {
    "en": "English",
    "fr": "français",
    "de": "Deutsch",
    "es": "español",
    "ar": "العربية",
    "zh": "中文",
}
# The tables of `codes` that catalogues translate, by the context of their words.
TABLES = {
    "answer": ANSWERS,
    "answer reason": ANSWER_REASONS,
    "reason": REASONS,
    "advice": ADVICE,
    "warning": WARNINGS,
    "comparison": COMPARISONS,
    "comparison reason": COMPARISON_REASONS,
}
CATALOGUES = os.path.join(os.path.dirname(__file__), "languages")
_RIGHT_TO_LEFT = frozenset({"ar"})
# Babel writes the signs of Arabic, and leaves its digits to us. The mark before minus keeps it with its number.
_OWN_DIGITS = {"ar": str.maketrans(dict(zip("0123456789%-", [*"٠١٢٣٤٥٦٧٨٩٪", "\u061c-"], strict=True)))}
_DATES = {"en": "en_GB"}  # day before month, as everywhere else in the program


class Language:
    """English, which needs neither a catalogue nor Babel for sentences and numbers."""

    def __init__(self, code: str = "en") -> None:
        self.code = code

    @property
    def direction(self) -> str:
        """``ltr`` or ``rtl``, as HTML writes it."""
        return "rtl" if self.code in _RIGHT_TO_LEFT else "ltr"

    def say(self, sentence: str, /, **values: object) -> str:
        """The sentence in this language, with its ``{values}`` put in."""
        return self._sentence(sentence).format(**values) if values else self._sentence(sentence)

    def meaning(self, table: str, word: str) -> str:
        """What a word of one of `TABLES` means, in this language."""
        return TABLES[table][word]

    def number(self, value: float, digits: int) -> str:
        """A number with so many digits after its point."""
        return f"{value:.{digits}f}"

    def share(self, value: float) -> str:
        """A share of 0 to 1 in whole hundredths, with the sign of this language."""
        return f"{value:.0%}"

    def day(self, created: str) -> str:
        """The day of an ISO 8601 time, as it is written in a letter; needs the extra `report`."""
        import datetime

        dates = needs_report("babel.dates")
        day = datetime.date.fromisoformat(created[:10])
        return self._digits(str(dates.format_date(day, format="long", locale=_DATES.get(self.code, self.code))))

    def date(self, created: str) -> str:
        """The day of an ISO 8601 time; in English the ISO date, so that no extra is needed."""
        return created[:10]

    def time(self, created: str) -> str:
        """Hours, minutes and seconds of an ISO 8601 time, as 21:07:00."""
        return self._digits(created[11:19])

    def _sentence(self, sentence: str) -> str:
        return sentence

    def _digits(self, text: str) -> str:
        return text


class TranslatedLanguage(Language):
    """Another language: sentences from its catalogue, numbers as Babel knows that it writes them."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self._catalogue = _catalogue(code)
        self._numbers = needs_report("babel.numbers")

    def meaning(self, table: str, word: str) -> str:
        """What a word of one of `TABLES` means, in this language."""
        translated = self._catalogue.pgettext(table, word)
        return super().meaning(table, word) if translated == word else translated

    def number(self, value: float, digits: int) -> str:
        """A number with so many digits after its sign for fractions."""
        return self._written(self._numbers.format_decimal, value, f"0.{'0' * digits}" if digits else "0")

    def share(self, value: float) -> str:
        """A share of 0 to 1 in whole hundredths, with the sign of this language."""
        return self._written(self._numbers.format_percent, value, None)

    def date(self, created: str) -> str:
        """The day of an ISO 8601 time, as it is written in a letter: signs between digits turn around in Arabic."""
        return self.day(created)

    def _written(self, formatted: Callable[..., str], value: float, pattern: str | None) -> str:
        system = "arab" if self.code in _OWN_DIGITS else "default"
        return self._digits(formatted(value, format=pattern, locale=self.code, numbering_system=system))

    def _sentence(self, sentence: str) -> str:
        return self._catalogue.gettext(sentence)

    def _digits(self, text: str) -> str:
        return text.translate(_OWN_DIGITS.get(self.code, {}))


ENGLISH = Language()


def language_of(code: str) -> Language:
    """The language with this code.

    Raises
    ------
    UsageError
        ``unknown-language``.
    MissingExtraError
        When a language other than English needs the extra `report`, and it is not installed.
    """
    if code not in LANGUAGES:
        raise UsageError("unknown-language", f"{code!r} is no language.", f"Use one of {', '.join(LANGUAGES)}.")
    return ENGLISH if code == ENGLISH.code else TranslatedLanguage(code)


def needs_report(module: str) -> Any:
    """Import a module of the extra `report`.

    Raises
    ------
    MissingExtraError
        When it is not installed.
    """
    from importlib import import_module

    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        package = module.partition(".")[0]
        raise MissingExtraError(
            "missing-extra",
            f"Reports and languages need the package {package}, which is not installed.",
            "Install the extra: pip install 'edge-cataract[report]'.",
        ) from error


@lru_cache(maxsize=len(LANGUAGES))
def _catalogue(code: str) -> GNUTranslations:
    """The catalogue of a language, compiled in memory from the text that translators edit."""
    import gettext
    import io

    with open(os.path.join(CATALOGUES, f"{code}.po"), "rb") as file:
        catalogue = needs_report("babel.messages.pofile").read_po(file, locale=code)
    compiled = io.BytesIO()
    needs_report("babel.messages.mofile").write_mo(compiled, catalogue)
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)
