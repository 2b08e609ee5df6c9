"""What the README shows is what a user gets: its Python runs, its commands print what stands below them."""

from __future__ import annotations

import glob
import re
import shlex
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from edge_runtime.cli import main
from edge_runtime.golden import SAMPLES
from export.bundle import SAMPLE_SCANS
from train.phantom.render import simulate

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
MAX_WORDS = 450
MERIDIANS_DEG = (0, 30, 60, 90, 120, 150)


def prose(markdown: str) -> str:
    """The text that counts as prose: no fenced code block, no code in tables, no target of a link or picture."""
    text = re.sub(r"^```.*?^```$", "", markdown, flags=re.MULTILINE | re.DOTALL)
    text = "\n".join(re.sub(r"`[^`]*`", "", line) if line.startswith("|") else line for line in text.splitlines())
    return re.sub(r"\]\([^)]*\)", "]", text)


def count_words(markdown: str) -> int:
    """Runs of characters between white space that hold a letter or a digit."""
    return sum(bool(re.search(r"[^\W_]", word)) for word in prose(markdown).split())


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


def sessions() -> list[tuple[str, str]]:
    """(command, expected output) of every console block."""
    found = []
    for block in blocks("console"):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, output = part.partition("\n")
            found.append((command, output))
    return found


@pytest.fixture(scope="session")
def radial_scans(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The six radial scans of the simulated right eye whose first scan is the bundled sample."""
    import cv2

    folder = tmp_path_factory.mktemp("eye")
    patient, scan = SAMPLE_SCANS["simulated-cataract.png"]
    for meridian_deg in MERIDIANS_DEG:
        picture = simulate(patient, replace(scan, meridian_deg=float(meridian_deg))).picture
        (folder / f"OD_{meridian_deg:03d}.png").write_bytes(cv2.imencode(".png", picture)[1].tobytes())
    return folder


@pytest.fixture
def kiosk(tmp_path: Path, radial_scans: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the scans that the README speaks of."""
    shutil.copy(SAMPLES / "simulated-cataract.png", tmp_path / "scan.png")
    (tmp_path / "eye").symlink_to(radial_scans)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def words_of(command: str) -> list[str]:
    """The arguments of a command, with file names filled in as a shell does."""
    words = shlex.split(command)[1:]
    return [name for word in words for name in (sorted(glob.glob(word)) if "*" in word else [word])]


def test_readme_is_short() -> None:
    assert count_words(README) <= MAX_WORDS


def test_words_are_counted_outside_of_code_and_links() -> None:
    text = "# One two\n\n```\nnot these words\n```\n\nthree [four](far/away.md) `five` -\n\n| six | `not-this` |\n"
    assert count_words(text) == 6


def test_readme_shows_a_scan_an_exam_and_python() -> None:
    commands = [command for command, _ in sessions()]
    assert all(command.startswith("edge-cataract ") for command in commands)
    assert {"scan.png", "exam"} <= {command.split()[1] for command in commands}
    assert blocks("python")


@pytest.mark.parametrize(("command", "expected"), sessions())
def test_command_prints_what_the_readme_shows(
    command: str, expected: str, kiosk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """An ellipsis in the README stands for what is left out."""
    assert main(words_of(command)) == 0
    pattern = ".*?".join(re.escape(part) for part in expected.rstrip("\n").split("…"))
    assert re.fullmatch(pattern, capsys.readouterr().out.rstrip("\n"), re.DOTALL)


@pytest.mark.parametrize("block", blocks("python"))
def test_python_of_the_readme_runs(block: str, kiosk: Path) -> None:
    exec(compile(block, "README.md", "exec"), {})


def test_the_exam_is_of_the_eye_of_the_bundled_sample(radial_scans: Path) -> None:
    import cv2
    import numpy as np

    first, sample = (
        cv2.imdecode(np.frombuffer(path.read_bytes(), np.uint8), cv2.IMREAD_UNCHANGED)
        for path in (radial_scans / "OD_000.png", SAMPLES / "simulated-cataract.png")
    )
    assert np.array_equal(first, sample)
    assert len({path.read_bytes() for path in radial_scans.iterdir()}) == len(MERIDIANS_DEG)
