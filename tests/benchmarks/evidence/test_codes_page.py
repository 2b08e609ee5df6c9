from __future__ import annotations

import re
from pathlib import Path

import pytest

from benchmarks.evidence import codes_page as codes_page_module
from benchmarks.evidence.codes_page import PAGE, error_classes, error_words, exit_codes, page, raised_in
from edge_runtime import codes, errors
from edge_runtime.cli import main


def test_the_page_is_that_of_the_code() -> None:
    assert PAGE.read_text(encoding="utf-8") == page()


def test_every_exit_code_of_the_error_tree_is_on_the_page() -> None:
    tree = {kind.exit_code for kind in vars(errors).values() if hasattr(kind, "exit_code")}
    assert tree <= exit_codes().keys()
    assert {0, 3, 4, 130, 143} <= exit_codes().keys()


def test_the_help_names_no_exit_code_that_the_page_lacks(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])
    epilog = capsys.readouterr().out.split("exit codes:", 1)[1].split("environment:", 1)[0]
    named = {int(word) for word in re.findall(r"\b\d+\b", epilog)}
    assert len(named) > 10
    assert named <= exit_codes().keys()


def test_every_documented_word_has_the_exit_code_of_its_error() -> None:
    found = {one.word: one.exit_codes for one in error_words()}
    assert found.keys() == codes.REFUSALS.keys()
    assert found["truncated-jpeg"] == (errors.ScanError.exit_code,)
    assert found["out-of-memory"] == (errors.ResourceError.exit_code,)
    assert found["internal"] == (errors.InternalError.exit_code,)


def test_words_are_read_from_the_construction_of_errors() -> None:
    source = 'raise ScanError("a" if wide else "b", "x", "y")\nother("c")\nraise ScanError(f"cut-{kind}", "x", "y")\n'
    assert {word for _, word in raised_in(source, set(error_classes()))} == {
        "a", "b", "cut-png", "cut-jpeg", "cut-tiff", "cut-bmp",
    }  # fmt: skip


def test_the_command_writes_the_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(codes_page_module, "PAGE", tmp_path / "page.md")
    assert codes_page_module.main() == 0
    assert (tmp_path / "page.md").read_bytes() == PAGE.read_bytes()
