"""A page or a table is replaced by one about the same scans, and by no other."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from edge_runtime.errors import UsageError
from edge_runtime.report.claims import owners_of
from edge_runtime.report.eye_table import eye_table
from edge_runtime.report.marks import marked_pdf, scans_of_report
from edge_runtime.report.page import exam_page
from edge_runtime.report.targets import check_ownership
from edge_runtime.results import EyeResult

OTHER = frozenset({"0" * 64})


@pytest.fixture
def written(tmp_path: Path, eye_of: Callable[[str], EyeResult]) -> tuple[dict[str, Path], frozenset[str]]:
    eye = eye_of("exam")
    scans = frozenset(owners_of([eye]))
    contents = {
        "page.html": exam_page([eye]).encode(),
        "page.pdf": marked_pdf(b"%PDF-1.4\n%%EOF\n", scans),
        "table.csv": eye_table([eye]),
    }
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
    return {name: tmp_path / name for name in contents}, scans


@pytest.mark.parametrize("name", ["page.html", "page.pdf", "table.csv"])
def test_a_report_is_replaced_by_one_of_the_same_scans_alone(
    name: str, written: tuple[dict[str, Path], frozenset[str]]
) -> None:
    path, scans = written[0][name], written[1]
    assert scans_of_report(path) == scans
    check_ownership(str(path), scans)
    check_ownership(str(path), scans | OTHER)
    with pytest.raises(UsageError, match="result of another scan"):
        check_ownership(str(path), OTHER)
    with pytest.raises(UsageError, match="result of further scans"):
        check_ownership(str(path), frozenset(sorted(scans)[:1]))
    with pytest.raises(UsageError, match="another kind"):
        check_ownership(str(path), scans, "comparison")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<html><p>a page of somebody",
        b"%PDF-1.4\n%%EOF\n",
        b'"eye","answer"\n"OD","refer"\n',
        b'"eye",\xff\n',
        b'<meta name="edge-cataract" content="report ">',
        b'<meta name="edge-cataract" content="report %s">' % (b"g" * 64),
    ],
)
def test_what_others_wrote_is_no_report(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(content)
    assert scans_of_report(tmp_path / "file") is None


def test_a_file_that_is_missing_is_no_report(tmp_path: Path) -> None:
    assert scans_of_report(tmp_path / "nothing") is None
    assert scans_of_report(tmp_path) is None
