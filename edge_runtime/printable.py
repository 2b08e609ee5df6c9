"""Text of others, such as names in files, for a terminal: no control characters, no line breaks, valid Unicode."""

from __future__ import annotations


def printable(text: str) -> str:
    """The text in one line; what a terminal would obey, hide or reorder is written as its escape sequence."""
    shown = "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape", "backslashreplace").decode()
        for letter in text
    )
    return shown.encode("utf-8", "backslashreplace").decode("utf-8")
