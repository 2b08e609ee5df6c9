"""What the page says, from the catalogues of the reports: its own sentences, and the words for an eye."""

from __future__ import annotations

import os
import re
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from edge_runtime.exams.names import EYE_LETTERS, EYE_WORDS
from edge_runtime.printable import printable
from edge_runtime.report.language import LANGUAGES, language_of
from edge_runtime.report.page.pictures import colour_bar
from edge_runtime.report.page.view import eye_view, step_places

from .assets import FOLDER

if TYPE_CHECKING:
    from edge_runtime.results import EyeResult

_SAID = re.compile(r'(?:\bsay\(\s*|data-say=)"([^"]+)"')  # in the scripts, and in the frame of the page


def page_sentences() -> tuple[str, ...]:
    """The English sentences that the page says, as its files say them."""
    found: set[str] = set()
    for name in sorted(os.listdir(FOLDER)):
        if name.endswith((".html", ".js")):
            with open(os.path.join(FOLDER, name), encoding="utf-8") as file:
                found.update(_SAID.findall(file.read()))
    return tuple(sorted(found))


def page_texts(language: str) -> dict[str, Any]:
    """Every sentence of the page in one language.

    Parameters
    ----------
    language
        Code of a language of `LANGUAGES`.

    Returns
    -------
    dict
        ``code``, ``direction``, ``languages`` (the name of each in itself, by code), ``sentences`` (by their English),
        ``digits`` (from 0 to 9), ``eye_words`` (``words`` and ``letters`` of names, each with the eye that it says).

    Raises
    ------
    UsageError
        ``unknown-language``.
    MissingExtraError
        When the extra `report` is not installed.
    """
    spoken = language_of(language)
    return {
        "code": spoken.code,
        "direction": spoken.direction,
        "languages": LANGUAGES,
        "sentences": {sentence: spoken.say(sentence) for sentence in page_sentences()},
        "digits": [spoken.number(digit, 0) for digit in range(10)],
        "eye_words": {"words": EYE_WORDS, "letters": EYE_LETTERS},
    }


def eye_words(eye: EyeResult, language: str) -> dict[str, Any]:
    """What the report says of an eye, in one language, with its numbers as text; pictures are asked for apart.

    Parameters
    ----------
    eye
        The result of one eye.
    language
        Code of a language of `LANGUAGES`.

    Returns
    -------
    dict
        The fields of `EyeView`, and beside them ``language``; ``model_sha256``; ``scans_given``, ``scans_used`` and
        ``scans_expected`` as numbers; ``steps``, where the steps of the grade meet on its bar; ``colour_bar``, a data
        URI; and ``origin``, a sentence about the model.

    Raises
    ------
    UsageError
        ``unknown-language``.
    MissingExtraError
        When the extra `report` is not installed.
    """
    spoken = language_of(language)
    trained_on = spoken.say(printable(eye.model.trained_on.partition(":")[0].rstrip(".")))
    name = printable(f"{eye.model.name} {eye.model.version}")
    return {
        **asdict(eye_view(eye, spoken, pictures=False)),
        "language": spoken.code,
        "model_sha256": eye.model.sha256,
        "scans_given": len(eye.entries),
        "scans_used": eye.scans_used,
        "scans_expected": eye.scans_expected,
        "steps": step_places(),
        "colour_bar": colour_bar(),
        "origin": spoken.say("Model {name}, trained on {data}.", name=name, data=trained_on),
    }
