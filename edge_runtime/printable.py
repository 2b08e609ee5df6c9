"""Text of others, such as names in files, for a terminal or a picture: no control characters, no line breaks."""

from __future__ import annotations


def printable(text: str) -> str:
    """The text in one line of valid Unicode; what a terminal would obey, hide or reorder is written as its escape."""
    return "".join(letter if letter.isprintable() else _escape(letter) for letter in text)


def drawable(text: str) -> str:
    """The text in one line of ASCII, which every version of cv2 can draw; other letters are written as escapes."""
    return "".join(letter if letter.isascii() and letter.isprintable() else _escape(letter) for letter in text)


def _escape(letter: str) -> str:
    return letter.encode("unicode_escape").decode("ascii")
