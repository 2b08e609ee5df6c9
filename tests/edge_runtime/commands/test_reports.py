"""``--report``, ``--csv`` and ``--lang``, and ``compare``, as a user types them."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from edge_runtime.report.marks import scans_of_report
from tests.conftest import RunProgram
from tests.edge_runtime.pictures import encoded, lens_frame
from tests.edge_runtime.report.exam_documents import exam_document, written


@pytest.fixture
def scans(tmp_path: Path) -> list[Path]:
    paths = [tmp_path / f"scan{number}.png" for number in range(3)]
    for number, path in enumerate(paths):
        path.write_bytes(encoded(".png", lens_frame(cataract_rows=100 + 4 * number)))
    return paths


def test_an_exam_writes_a_page_and_a_table_in_the_language_that_was_asked_for(
    scans: list[Path], tmp_path: Path, run_program: RunProgram
) -> None:
    page, table = tmp_path / "exam.html", tmp_path / "exam.csv"
    done = run_program(
        "exam", *scans, "--eye", "OD", "--report", page, "--csv", table, "--lang", "de", "--name", "A-17"
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.decode().startswith("OD: Katarakt, GRENZWERTIG\n  Kataraktanteil 0,149,")
    text = page.read_text(encoding="utf-8")
    assert '<html lang="de" dir="ltr" class="alone">' in text
    assert "Rechtes Auge" in text
    assert "A-17" in text
    assert "scan0" not in text
    assert len(scans_of_report(table) or ()) == 3


def test_a_page_of_other_scans_is_not_replaced_unless_that_was_asked_for(
    scans: list[Path], tmp_path: Path, run_program: RunProgram
) -> None:
    page = tmp_path / "scan.html"
    assert run_program(scans[0], "--report", page).returncode == 0
    before = page.read_bytes()
    refused = run_program(scans[1], "--report", page)
    assert refused.returncode == 2
    assert b"output-taken" in refused.stderr
    assert page.read_bytes() == before
    assert run_program(scans[0], "--report", page, "--lang", "fr").returncode == 0
    assert run_program(scans[1], "--report", page, "--overwrite").returncode == 0


@pytest.mark.slow
def test_a_page_is_written_as_pdf(scans: list[Path], tmp_path: Path, run_program: RunProgram, chromium: str) -> None:
    page = tmp_path / "exam.PDF"
    done = run_program("exam", *scans, "--eye", "OS", "--report", page, "--lang", "ar", timeout=180)
    assert done.returncode == 0, done.stderr
    assert page.read_bytes().startswith(b"%PDF-")
    assert len(scans_of_report(page) or ()) == 3


def test_a_pdf_without_a_browser_is_refused_before_any_work(
    scans: list[Path], tmp_path: Path, run_program: RunProgram
) -> None:
    done = run_program("exam", *scans, "--eye", "OD", "--report", tmp_path / "exam.pdf", env={"PATH": str(tmp_path)})
    assert done.returncode == 69
    assert b"missing-chromium" in done.stderr
    assert done.stdout == b""


def test_without_the_extra_a_page_or_a_language_names_it(
    scans: list[Path], tmp_path: Path, run_program: RunProgram
) -> None:
    for name in ("babel", "jinja2"):
        (tmp_path / "broken" / name).mkdir(parents=True)
        (tmp_path / "broken" / name / "__init__.py").write_text(f"raise ModuleNotFoundError(name={name!r})")
    folders = os.pathsep.join((str(tmp_path / "broken"), str(Path(__file__).parents[3])))
    for options in (("--report", tmp_path / "x.html"), ("--lang", "fr")):
        done = run_program(scans[0], *options, env={"PYTHONPATH": folders})
        assert done.returncode == 69
        assert b"pip install 'edge-cataract[report]'" in done.stderr
        assert done.stdout == b""
    assert run_program(scans[0], env={"PYTHONPATH": folders}).returncode == 0


def test_a_page_of_another_kind_or_of_several_scans_is_a_mistake(
    scans: list[Path], tmp_path: Path, run_program: RunProgram
) -> None:
    for arguments in (
        (scans[0], "--report", tmp_path / "page.doc"),
        (*scans, "--report", tmp_path / "page.html"),
        (scans[0], "--lang", "tlh"),
        (scans[0], "--report", scans[0].with_suffix(".html"), "--csv", scans[0].with_suffix(".html")),
    ):
        assert run_program(*arguments).returncode == 2


def test_two_exams_are_compared_as_text_json_and_page(tmp_path: Path, run_program: RunProgram) -> None:
    one = written(tmp_path / "one.json", exam_document(0.1))
    other = written(tmp_path / "other.json", exam_document(0.3))
    told = run_program("compare", one, other, "--lang", "es")
    assert told.returncode == 0, told.stderr
    assert told.stdout.decode().startswith("OD: La fracción de catarata aumentó más")
    page = tmp_path / "compared.html"
    asked = run_program("compare", one, other, "--json", "--report", page)
    assert json.loads(asked.stdout)["verdict"] == "increased"
    text = page.read_text(encoding="utf-8")
    assert "rose by more" in text
    assert run_program("compare", one, other, "--report", page).returncode == 0
    for changed in (text.replace('content="comparison ', 'content="report '), text.replace("0000", "1111")):
        page.write_text(changed, encoding="utf-8")  # the page of an exam of the same scans; one of other scans
        refused = run_program("compare", one, other, "--report", page)
        assert (refused.returncode, b"output-taken" in refused.stderr) == (2, True)
    assert run_program("compare", one, other, "--report", page, "--overwrite").returncode == 0


def test_what_cannot_be_compared_ends_with_its_code(tmp_path: Path, run_program: RunProgram) -> None:
    exam = written(tmp_path / "exam.json", exam_document(0.1))
    (tmp_path / "damaged.json").write_text(exam.read_text()[:-40])
    for name, content in (("none", exam_document(None)), ("left", exam_document(laterality="OS"))):
        written(tmp_path / f"{name}.json", content)
    for name, code, word in (
        ("none", 3, ""),
        ("left", 2, "other-eyes"),
        ("damaged", 65, "not-a-document"),
        ("missing", 66, "missing-file"),
    ):
        done = run_program("compare", exam, tmp_path / f"{name}.json")
        assert (done.returncode, word in done.stderr.decode()) == (code, True)


def test_a_comparison_never_replaces_its_documents(tmp_path: Path, run_program: RunProgram) -> None:
    exam = written(tmp_path / "exam.html", exam_document(0.1))
    other = written(tmp_path / "other.json", exam_document(0.3))
    before = exam.read_bytes()
    assert run_program("compare", exam, other, "--report", exam, "--overwrite").returncode == 2
    assert exam.read_bytes() == before
