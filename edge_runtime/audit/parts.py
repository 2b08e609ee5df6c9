"""The files of an audit: the one that is written, and the full ones before it, ``PATH.000001`` and so on."""

from __future__ import annotations

import os
import re

_DIGITS = 6
_PART = re.compile(rf"\.(\d{{{_DIGITS},}})")


def full_parts(path: str) -> list[str]:
    """The full parts, in the order in which they were written."""
    folder, name = os.path.split(path)
    numbers = sorted(
        int(found[1])
        for one in os.listdir(folder or ".")
        if one.startswith(name) and (found := _PART.fullmatch(one, len(name)))
    )
    return [_part(path, number) for number in numbers]


def next_part(path: str) -> str:
    """The name of the next part that is full."""
    full = full_parts(path)
    number = int(full[-1].rpartition(".")[2]) if full else 0
    return _part(path, number + 1)


def is_part(path: str, audit: str) -> bool:
    """Whether a file has the name of a full part of an audit, whether or not it is there yet."""
    own, other = (os.path.realpath(one) for one in (audit, path))
    return other.startswith(own) and _PART.fullmatch(other, len(own)) is not None


def _part(path: str, number: int) -> str:
    return f"{path}.{number:0{_DIGITS}d}"
