"""Whatever is changed in an audit is found, and its line named."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from edge_runtime.audit import AuditTrail
from edge_runtime.audit.line import MAX_LINE_BYTES, Head, seal
from edge_runtime.audit.verify import proven_lines
from edge_runtime.errors import AuditError, ScanMissingError, UsageError


def found(path: Path, **options: Any) -> AuditError:
    with pytest.raises(AuditError) as raised:
        list(proven_lines(str(path), **options))
    return raised.value


def lines_of(path: Path) -> list[bytes]:
    return path.read_bytes().splitlines(keepends=True)


@pytest.mark.parametrize(
    ("order", "number"),
    [
        ((0, 2, 3), 2),  # a line removed
        ((1, 2, 3), 1),
        ((0, 1, 1, 2, 3), 3),  # doubled
        ((0, 2, 1, 3), 2),  # two lines that changed places
        ((3, 2, 1, 0), 1),
    ],
)
def test_lines_that_were_removed_added_or_moved_are_found(
    order: tuple[int, ...], number: int, three: AuditTrail, path: Path
) -> None:
    lines = lines_of(path)
    path.write_bytes(b"".join(lines[at] for at in order))
    error = found(path)
    assert (error.word, error.exit_code) == ("damaged-audit", 65)
    assert error.found.startswith(f"Line {number} of audit.jsonl does not follow")


@pytest.mark.parametrize("number", [1, 2, 3, 4])
def test_a_changed_byte_is_found_and_its_line_named(number: int, three: AuditTrail, path: Path) -> None:
    lines = lines_of(path)
    line = bytearray(lines[number - 1])
    line[90] ^= 1
    path.write_bytes(b"".join([*lines[: number - 1], bytes(line), *lines[number:]]))
    assert found(path).found == f"Line {number} of audit.jsonl is not as it was written."


def test_a_cut_end_is_found_by_a_head_that_was_kept(three: AuditTrail, path: Path) -> None:
    head = three.head()
    path.write_bytes(b"".join(lines_of(path)[:-1]))
    assert len(list(proven_lines(str(path)))) == 3  # a chain alone cannot tell
    error = found(path, expected=[head])
    assert (error.word, error.found) == ("shortened-audit", "The audit ends with line number 3, and once had 4.")


def test_an_audit_that_was_begun_anew_is_found_by_a_head_that_was_kept(
    three: AuditTrail, path: Path, document: dict[str, Any]
) -> None:
    head = three.head()
    path.unlink()
    for _ in range(4):
        AuditTrail(path).append(document)
    assert found(path, expected=[head]).found == "Line 4 of audit.jsonl is not the one that was kept as number 4."


def test_earlier_heads_are_gone_through(three: AuditTrail, path: Path, document: dict[str, Any]) -> None:
    heads = [three.head()]
    three.append(document)
    heads.append(three.head())
    assert len(list(proven_lines(str(path), expected=heads))) == 5
    with pytest.raises(UsageError, match="contradict"):
        list(proven_lines(str(path), expected=[heads[0], Head("0" * 64, heads[0].count)]))


@pytest.mark.parametrize("text", ["", "abc/3", "0" * 64, "0" * 64 + "/0", "0" * 64 + "/-1", "G" * 64 + "/1"])
def test_a_text_that_is_no_head_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="HASH/COUNT"):
        Head.parse(text)


def test_a_head_is_read_as_it_is_printed() -> None:
    head = Head("ab" * 32, 7)
    assert Head.parse(f"{head}\n") == head


def test_a_line_written_anew_with_its_hash_breaks_the_chain(three: AuditTrail, path: Path) -> None:
    lines = lines_of(path)
    first, second, *_ = proven_lines(str(path))
    fields = {name: value for name, value in second.fields.items() if name not in ("n", "previous")}
    lines[1] = seal({**fields, "answer": "no-sign"}, first.line.head, None)
    path.write_bytes(b"".join(lines))
    assert found(path).found.startswith("Line 3 of audit.jsonl does not follow line number 2")


def test_what_is_signed_cannot_be_written_anew_without_the_key(path: Path, key: Path, document: dict[str, Any]) -> None:
    AuditTrail(path, key=key).append(document)
    signed = path.read_bytes()
    lines = list(proven_lines(str(path), key=key.read_bytes()))
    head, forged = Head(), b""
    for one in lines:
        fields = {name: value for name, value in one.fields.items() if name not in ("n", "previous")}
        line = seal(fields, head, b"a key that was guessed, 32 bytes.")
        head, forged = Head(line.partition(b'"hash":"')[2][:64].decode(), head.count + 1), forged + line
    path.write_bytes(forged)
    assert len(list(proven_lines(str(path)))) == 2  # without the key nobody can tell
    assert found(path, key=key.read_bytes()).found == "Line 1 of audit.jsonl was not signed with the key."
    path.write_bytes(signed.replace(signed[-70:], b'"}\n'))
    assert found(path, key=key.read_bytes()).word in ("damaged-audit", "unfinished-audit")


def test_a_signature_that_is_missing_on_one_line_is_found(path: Path, key: Path, document: dict[str, Any]) -> None:
    AuditTrail(path, key=key).append(document)
    lines = lines_of(path)
    unsigned = lines[1].partition(b',"mac"')[0] + b"}\n"
    path.write_bytes(lines[0] + unsigned)
    assert found(path).found == "Line 2 of audit.jsonl was not signed with the key."


def test_a_key_for_an_audit_without_one_is_refused(three: AuditTrail, path: Path) -> None:
    with pytest.raises(UsageError, match="begun without a key"):
        list(proven_lines(str(path), key=bytes(32)))


def test_a_part_that_is_missing_or_in_another_place_is_found(path: Path, document: dict[str, Any]) -> None:
    trail = AuditTrail(path, rotate_bytes=1000)
    for _ in range(6):
        trail.append(document)
    first, second = (path.with_name(f"audit.jsonl.00000{number}") for number in (1, 2))
    contents = first.read_bytes(), second.read_bytes()
    first.unlink()
    assert found(path).found.startswith("Line 1 of audit.jsonl.000002 does not follow line number 0")
    first.write_bytes(contents[1])
    second.write_bytes(contents[0])
    assert found(path).found.startswith("Line 1 of audit.jsonl.000001 does not follow line number 0")


def test_a_full_part_cannot_be_unfinished(path: Path, document: dict[str, Any]) -> None:
    AuditTrail(path, rotate_bytes=1).append(document)
    part = path.with_name("audit.jsonl.000001")
    with part.open("ab") as file:
        file.write(b'{"n":2')
    assert found(path).found == "Line 2 of audit.jsonl.000001 is not as it was written."


def test_torn_bytes_that_were_changed_are_found(three: AuditTrail, path: Path, document: dict[str, Any]) -> None:
    with path.open("ab") as file:
        file.write(b'{"n":5,"pre')
    three.append(document)
    path.write_bytes(path.read_bytes().replace(b'{"n":5,"pre\n', b'{"n":5,"prf\n'))
    assert found(path).found == "Line 5 of audit.jsonl is not as it was written."


def test_a_torn_line_that_nobody_recorded_is_found(three: AuditTrail, path: Path) -> None:
    lines = lines_of(path)
    path.write_bytes(b"".join([*lines[:2], b'{"n":3,"pre\n', *lines[2:]]))
    assert found(path).found == "Line 3 of audit.jsonl is not as it was written."


def test_a_line_that_is_longer_than_any_is_found_without_reading_it_whole(three: AuditTrail, path: Path) -> None:
    with path.open("ab") as file:
        file.write(b"x" * (2 * MAX_LINE_BYTES))
    assert found(path).found == "Line 5 of audit.jsonl is longer than any line."


@pytest.mark.parametrize("body", [b"{}", b'{"n":"1"}', b'{"n":true}', b"{" + b'"a":{' * 20_000, b'{"n":NaN}', b"{n}"])
def test_a_line_with_a_right_hash_and_wrong_content_is_found(body: bytes, path: Path) -> None:
    import hashlib

    body = body[:-1] + b" " if body.endswith(b"}") else body
    path.write_bytes(body + f',"hash":"{hashlib.sha256(body).hexdigest()}"}}\n'.encode())
    assert found(path).word == "damaged-audit"


@pytest.mark.parametrize("content", [b"name,age\n", b"\x89PNG\r\n", b"x"])
def test_a_file_of_another_kind_is_told(content: bytes, path: Path) -> None:
    path.write_bytes(content)
    assert found(path).word == "not-an-audit"


def test_a_missing_or_unreadable_audit_is_told(path: Path) -> None:
    with pytest.raises(ScanMissingError) as missing:
        list(proven_lines(str(path)))
    assert missing.value.word == "missing-file"
    path.mkdir()
    with pytest.raises(ScanMissingError) as unreadable:
        list(proven_lines(str(path)))
    assert unreadable.value.word == "unreadable-file"


def test_an_audit_that_was_emptied_is_told(three: AuditTrail, path: Path) -> None:
    head = three.head()
    path.write_bytes(b"")
    assert found(path).word == "unfinished-audit"
    assert found(path, expected=[head]).word == "shortened-audit"
