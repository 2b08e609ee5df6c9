"""What a terminal would obey is shown as its escape sequence."""

from __future__ import annotations

import pytest

from edge_runtime.printable import drawable, printable
from edge_runtime.reading.files import printable_name


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("OD_000.png", "OD_000.png"),
        ("Größe 7.675 µm", "Größe 7.675 µm"),
        ("a\x1b[31mb", "a\\x1b[31mb"),
        ("a\r\nb\tc", "a\\r\\nb\\tc"),
        ("\u202egnp", "\\u202egnp"),
        ("\x9b2J", "\\x9b2J"),
        ("\udcff", "\\udcff"),
        ("", ""),
    ],
)
def test_text_is_one_line_that_a_terminal_does_not_obey(text: str, shown: str) -> None:
    assert printable(text) == shown
    assert printable_name(f"folder/{text}") == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("OD 000.png", "OD 000.png"),
        ("Größe", "Gr\\xf6\\xdfe"),
        ("a\x1b\nb\x7f", "a\\x1b\\nb\\x7f"),
        ("\udcff\u626b", "\\udcff\\u626b"),
    ],
)
def test_text_of_a_picture_has_the_letters_that_can_be_drawn(text: str, shown: str) -> None:
    assert drawable(text) == shown
