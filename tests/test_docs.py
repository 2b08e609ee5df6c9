"""The pages tell what the code does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from edge_runtime import codes, errors

ROOT = Path(__file__).parent.parent
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


@pytest.mark.parametrize("page", sorted(path.name for path in [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")]))
def test_links_between_pages_lead_somewhere(page: str) -> None:
    path = ROOT / page if (ROOT / page).exists() else ROOT / "docs" / page
    targets = re.findall(r"\]\((?!https?:|#|mailto:)([^)#]+)", path.read_text(encoding="utf-8"))
    missing = [target for target in targets if not (path.parent / target).exists()]
    assert not missing
