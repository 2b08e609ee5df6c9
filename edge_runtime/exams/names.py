"""What the name of a file or of a folder says: which eye, which meridian, and what stands before the eye.

The patterns are documented in docs/exams.md.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from edge_runtime.scan import Laterality

# Words for the eyes, with which a number may stand: OD, OD1, 01right.
EYE_WORDS: dict[str, Laterality] = {
    **dict.fromkeys(("od", "right", "rechts", "rechtes", "droit", "droite", "derecho", "derecha"), Laterality.OD),
    **dict.fromkeys(("os", "left", "links", "linkes", "og", "gauche", "oi", "izquierdo", "izquierda"), Laterality.OS),
    **dict.fromkeys(("右", "右眼", "يمين", "اليمنى"), Laterality.OD),
    **dict.fromkeys(("左", "左眼", "يسار", "اليسرى"), Laterality.OS),
}
# Initials of people look the same, so that they count at the end of a name alone, before nothing but numbers.
EYE_LETTERS = {"r": Laterality.OD, "l": Laterality.OS}
# A byte of a name that is no UTF-8, as Python shows it. It is a letter of another time: no separator, and no eye.
_BYTE = "[\udc80-\udcff]"
LETTER = rf"(?:[^\W\d_]|{_BYTE})"
SEPARATOR = rf"(?:(?!{_BYTE})[\W_])"
_WORD = re.compile(rf"(?:[^\W_]|{_BYTE})+")
_LETTERS_OF = re.compile(r"\d*([^\W\d_]+)\d*")
_NUMBER = re.compile(r"\d+(deg)?")
_DEGREES = r"(\d{1,3}(?:\.\d+)?)"
_MERIDIAN = re.compile(rf"(?<![\d.]){_DEGREES}[ _-]?(?:deg|°)(?![^\W\d_])|(?<![^\W_])meridian[ _-]?{_DEGREES}(?!\d)")
MOST_DEGREES = 180.0


@dataclass(frozen=True, slots=True)
class EyeWord:
    """A word of a name that says an eye.

    Attributes
    ----------
    eye
        Which.
    before, after
        What stands before and after it in the name, without separators at its side.
    """

    eye: Laterality
    before: str
    after: str


def eye_words(name: str) -> list[EyeWord]:
    """Every word of a name, without its ending, that says an eye."""
    text = _plain(name)
    words = list(_WORD.finditer(text.casefold() if len(text.casefold()) == len(text) else text.lower()))
    found = []
    for place, word in enumerate(words):
        letters = _LETTERS_OF.fullmatch(word[0])
        eye = EYE_WORDS.get(letters[1]) if letters else None
        if eye is None and all(_NUMBER.fullmatch(later[0]) for later in words[place + 1 :]):
            eye = EYE_LETTERS.get(word[0])
        if eye is not None:
            before, after = text[: word.start()], text[word.end() :]
            found.append(EyeWord(eye, re.sub(rf"{SEPARATOR}+$", "", before), re.sub(rf"^{SEPARATOR}+", "", after)))
    return found


def eye_in(name: str) -> Laterality | None:
    """The eye that a name says; None when it says none, or both."""
    eyes = {word.eye for word in eye_words(name)}
    return eyes.pop() if len(eyes) == 1 else None


def meridian_in(name: str) -> float | None:
    """The meridian in degrees, 0 to 180, that a name says, as ``_030deg`` or ``meridian-30``; None without one."""
    found = {float(match[1] or match[2]) for match in _MERIDIAN.finditer(_plain(name).casefold())}
    degrees = found.pop() if len(found) == 1 else None
    return degrees if degrees is not None and degrees <= MOST_DEGREES else None


def natural_key(name: str) -> tuple[list[str | int], str]:
    """A key to sort names by: numbers in them count as numbers, so that 2 comes before 10."""
    parts: list[str | int] = list(re.split(r"(\d+)", name.casefold()))
    parts[1::2] = [int(part) for part in parts[1::2]]
    return parts, name


def _plain(name: str) -> str:
    """The name in one form of each letter: full-width and joined ones are written in several."""
    return unicodedata.normalize("NFKC", name)
