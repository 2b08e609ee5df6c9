"""The seal: a digest of the model file, kept in the file itself."""

from __future__ import annotations

import hashlib
import re

from edge_runtime.errors import ModelIncompatibleError, ModelIntegrityError

from .metadata import EXPORT_MODEL, PREFIX

# A metadata entry of the file it describes: 64 hex digits, the sha256 of the file with these digits as zeros.
_DIGEST_KEY = (PREFIX + "digest").encode()
_DIGEST = re.escape(b"\x0a" + bytes([len(_DIGEST_KEY)]) + _DIGEST_KEY + b"\x12\x40") + rb"([0-9a-f]{64})"
UNSEALED = "0" * 64


def _digest_place(data: bytes) -> slice | None:
    places = [found.span(1) for found in re.finditer(_DIGEST, data)]
    return slice(*places[0]) if len(places) == 1 else None


def _digest(data: bytes, place: slice) -> bytes:
    hashed = hashlib.sha256(memoryview(data)[: place.start])
    hashed.update(UNSEALED.encode())
    hashed.update(memoryview(data)[place.stop :])
    return hashed.hexdigest().encode()


def seal(data: bytes) -> bytes:
    """Write the digest into a serialised model whose metadata holds ``edge_cataract.digest`` = `UNSEALED`.

    Raises
    ------
    ModelIncompatibleError
        When there is not exactly one such entry.
    """
    place = _digest_place(data)
    if place is None:
        raise ModelIncompatibleError("not-sealable", "The model has no single digest entry to fill in.", EXPORT_MODEL)
    return data[: place.start] + _digest(data, place) + data[place.stop :]


def check_seal(data: bytes) -> None:
    """Check that the bytes are those that were sealed.

    Raises
    ------
    ModelIntegrityError
        When they are not.
    ModelIncompatibleError
        When the file was never sealed: it is another kind of file.
    """
    place = _digest_place(data)
    if place is None and PREFIX.encode() not in data:
        raise ModelIncompatibleError("not-a-model", "The file is no edge-cataract model.", EXPORT_MODEL)
    if place is None or _digest(data, place) != data[place]:
        raise ModelIntegrityError(
            "damaged-model",
            "The model's bytes differ from those that were exported.",
            "Install it again from its source.",
        )
