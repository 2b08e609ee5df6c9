"""What the README shows is what a user gets: its Python runs, its commands print what stands below them."""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path

import pytest

from edge_runtime.cli import main

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
SAMPLES = ROOT / "edge_runtime" / "samples"


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


def sessions() -> list[tuple[str, str]]:
    """(command, expected output) of every console block; only commands of this program can be run here."""
    found = []
    for block in blocks("console"):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, output = part.partition("\n")
            if command.startswith("edge-cataract"):
                found.append((command, output))
    return found


@pytest.fixture
def kiosk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the scans that the README speaks of."""
    shutil.copy(SAMPLES / "simulated-cataract.png", tmp_path / "scan.png")
    for sample in SAMPLES.glob("*.png"):
        shutil.copy(sample, tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_readme_shows_sessions_and_python() -> None:
    assert len(sessions()) >= 2
    assert blocks("python")


@pytest.mark.parametrize(("command", "expected"), sessions())
def test_command_prints_what_the_readme_shows(
    command: str, expected: str, kiosk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """An ellipsis in the README stands for what differs between machines."""
    assert main(shlex.split(command)[1:]) == 0
    pattern = ".*?".join(re.escape(part) for part in expected.rstrip("\n").split("…"))
    assert re.fullmatch(pattern, capsys.readouterr().out.rstrip("\n"), re.DOTALL)


@pytest.mark.parametrize("block", blocks("python"))
def test_python_of_the_readme_runs(block: str, kiosk: Path) -> None:
    exec(compile(block, "README.md", "exec"), {})
