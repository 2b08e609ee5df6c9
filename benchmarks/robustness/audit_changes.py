"""Random changes of the lines of an audit, from one byte to a chain that is written anew."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable

import numpy as np

_HASH = re.compile(rb'("n":.+),"hash":"[0-9a-f]{64}"')
_HASH_OF = re.compile(rb'"hash":"([0-9a-f]{64})"')
_PREVIOUS = re.compile(rb'"previous":"[0-9a-f]{64}"')

Lines = list[bytes]
Change = Callable[[Lines, np.random.Generator], Lines]


def _place_of_byte(lines: Lines, rng: np.random.Generator) -> tuple[int, int]:
    at = int(rng.integers(len(lines)))
    return at, int(rng.integers(len(lines[at])))


def change_byte(lines: Lines, rng: np.random.Generator) -> Lines:
    """One byte becomes another."""
    at, column = _place_of_byte(lines, rng)
    text = bytearray(lines[at])
    text[column] ^= int(rng.integers(1, 256))
    return [*lines[:at], bytes(text), *lines[at + 1 :]]


def insert_byte(lines: Lines, rng: np.random.Generator) -> Lines:
    """One byte more."""
    at, column = _place_of_byte(lines, rng)
    text = lines[at]
    return [*lines[:at], text[:column] + rng.bytes(1) + text[column:], *lines[at + 1 :]]


def remove_byte(lines: Lines, rng: np.random.Generator) -> Lines:
    """One byte less."""
    at, column = _place_of_byte(lines, rng)
    return [*lines[:at], lines[at][:column] + lines[at][column + 1 :], *lines[at + 1 :]]


def change_answer(lines: Lines, rng: np.random.Generator) -> Lines:
    """An answer becomes another word, as a person would do it."""
    at = _answer(lines, rng)
    return [*lines[:at], lines[at].replace(b'"refer"', b'"no-sign"'), *lines[at + 1 :]]


def change_answer_and_hash(lines: Lines, rng: np.random.Generator) -> Lines:
    """An answer becomes another word, and the line gets the hash that belongs to it."""
    at = _answer(lines, rng)
    return [*lines[:at], _with_new_hash(lines[at].replace(b'"refer"', b'"no-sign"')), *lines[at + 1 :]]


def remove_line(lines: Lines, rng: np.random.Generator) -> Lines:
    """A line is gone."""
    at = int(rng.integers(len(lines)))
    return [*lines[:at], *lines[at + 1 :]]


def double_line(lines: Lines, rng: np.random.Generator) -> Lines:
    """A line stands twice."""
    at = int(rng.integers(len(lines)))
    return [*lines[: at + 1], *lines[at:]]


def swap_lines(lines: Lines, rng: np.random.Generator) -> Lines:
    """Two lines change places."""
    one, other = sorted(int(at) for at in rng.choice(len(lines), 2, replace=False))
    return [*lines[:one], lines[other], *lines[one + 1 : other], lines[one], *lines[other + 1 :]]


def move_line(lines: Lines, rng: np.random.Generator) -> Lines:
    """A line stands elsewhere."""
    at, to = int(rng.integers(len(lines))), int(rng.integers(len(lines)))
    rest = [*lines[:at], *lines[at + 1 :]]
    return [*rest[:to], lines[at], *rest[to:]]


def turn_lines(lines: Lines, rng: np.random.Generator) -> Lines:
    """Some lines stand in the order turned round."""
    one, other = sorted(int(at) for at in rng.choice(len(lines) + 1, 2, replace=False))
    return [*lines[:one], *lines[one:other][::-1], *lines[other:]]


def cut_start(lines: Lines, rng: np.random.Generator) -> Lines:
    """The first lines are gone."""
    return lines[int(rng.integers(1, len(lines))) :]


def cut_end(lines: Lines, rng: np.random.Generator) -> Lines:
    """The last lines are gone."""
    return lines[: int(rng.integers(1, len(lines)))]


def cut_within_line(lines: Lines, rng: np.random.Generator) -> Lines:
    """All from a byte within a line on is gone."""
    at = int(rng.integers(len(lines)))
    return [*lines[:at], lines[at][: int(rng.integers(1, len(lines[at])))]]


def write_anew(lines: Lines, rng: np.random.Generator) -> Lines:
    """An answer becomes another, and every line after it gets the hashes that belong to it: the whole chain is new."""
    at = _answer(lines, rng)
    new = [*lines[:at], _with_new_hash(lines[at].replace(b'"refer"', b'"no-sign"'))]
    last = new[-1]
    for line in lines[at + 1 :]:
        if b'"hash"' in line:  # not a torn one
            last = _with_new_hash(_PREVIOUS.sub(b'"previous":"' + _HASH_OF.findall(last)[-1] + b'"', line))
        new.append(last if b'"hash"' in line else line)
    return new


def _answer(lines: Lines, rng: np.random.Generator) -> int:
    return int(rng.choice([at for at, line in enumerate(lines) if b'"answer":"refer"' in line]))


def _with_new_hash(line: bytes) -> bytes:
    """The line with the hash of what it says; a signature stays, since nobody can make another without the key."""
    body = line.partition(b',"hash":"')[0]
    return _HASH.sub(lambda found: found[1] + b',"hash":"' + hashlib.sha256(body).hexdigest().encode() + b'"', line)


CHANGES: tuple[Change, ...] = (
    change_byte, insert_byte, remove_byte, change_answer, change_answer_and_hash, remove_line, double_line, swap_lines,
    move_line, turn_lines, cut_start, cut_end, cut_within_line, write_anew,
)  # fmt: skip
