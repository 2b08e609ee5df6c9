"""A signer of models for tests and benchmarks: what the device maker does with minisign, and with a key of its own."""

from __future__ import annotations

import base64
import hashlib

from nacl.signing import SigningKey


class Signer:
    """A key pair that is made from a number; never sign anything real with it.

    Parameters
    ----------
    number
        Another number is another key.
    """

    def __init__(self, number: int = 1) -> None:
        self._id = number.to_bytes(8, "little")
        self._key = SigningKey(hashlib.sha256(self._id).digest())

    @property
    def public_key(self) -> bytes:
        """The file of the public key."""
        key = base64.b64encode(b"Ed" + self._id + bytes(self._key.verify_key))
        return b"untrusted comment: a key of tests\n" + key + b"\n"

    def sign(self, data: bytes, comment: str = "a model of tests") -> bytes:
        """The signature file of a file."""
        of_file = self._key.sign(hashlib.blake2b(data).digest()).signature
        of_comment = self._key.sign(of_file + comment.encode()).signature
        lines = [
            b"untrusted comment: signature of tests",
            base64.b64encode(b"ED" + self._id + of_file),
            b"trusted comment: " + comment.encode(),
            base64.b64encode(of_comment),
        ]
        return b"\n".join(lines) + b"\n"
