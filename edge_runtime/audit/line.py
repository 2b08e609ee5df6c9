"""The lines of an audit: one JSON object each, in ASCII, bound to the line before by its hash.

::

    {"n":1,"previous":"0000…","time":"2026-01-31T10:11:12Z","event":"begin",…,"hash":"9f3c…"}
    {"n":2,"previous":"9f3c…","time":"2026-01-31T10:12:40Z","event":"result",…,"hash":"41b0…"}

`hash` is the sha256 of what stands before ``,"hash":``, and `previous` the `hash` of the line before, so that a hash
stands for all lines up to its own. A line of a keyed audit ends with ``"mac"``, the HMAC-SHA256 of its hash: a
person who writes all lines anew cannot write those without the key. Only the standard library is needed to read this.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from edge_runtime.errors import InternalError, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

SCHEMA = "edge-cataract/audit/1"
NOTHING = "0" * 64  # the hash before the first line
_FIRST_BYTES = b'{"n":'
MAX_LINE_BYTES = 1 << 20
_SEALED = re.compile(rb'(\{.+),"hash":"([0-9a-f]{64})"(?:,"mac":"([0-9a-f]{64})")?\}\n')


@dataclass(frozen=True, slots=True)
class Head:
    """Where a chain of lines stands: its last line stands for all before it.

    Attributes
    ----------
    hash
        Hash of the last line.
    count
        Number of lines, those of earlier parts included.
    """

    hash: str = NOTHING
    count: int = 0

    @classmethod
    def parse(cls, text: str) -> Head:
        """The head that ``HASH/COUNT`` says.

        Raises
        ------
        UsageError
            When it is none.
        """
        found = re.fullmatch(r"([0-9a-f]{64})/([1-9][0-9]{0,14})", text.strip())
        if found is None:
            raise UsageError("usage", "A head of an audit is HASH/COUNT.", "Copy it from 'edge-cataract audit head'.")
        return cls(found[1], int(found[2]))

    def __str__(self) -> str:
        return f"{self.hash}/{self.count}"


@dataclass(frozen=True, slots=True)
class Line:
    """A line that is as it was written.

    Attributes
    ----------
    fields
        What it holds, `n` and `previous` among it.
    head
        Where the chain stands with it.
    mac
        What only the holder of the key can write; None in an audit without key.
    """

    fields: dict[str, Any]
    head: Head
    mac: str | None

    def follows(self, head: Head) -> bool:
        """Whether it is the line that was written after this head."""
        return self.fields.get("previous") == head.hash and self.head.count == head.count + 1


def seal(fields: Mapping[str, Any], head: Head, key: bytes | None) -> bytes:
    """The line that follows a head.

    Raises
    ------
    InternalError
        ``not-recordable`` when JSON cannot hold the fields, or they are longer than any line.
    """
    try:
        text = json.dumps(
            {"n": head.count + 1, "previous": head.hash, **fields}, allow_nan=False, separators=(",", ":")
        )
    except (TypeError, ValueError, RecursionError) as error:
        raise not_recordable("JSON cannot hold it") from error
    body = text.encode("ascii")[:-1]
    digest = hashlib.sha256(body).hexdigest()
    mac = "" if key is None else f',"mac":"{_mac(key, digest)}"'
    line = body + f',"hash":"{digest}"{mac}}}\n'.encode()
    if len(line) > MAX_LINE_BYTES:
        raise not_recordable(f"its line would be longer than {MAX_LINE_BYTES >> 20} MiB")
    return line


def not_recordable(why: str) -> InternalError:
    """The error to raise for an answer that no audit can hold: its caller did nothing wrong."""
    return InternalError(
        "not-recordable",
        f"The answer cannot be recorded: {why}.",
        "Report this; an exam of fewer scans may be recorded.",
        lost="It was not recorded, and is not given.",
    )


def unseal(line: bytes) -> Line | None:
    """What a line holds; None where it is not as it was written."""
    sealed = _SEALED.fullmatch(line)
    if sealed is None:
        return None
    body, digest, mac = sealed.groups()
    if hashlib.sha256(body).hexdigest().encode() != digest:
        return None
    try:
        fields = json.loads(body + b"}")
        count = fields["n"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    if type(count) is not int:
        return None
    return Line(fields, Head(digest.decode(), count), None if mac is None else mac.decode())


def is_torn(line: bytes) -> bool:
    """Whether a line that cannot be unsealed is one of which a loss of power left a part.

    The parts of one write reach the disk in any order: what is missing is the end, or reads as zeros. A line that is
    whole and yet not as it was written was changed.
    """
    return b"\0" in line or _SEALED.fullmatch(line) is None


def is_beginning(text: bytes) -> bool:
    """Whether a file that holds no whole line may be an audit: its first line is torn, or has not reached the disk."""
    first = text[: len(_FIRST_BYTES)]
    return not first.strip(b"\0\n") or _FIRST_BYTES.startswith(first.rstrip(b"\0\n"))


def is_mac_of(line: Line, key: bytes) -> bool:
    """Whether the line was written by a holder of the key."""
    return line.mac is not None and hmac.compare_digest(line.mac, _mac(key, line.head.hash))


def _mac(key: bytes, digest: str) -> str:
    return hmac.new(key, digest.encode(), hashlib.sha256).hexdigest()
