"""The page for clinics: its command, on a stick as it draws it, with the model that a user gets."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
from pathlib import Path

import pytest

from benchmarks.robustness.batch_scans import make_scans
from edge_runtime import CataractAnalyzer, cli, codes
from tests.conftest import ROOT

PAGE = (ROOT / "docs" / "clinic.md").read_text(encoding="utf-8")


@pytest.mark.slow
def test_one_command_answers_for_both_eyes_of_a_stick(
    bundled_analyzer: CataractAnalyzer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    make_scans(tmp_path / "made", 1, 0.0, 1)
    for path in sorted((tmp_path / "made").iterdir()):
        _, eye, meridian = path.name.split("_")
        (tmp_path / "USB" / eye).mkdir(parents=True, exist_ok=True)
        shutil.move(path, tmp_path / "USB" / eye / f"scan_{meridian}")
    (tmp_path / "USB" / "Thumbs.db").write_bytes(b"")
    (tmp_path / "results").mkdir()
    monkeypatch.chdir(tmp_path)
    (command,) = re.findall(r"^```sh\n(.*)\n```", PAGE, re.MULTILINE)
    assert cli.main(shlex.split(command)[1:]) == 0
    said = capsys.readouterr().out
    assert re.findall(r"^(OD|OS): ", said, re.MULTILINE) == ["OD", "OS"]
    assert len(re.findall(r"^  Antwort: ", said, re.MULTILINE)) == 2
    page = (tmp_path / "exam.html").read_text(encoding="utf-8")
    assert page.count('<section class="eye ') == 2
    assert page.count("data:image/jpeg") == 24
    assert "USB" not in re.sub(r"base64,[^\"]+", "", page)  # which pictures may spell by chance
    for eye in ("OD", "OS"):
        document = json.loads((tmp_path / "results" / f"V17-{eye}.json").read_text())
        assert document["eye"]["laterality"] == eye
        assert document["eye"]["scans_used"] == 6
        assert [scan["meridian_deg"] for scan in document["scans"]] == [0, 30, 60, 90, 120, 150]
    assert len(os.listdir("results")) == 2 + 12


def test_every_word_of_the_page_is_one_of_the_program() -> None:
    words = {*codes.REFUSALS, *codes.WARNINGS}
    named = re.findall(r"^\| `([a-z-]+)` \|", PAGE, re.MULTILINE)
    assert len(named) >= 4
    assert set(named) <= words
    assert [answer for answer in codes.ANSWERS if f"(`{answer}`)" not in PAGE] == []
