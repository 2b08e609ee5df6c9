"""What is taken for a token."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge_runtime.errors import ScanMissingError, UsageError
from edge_runtime.token_file import LEAST_TOKEN, MOST_TOKEN, read_token


@pytest.mark.parametrize("length", [LEAST_TOKEN, MOST_TOKEN])
@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
def test_one_line_is_a_token(length: int, end: str, tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_bytes(b"s" * length + end.encode())
    path.chmod(0o640)
    assert read_token(str(path)) == "s" * length


@pytest.mark.parametrize(
    ("content", "mode"),
    [
        (b"", 0o600),
        (b"s" * (LEAST_TOKEN - 1), 0o600),
        (b"s" * (MOST_TOKEN + 1), 0o600),
        (b"s" * 20 + b" " + b"s" * 20, 0o600),
        (b"s" * 20 + b"\n" + b"s" * 20, 0o600),
        ("é".encode() * 40, 0o600),
        (b"s" * 40, 0o644),
    ],
)
def test_anything_else_is_none(content: bytes, mode: int, tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_bytes(content)
    path.chmod(mode)
    with pytest.raises(UsageError) as caught:
        read_token(str(path))
    assert caught.value.word == "bad-token-file"


def test_a_folder_is_no_token_file(tmp_path: Path) -> None:
    with pytest.raises(ScanMissingError, match="a folder") as caught:
        read_token(str(tmp_path))
    assert caught.value.word == "not-a-file"


def test_a_token_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(ScanMissingError):
        read_token(str(tmp_path / "token"))
