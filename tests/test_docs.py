"""The pages tell what the code does."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from benchmarks.evidence.real_scans import page
from edge_runtime import codes, errors

ROOT = Path(__file__).parent.parent
REAL_SCANS = json.loads((ROOT / "benchmarks" / "results" / "real_scans.json").read_text(encoding="utf-8"))
CODES_PAGE = (ROOT / "docs" / "codes.md").read_text(encoding="utf-8")
EXIT_CODES = {str(kind.exit_code) for kind in vars(errors).values() if hasattr(kind, "exit_code")}


def rows_of_section(title: str) -> dict[str, str]:
    """{word: meaning} of one table of docs/codes.md."""
    section = CODES_PAGE.split(f"## {title}\n", 1)[1].split("\n## ", 1)[0]
    rows = re.findall(r"^\| `([a-z0-9-]+)` \|(?: [0-9, ]+ \|)? (.*) \|$", section, re.MULTILINE)
    return dict(rows)


@pytest.mark.parametrize(
    ("title", "documented"), [("Errors", codes.REFUSALS), ("Reasons", codes.REASONS), ("Warnings", codes.WARNINGS)]
)
def test_page_of_words_lists_every_word_with_its_meaning(title: str, documented: dict[str, str]) -> None:
    assert rows_of_section(title) == documented


def test_every_error_on_the_page_has_an_exit_code_of_the_error_tree() -> None:
    section = CODES_PAGE.split("## Errors\n", 1)[1].split("\n## ", 1)[0]
    found = re.findall(r"^\| `[a-z0-9-]+` \| ([0-9, ]+) \|", section, re.MULTILINE)
    assert len(found) == len(codes.REFUSALS)
    assert {code for cell in found for code in cell.split(", ")} <= EXIT_CODES


def test_page_of_real_scans_is_that_of_the_committed_numbers() -> None:
    assert (ROOT / "docs" / "real-scans.md").read_text(encoding="utf-8") == page(REAL_SCANS)


def test_real_scans_were_measured_with_the_bundled_model() -> None:
    register = json.loads((ROOT / "edge_runtime" / "models" / "register.json").read_text(encoding="utf-8"))
    assert REAL_SCANS["model"]["sha256"] == register[REAL_SCANS["model"]["precision"]]["sha256"]


@pytest.mark.parametrize("name", ["README.md", "MODEL_CARD.md"])
def test_dice_on_real_scans_is_quoted_as_measured(name: str) -> None:
    dice = [eye["dice_mean"] for eye in REAL_SCANS["eyes"] if eye["dice_mean"] is not None]
    quoted = f"{min(dice):.3f} to {max(dice):.3f} over {len(dice)} eyes"
    assert quoted in (ROOT / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["README.md", "MODEL_CARD.md"])
def test_figures_of_the_study_are_quoted_as_reported(name: str) -> None:
    report = (ROOT / "docs" / "study" / "validation" / "report.md").read_text(encoding="utf-8")
    text = (ROOT / name).read_text(encoding="utf-8")
    quoted = re.findall(r"AUC (0\.[0-9]+ \([0-9.]+ to [0-9.]+\))", text) + re.findall(r"\b[0-9]+/(?:89|132)\b", text)
    assert len(quoted) == 4
    assert [figure for figure in quoted if figure not in report] == []


@pytest.mark.parametrize("name", sorted(path.name for path in [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")]))
def test_links_between_pages_lead_somewhere(name: str) -> None:
    path = ROOT / name if (ROOT / name).exists() else ROOT / "docs" / name
    targets = re.findall(r"\]\((?!https?:|#|mailto:)([^)#]+)", path.read_text(encoding="utf-8"))
    missing = [target for target in targets if not (path.parent / target).exists()]
    assert not missing
