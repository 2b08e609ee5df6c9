"""Signatures of minisign: verified without a network, by the public keys that the device maker gave.

The format (https://jedisct1.github.io/minisign): a line of comment, then base64 of an algorithm, the number of the key
and an Ed25519 signature of the file's BLAKE2b hash; then a trusted comment, and a signature of both.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from edge_runtime.errors import MissingExtraError, ModelIntegrityError, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

_KEY_ALGORITHM, _ALGORITHM = b"Ed", b"ED"  # of a key; of a signature of a hash, which minisign makes by default
_ID_BYTES, _KEY_BYTES, _SIGNATURE_BYTES = 8, 32, 64
_UNTRUSTED, _TRUSTED = "untrusted comment:", "trusted comment: "
MAX_BYTES = 16_384  # of a file of keys or of a signature


@dataclass(frozen=True, slots=True)
class Signature:
    """A signature file.

    Attributes
    ----------
    key_id
        Number of the key, 8 bytes.
    of_file, of_comment
        The two signatures, 64 bytes each.
    comment
        What the signer said of the file; it is signed, too.
    """

    key_id: bytes
    of_file: bytes
    of_comment: bytes
    comment: str

    @classmethod
    def parse(cls, content: bytes) -> Signature:
        """Read a signature file.

        Raises
        ------
        ModelIntegrityError
            ``bad-signature`` when it is none, or of the older kind, without a hash.
        """
        try:
            first, signed, comment, second = _lines(content)
            algorithm, key_id, of_file = _cut(signed, 2, _ID_BYTES, _SIGNATURE_BYTES)
            (of_comment,) = _cut(second, _SIGNATURE_BYTES)
        except (ValueError, binascii.Error) as error:
            raise _bad("The signature is not a minisign signature.") from error
        if not first.startswith(_UNTRUSTED) or not comment.startswith(_TRUSTED) or algorithm != _ALGORITHM:
            raise _bad("The signature is not a minisign signature, or is one of the older kind (-l).")
        return cls(key_id, of_file, of_comment, comment.removeprefix(_TRUSTED))

    def check(self, data: bytes, keys: Mapping[bytes, bytes]) -> None:
        """Check that the holder of one of the keys signed the file and the comment.

        Parameters
        ----------
        data
            Bytes of the file.
        keys
            Public keys by their numbers, as `read_keys` gives them.

        Raises
        ------
        ModelIntegrityError
            ``untrusted-signature`` when it is by another key; ``bad-signature`` when it is of another file.
        MissingExtraError
            When the library that verifies is not installed.
        """
        if self.key_id not in keys:
            raise ModelIntegrityError(
                "untrusted-signature",
                f"The model is signed with the key {number(self.key_id)}, which is not trusted here.",
                "Take the model from the maker of the device.",
            )
        _check(keys[self.key_id], hashlib.blake2b(data).digest(), self.of_file)
        _check(keys[self.key_id], self.of_file + self.comment.encode(), self.of_comment)


def read_keys(content: bytes) -> dict[bytes, bytes]:
    """Public keys by their numbers, from one or several key files of minisign in one.

    Raises
    ------
    UsageError
        ``no-trusted-key`` when there is none, or something else.
    """
    keys = {}
    try:
        for line in _lines(content):
            if line and not line.startswith(_UNTRUSTED):
                algorithm, key_id, key = _cut(line, 2, _ID_BYTES, _KEY_BYTES)
                if algorithm != _KEY_ALGORITHM:
                    raise ValueError("another algorithm")
                keys[key_id] = key
    except (ValueError, binascii.Error) as error:
        raise _no_key("The file of trusted keys is not a minisign key file.") from error
    if not keys:
        raise _no_key("The file of trusted keys holds no key.")
    return keys


def number(key_id: bytes) -> str:
    """The number of a key as minisign prints it."""
    return f"{int.from_bytes(key_id, 'little'):X}"


def _lines(content: bytes) -> list[str]:
    """The lines, ended in no other way than minisign, or Windows, ends them."""
    return content.decode("utf-8").replace("\r\n", "\n").removesuffix("\n").split("\n")


def _cut(text: str, *lengths: int) -> list[bytes]:
    """Bytes in base64, cut into parts of these lengths; ValueError where they have others, or are written otherwise."""
    content = base64.b64decode(text, validate=True)
    if len(content) != sum(lengths) or base64.b64encode(content).decode() != text:
        raise ValueError("another length")
    ends = [sum(lengths[: place + 1]) for place in range(len(lengths))]
    return [content[end - length : end] for end, length in zip(ends, lengths, strict=True)]


def _check(key: bytes, message: bytes, signature: bytes) -> None:
    try:
        from nacl.exceptions import BadSignatureError
        from nacl.signing import VerifyKey
    except ImportError as error:
        raise MissingExtraError(
            "missing-extra",
            "Signatures of models need PyNaCl, which is not installed.",
            "Install the extra: pip install 'edge-cataract[slots]'.",
        ) from error
    try:
        VerifyKey(key).verify(message, signature)
    except (BadSignatureError, ValueError) as error:
        raise _bad("The signature is not that of this model.") from error


def _bad(found: str) -> ModelIntegrityError:
    return ModelIntegrityError("bad-signature", found, "Take model and signature from the maker of the device.")


def _no_key(found: str) -> UsageError:
    return UsageError("no-trusted-key", found, "Name the public key of the device maker with --key.")
