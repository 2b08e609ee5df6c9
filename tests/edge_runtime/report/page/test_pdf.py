"""A page becomes a PDF of one sheet where a browser is, and what is missing or fails is named."""

from __future__ import annotations

import re
import stat
from pathlib import Path

import pytest

from edge_runtime.errors import MissingExtraError, WriteError
from edge_runtime.report.page import pdf
from edge_runtime.report.page.pdf import print_pdf


def program(folder: Path, script: str) -> None:
    path = folder / "chromium"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


@pytest.mark.slow
def test_a_page_is_printed_on_a_sheet_of_a4(chromium: str) -> None:
    content = print_pdf("<!doctype html><style>@page{size:A4}</style><p>One sheet")
    assert len(re.findall(rb"/Type\s*/Page\b", content)) == 1
    width, height = map(float, re.findall(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", content)[0])
    assert (round(width / 72 * 25.4), round(height / 72 * 25.4)) == (210, 297)


def test_without_a_browser_it_is_said_what_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(MissingExtraError, match="Chromium") as missing:
        print_pdf("<p>x")
    assert (missing.value.word, missing.value.exit_code) == ("missing-chromium", 69)


@pytest.mark.parametrize("script", ["exit 1", "exit 0", 'for last; do :; done; echo no PDF > "${last%.html}.pdf"'])
def test_a_browser_that_fails_is_reported(script: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(tmp_path, script)
    monkeypatch.setattr(pdf, "BROWSERS", (str(tmp_path / "chromium"),))
    with pytest.raises(WriteError, match="browser did not print") as failed:
        print_pdf("<p>x")
    assert failed.value.word == "print-failed"


def test_a_browser_that_never_ends_is_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(tmp_path, "exec sleep 60")
    monkeypatch.setattr(pdf, "BROWSERS", (str(tmp_path / "chromium"),))
    monkeypatch.setattr(pdf, "MOST_SECONDS", 0.2)
    with pytest.raises(WriteError, match="browser did not print"):
        print_pdf("<p>x")
