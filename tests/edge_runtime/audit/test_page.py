"""The program of the page verifies as the verb does."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from edge_runtime.audit import AuditTrail
from tests.conftest import ROOT


def verified(*paths: Path) -> tuple[int, str]:
    text = (ROOT / "docs" / "audit.md").read_text(encoding="utf-8")
    (program,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program, *paths], capture_output=True, check=False, text=True
    )
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize("signed", [False, True])
def test_the_program_of_the_page_finds_what_the_verb_finds(
    signed: bool, path: Path, key: Path, document: dict[str, Any]
) -> None:
    trail = AuditTrail(path, key=key if signed else None, rotate_bytes=2500)
    for number in range(5):
        trail.append(document)
        if number == 1:
            with path.open("ab") as file:
                file.write(b'{"n":4,"pre')
    parts = [*sorted(path.parent.glob("audit.jsonl.*")), path]
    assert len(parts) > 1
    assert verified(*parts) == (0, f"intact {trail.head()}\n")
    assert verified(*parts[1:])[0] == 1
    content = parts[0].read_bytes()
    parts[0].write_bytes(content.replace(b'"answer":"', b'"answer": "', 1))
    assert verified(*parts)[0] == 1


def test_the_program_of_the_page_takes_no_change_for_a_loss_of_power(three: AuditTrail, path: Path) -> None:
    assert verified(path) == (0, f"intact {three.head()}\n")
    whole = path.read_bytes()
    *before, last = whole.splitlines(keepends=True)
    for changed in (
        b"".join([*before, last.replace(b'"answer":"', b'"answer": "', 1)]),  # in the last line alone
        whole.replace(b'"answer":"', b'"answer": "'),  # in every line to the end
    ):
        path.write_bytes(changed)
        assert verified(path)[0] == 1
        assert "not as it was written" in verified(path)[1]
    path.write_bytes(whole[:-9])
    code, text = verified(path)
    assert (code, text.split()[0]) == (1, "unfinished")
    path.write_bytes(b"")
    assert verified(path)[0] == 1
