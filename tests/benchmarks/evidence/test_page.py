from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.evidence import page as page_module
from benchmarks.evidence.committed import Committed, OtherDraw
from benchmarks.evidence.page import PAGE, page


@pytest.fixture(scope="module")
def committed() -> Committed:
    return Committed.read()


def test_the_page_is_that_of_the_committed_results(committed: Committed) -> None:
    assert PAGE.read_text(encoding="utf-8") == page(committed)


def test_another_result_gives_another_page(committed: Committed) -> None:
    eye = committed.study["validation"]["diagnosis"]["eye"]
    worse = eye | {"auc": eye["auc"] | {"value": 0.7123}}
    validation = committed.study["validation"] | {"diagnosis": {"eye": worse}}
    text = page(replace(committed, study=committed.study | {"validation": validation}))
    assert f"0.712 ({eye['auc']['low']:.3f} to {eye['auc']['high']:.3f})" in text
    assert f"0.712 to {OtherDraw.of(committed.measures['parity']).auc:.3f}" in text


def test_the_command_writes_the_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page_module, "PAGE", tmp_path / "page.md")
    assert page_module.main() == 0
    assert (tmp_path / "page.md").read_bytes() == PAGE.read_bytes()
