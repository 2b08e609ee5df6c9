"""Pages agree with the code, with the committed results and with each other."""

from __future__ import annotations

import ast
import json
import re
import subprocess
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from benchmarks.evidence.publish import LEFT_OUT, MANIFEST
from benchmarks.evidence.real_scans import page as page_of_real_scans
from edge_runtime.service.page.words import page_sentences
from tests.train.study.test_committed_reports import PUBLISHED

ROOT = Path(__file__).parent.parent
MAX_TRACKED_BYTES = 23_500_000
MAX_PICTURE_BYTES = 200_000
MAX_FILES_OF_A_CHANGE = 4
CHANGES = 10
REAL_SCANS = json.loads((ROOT / "benchmarks" / "results" / "real_scans.json").read_text(encoding="utf-8"))
PAGES = sorted(str(path.relative_to(ROOT)) for path in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])


def tracked(*patterns: str) -> list[Path]:
    """The files that git tracks; a copy of the tree without its history cannot be checked."""
    if not (ROOT / ".git").exists():
        pytest.skip("this tree is no checkout")
    done = subprocess.run(["git", "ls-files", "-z", "--", *patterns], cwd=ROOT, capture_output=True, check=True)
    return [ROOT / name for name in done.stdout.decode().split("\0") if name and (ROOT / name).exists()]


# Words of speech for what a program does or a page lists: plain English reports, gives, distinguishes, detects.
UNCLEAR = re.compile(
    r"\b(told|tells?|telling|said|whoever|by hand|without a word|(?:is|are) none of (?!these)|cannot be meant)\b",
    re.IGNORECASE,
)
WRITTEN_ONCE = ("docs/decisions/", "docs/study", "README.md", "CHANGELOG.md")  # records, and pages of several people


def prose_of(page: str) -> str:
    """A page without its blocks of code, and without code in its lines."""
    return re.sub(r"`[^`\n]*`", "", re.sub(r"^```.*?^```", "", page, flags=re.MULTILINE | re.DOTALL))


def messages_of(source: str) -> list[str]:
    """The texts of a module that people may read: every string of several words that is no docstring."""
    tree = ast.parse(source)
    holders = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
    bodies = (node.body for node in ast.walk(tree) if isinstance(node, holders))
    docstrings = {id(body[0].value) for body in bodies if body and isinstance(body[0], ast.Expr)}
    texts = (node for node in ast.walk(tree) if isinstance(node, ast.Constant) and id(node) not in docstrings)
    return [one.value for one in texts if isinstance(one.value, str) and " " in one.value]


def manifest() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(MANIFEST.read_text(encoding="utf-8"))
    return found


def removed() -> dict[str, dict[str, Any]]:
    """Every entry of the manifest by its path."""
    return {entry["path"]: entry for group in manifest()["groups"] for entry in group["files"]}


def anchors(markdown: str) -> set[str]:
    """The fragments that the headings of a page can be linked by."""
    titles = re.findall(r"^#+ (.*)$", markdown, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def runs(module: str) -> bool:
    """Whether `python -m MODULE` finds something in this tree."""
    path = ROOT / module.replace(".", "/")
    return path.with_suffix(".py").exists() or (path / "__main__.py").exists()


@pytest.mark.parametrize("name", PAGES)
def test_commands_of_a_page_exist(name: str) -> None:
    modules = re.findall(
        r"python -m ((?:train|export|benchmarks|edge_runtime)[\w.]*)", (ROOT / name).read_text("utf-8")
    )
    assert [module for module in modules if not runs(module)] == []


def test_a_command_that_is_missing_is_noticed() -> None:
    assert runs("train")
    assert runs("benchmarks.evidence.page")
    assert not runs("benchmarks.evidence.no_such_page")


@pytest.mark.parametrize("name", PAGES)
def test_links_between_pages_lead_somewhere(name: str) -> None:
    page = ROOT / name
    links = re.findall(r"\]\((?!https?:|mailto:)([^)#]*)(?:#([^)]+))?\)", page.read_text(encoding="utf-8"))
    targets = [((page.parent / path) if path else page, fragment) for path, fragment in links]
    assert [path for path, _ in targets if not path.exists()] == []
    for path, fragment in targets:
        assert not fragment or fragment in anchors(path.read_text(encoding="utf-8"))


FILES = re.compile(r"\b(?:docs|benchmarks|edge_runtime|train|export|tests)/[\w./-]+\.(?:md|py|json|csv|toml|png|jpg)\b")


@pytest.mark.parametrize("room", ["edge_runtime", "train", "export", "benchmarks"])
def test_files_that_a_docstring_or_a_comment_names_exist(room: str) -> None:
    named = {
        (str(path.relative_to(ROOT)), name)
        for path in (ROOT / room).rglob("*.py")
        for name in FILES.findall(path.read_text(encoding="utf-8"))
    }
    assert named
    assert {one for one in named if not (ROOT / one[1]).exists()} == set()


def test_there_are_pages_whose_links_are_checked() -> None:
    assert {"README.md", "docs/evidence.md", "docs/study/validation/report.md"} <= set(PAGES)


@pytest.mark.parametrize("name", [page for page in PAGES if not page.startswith(WRITTEN_ONCE)])
def test_pages_are_in_plain_words(name: str) -> None:
    assert UNCLEAR.findall(prose_of((ROOT / name).read_text(encoding="utf-8"))) == []


def test_messages_are_in_plain_words() -> None:
    sources = [path.read_text(encoding="utf-8") for path in (ROOT / "edge_runtime").rglob("*.py")]
    texts = [text for source in sources for text in messages_of(source)] + list(page_sentences())
    assert len(texts) > 1000
    assert [text for text in texts if UNCLEAR.search(text)] == []


@pytest.mark.parametrize(
    ("page", "found"),
    [
        ("More are told.", ["told"]),
        ("Whoever asks is told.\n```\ntold = 1\n```\n`told`", ["Whoever", "told"]),
        ("It is none of minisign.", ["is none of "]),
        ("- **no sign**: none of these. It is none of these.", []),
    ],
)
def test_unclear_words_of_a_page_are_noticed(page: str, found: list[str]) -> None:
    assert UNCLEAR.findall(prose_of(page)) == found


def test_messages_are_the_texts_that_are_no_docstring() -> None:
    assert messages_of('"""Is told."""\nx = f"{y} is told"\nasync def f():\n    "Is told."\n') == [" is told"]


def test_page_of_real_scans_is_that_of_the_committed_numbers() -> None:
    assert (ROOT / "docs" / "real-scans.md").read_text(encoding="utf-8") == page_of_real_scans(REAL_SCANS)


def test_real_scans_were_measured_with_the_bundled_model() -> None:
    register = json.loads((ROOT / "edge_runtime" / "models" / "register.json").read_text(encoding="utf-8"))
    assert REAL_SCANS["model"]["sha256"] == register[REAL_SCANS["model"]["precision"]]["sha256"]


def test_tracked_files_stay_small_altogether() -> None:
    assert 0 < sum(path.stat().st_size for path in tracked()) <= MAX_TRACKED_BYTES


def test_pictures_of_the_documentation_stay_small() -> None:
    sizes = {path: path.stat().st_size for path in tracked("*.png", "*.jpg") if "samples" not in path.parts}
    assert len(sizes) > 10
    assert [path for path, size in sizes.items() if size > MAX_PICTURE_BYTES] == []


def test_tables_and_galleries_of_the_studies_are_not_tracked() -> None:
    studies = tracked("docs/study", "docs/study-paper-label", "docs/study-true-opacity")
    assert len(studies) > len(PUBLISHED)
    assert [path for path in studies if path.name in LEFT_OUT] == []


def test_the_manifest_names_the_tables_of_every_cohort() -> None:
    tables = {f"docs/study/{cohort}/{name}" for cohort in PUBLISHED for name in ("scans.csv", "eyes.csv")}
    assert tables <= removed().keys()


def test_every_entry_of_the_manifest_has_a_digest_and_commands() -> None:
    assert all(re.fullmatch("[0-9a-f]{64}", entry["sha256"]) for entry in removed().values())
    assert manifest()["groups"]
    for group in manifest()["groups"]:
        assert group["files"]
        assert group["commands"]
        for command in group["commands"]:
            assert runs(command.removeprefix("python -m ").split()[0])


def test_the_last_commit_of_the_manifest_holds_what_was_removed() -> None:
    commit = manifest()["last_commit"]
    if subprocess.run(["git", "cat-file", "-e", commit], cwd=ROOT, capture_output=True, check=False).returncode:
        pytest.skip("the history of this checkout does not reach that far")
    for path in ("docs/study-paper-label/validation/eyes.csv", "docs/gallery/kinds.jpg", "docs/overlay.png"):
        shown = subprocess.run(["git", "show", f"{commit}:{path}"], cwd=ROOT, capture_output=True, check=True).stdout
        entry = removed()[path]
        assert (len(shown), sha256(shown).hexdigest()) == (entry["bytes"], entry["sha256"])


def test_every_decision_has_its_parts_and_its_line_in_the_index() -> None:
    folder = ROOT / "docs" / "decisions"
    index = re.findall(
        r"^\| (\d+) \| \[.+\]\((.+)\) \| (\w+) \|$", (folder / "README.md").read_text("utf-8"), re.MULTILINE
    )
    files = sorted(path.name for path in folder.glob("[0-9]*.md"))
    assert [name for _, name, _ in index] == files
    for number, name, status in index:
        text = (folder / name).read_text("utf-8")
        assert int(number) == int(name[:4])
        assert text.startswith(f"# {number}. ")
        assert re.search(rf"^Status: {status}, \d{{4}}-\d\d-\d\d", text, re.MULTILINE)
        assert re.findall(r"^## (.*)$", text, re.MULTILINE) == ["Context", "Decision", "Consequences"]


def changes() -> dict[str, str]:
    """{change: files to touch} of the table in CONTRIBUTING.md."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    section = text.split("## Where does a change go?\n", 1)[1].split("\n## ", 1)[0]
    rows = re.findall(r"^\| (.+?) \| (.+) \|$", section, re.MULTILINE)
    return dict(rows[1:])  # the first row is the head


def test_ten_changes_touch_at_most_four_files_each() -> None:
    assert len(changes()) == CHANGES
    for cell in changes().values():
        assert 1 <= len(re.findall(r"`[^`]+`", cell)) <= MAX_FILES_OF_A_CHANGE


def test_every_file_that_a_change_touches_exists_or_is_new() -> None:
    cells = re.findall(r"`([^`]+)`( \(new\))?", " ".join(changes().values()))
    assert [path for path, new in cells if bool(new) == (ROOT / path).exists()] == []
