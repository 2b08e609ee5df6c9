"""The lines of a ledger: one JSON object each, in ASCII, which ends with a running checksum.

::

    {"schema":"edge-cataract/ledger/1","stamp":{"cohort":"validation","seed":1},"crc32":"5f8a31c2"}
    {"key":"P0001_OD_1_000","record":{"lens_px":41233,"group":"clear"},"crc32":"09b1d7e4"}

`crc32` is that of this line and all lines before it, each without its own `crc32`; so a line that was changed, removed
or moved is noticed.
"""

from __future__ import annotations

import json
import zlib
from typing import TYPE_CHECKING

from .errors import UsageError

if TYPE_CHECKING:
    from typing import Any

SCHEMA = "edge-cataract/ledger/1"
_HEAD = f'{{"schema":"{SCHEMA}","stamp":'.encode()
_CHECKSUM = b',"crc32":"%08x"}\n'
_CHECKSUM_BYTES = len(_CHECKSUM % 0)


def seal(fields: dict[str, Any], checksum: int) -> tuple[bytes, int]:
    """A line, and the running checksum that it ends with.

    Parameters
    ----------
    fields
        What the line holds.
    checksum
        The running checksum up to the line before, 0 for the first line.

    Raises
    ------
    UsageError
        When JSON would not give the fields back unchanged.
    """
    try:
        text = json.dumps(fields, allow_nan=False, separators=(",", ":"))
        unchanged = json.loads(text) == fields
    except (TypeError, ValueError, RecursionError):
        unchanged = False
    if not unchanged:
        raise UsageError(
            "not-a-record",
            "A ledger holds only what JSON gives back unchanged: no NaN, infinity or tuple, and only text as keys.",
            "Convert the values first.",
        )
    body = text.encode("ascii")
    checksum = zlib.crc32(body, checksum)
    return body[:-1] + _CHECKSUM % checksum, checksum


def unseal(line: bytes, checksum: int) -> tuple[dict[str, Any], int] | None:
    """The fields of a line and the running checksum; None when the line is not as it was written."""
    body = line[:-_CHECKSUM_BYTES] + b"}"
    checksum = zlib.crc32(body, checksum)
    if line[-_CHECKSUM_BYTES:] != _CHECKSUM % checksum:
        return None
    return json.loads(body), checksum


def record_of(line: bytes) -> dict[str, Any]:
    """The record that a whole line holds."""
    record: dict[str, Any] = json.loads(line)["record"]
    return record


def may_be_stamp(line: bytes) -> bool:
    """Whether this is the first line of a ledger, whole or torn."""
    return line.startswith(_HEAD) or _HEAD.startswith(line)


def differing_entries(found: dict[str, Any], wanted: dict[str, Any]) -> list[str]:
    """Names of the entries in which two stamps differ, sorted."""
    # As text, because Python takes 1, 1.0 and True for equal.
    first, second = (
        {name: json.dumps(value, sort_keys=True) for name, value in one.items()} for one in (found, wanted)
    )
    return sorted(name for name in first.keys() | second.keys() if first.get(name) != second.get(name))
