"""Signatures are those of minisign; whatever was changed is refused before anything else looks at a model."""

from __future__ import annotations

import base64
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks.robustness.signing import Signer
from edge_runtime.errors import EdgeCataractError, ModelIntegrityError, UsageError
from edge_runtime.slots.signature import Signature, number, read_keys

DATA = b"a model" * 1000


def word_of(content: bytes, data: bytes = DATA, keys: bytes = b"") -> str:
    with pytest.raises(EdgeCataractError) as raised:
        Signature.parse(content).check(data, read_keys(keys or Signer().public_key))
    return raised.value.word


def test_what_minisign_signs_is_verified(program: Callable[[str], str], tmp_path: Path) -> None:
    minisign = program("minisign")
    (tmp_path / "model").write_bytes(DATA)

    def run(*arguments: str) -> None:
        subprocess.run([minisign, *arguments], cwd=tmp_path, check=True, capture_output=True, timeout=60)

    run("-G", "-W", "-p", "key.pub", "-s", "key.sec")
    run("-S", "-s", "key.sec", "-m", "model", "-t", "edge 9, für Geräte")
    keys = read_keys((tmp_path / "key.pub").read_bytes())
    signature = Signature.parse((tmp_path / "model.minisig").read_bytes())
    signature.check(DATA, keys)
    assert signature.comment == "edge 9, für Geräte"
    first = (tmp_path / "key.pub").read_text().splitlines()[0]
    assert first == f"untrusted comment: minisign public key {number(next(iter(keys)))}"
    run("-S", "-l", "-s", "key.sec", "-m", "model")
    assert word_of((tmp_path / "model.minisig").read_bytes()) == "bad-signature"  # of the older kind


def test_what_is_signed_here_is_verified_by_minisign(program: Callable[[str], str], tmp_path: Path) -> None:
    signer = Signer()
    (tmp_path / "model").write_bytes(DATA)
    (tmp_path / "model.minisig").write_bytes(signer.sign(DATA))
    (tmp_path / "key.pub").write_bytes(signer.public_key)
    command = [program("minisign"), "-V", "-p", "key.pub", "-m", "model"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, check=True, timeout=60)
    assert b"a model of tests" in done.stdout


def test_every_changed_byte_of_file_or_signature_is_found() -> None:
    content = Signer().sign(DATA)
    Signature.parse(content).check(DATA, read_keys(Signer().public_key))
    begin = content.index(b"\n") + 1  # the untrusted comment is signed by nobody
    for place in range(begin, len(content) - 1):
        spoilt = content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :]
        assert word_of(spoilt) in ("bad-signature", "untrusted-signature"), place
    for place in range(0, len(DATA), 97):
        assert word_of(content, DATA[:place] + bytes([DATA[place] ^ 128]) + DATA[place + 1 :]) == "bad-signature"


def test_a_comment_of_another_signature_is_refused() -> None:
    """Both comments are real, and one was put to the other's file."""
    lines = Signer().sign(DATA).splitlines()
    other = Signer().sign(DATA, "the newest of all").splitlines()
    assert word_of(b"\n".join([*lines[:2], other[2], lines[3]])) == "bad-signature"
    assert (
        word_of(b"\n".join([*lines[:2], *Signer().sign(b"another", "the newest").splitlines()[2:]])) == "bad-signature"
    )


@pytest.mark.parametrize("content", [b"", b"x", b"\xff\xfe", b"a\nb\nc\nd", b"\n" * 3, DATA, b"\n".join([b""] * 40)])
def test_what_is_no_signature_is_refused(content: bytes) -> None:
    assert word_of(content) == "bad-signature"


def test_another_key_is_named_and_refused() -> None:
    with pytest.raises(ModelIntegrityError, match="with the key 7,") as refused:
        Signature.parse(Signer(7).sign(DATA)).check(DATA, read_keys(Signer().public_key))
    assert refused.value.word == "untrusted-signature"


def test_a_key_that_pretends_to_be_a_trusted_one_is_refused() -> None:
    forged = Signer(7).sign(DATA).splitlines()
    forged[1] = base64.b64encode(b"ED" + (1).to_bytes(8, "little") + base64.b64decode(forged[1])[10:])
    assert word_of(b"\n".join(forged)) == "bad-signature"


def test_several_keys_may_be_trusted() -> None:
    keys = Signer(1).public_key + Signer(2).public_key
    for one in (1, 2):
        Signature.parse(Signer(one).sign(DATA)).check(DATA, read_keys(keys))
    assert word_of(Signer(3).sign(DATA), keys=keys) == "untrusted-signature"


@pytest.mark.parametrize("content", [b"", b"untrusted comment: none\n", b"RWQ=\n", b"\xff", DATA, Signer().sign(DATA)])
def test_what_is_no_public_key_is_refused(content: bytes) -> None:
    with pytest.raises(UsageError) as refused:
        read_keys(content)
    assert refused.value.word == "no-trusted-key"
