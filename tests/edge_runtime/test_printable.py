"""What a terminal would obey is shown as its escape sequence."""

from __future__ import annotations

import pytest

from edge_runtime.printable import printable


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
