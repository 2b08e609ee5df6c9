"""The options for people: a page or a table of an exam, and the language in which it speaks."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from edge_runtime.errors import UsageError
from edge_runtime.report.language import LANGUAGES, language_of, needs_report
from edge_runtime.report.marks import REPORT, TABLE, marked_pdf

from .arguments import path_argument

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from edge_runtime.report.targets import Target
    from edge_runtime.results import EyeResult

_PAGES, _PDF = (".html", ".htm"), ".pdf"


@dataclass(frozen=True, slots=True)
class ReportOptions:
    """What was asked for besides documents and pictures.

    Attributes
    ----------
    page
        Where the page of the exam goes, as HTML or PDF by its ending; None: not asked for.
    table
        Where the table of its eyes goes; None: not asked for.
    language
        Code of the language of the page.
    label
        Of the exam, given by the user; None: without.
    overwrite
        Whether results of other scans may be replaced.
    """

    page: str | None = None
    table: str | None = None
    language: str = "en"
    label: str | None = None
    overwrite: bool = False

    @classmethod
    def of(cls, options: argparse.Namespace) -> ReportOptions:
        """The options that `add_report_options` declared, checked before any work.

        Raises
        ------
        UsageError
            For a page whose ending says no kind.
        MissingExtraError
            When the extra `report`, or Chromium for a PDF, is not there.
        """
        page = options.report
        if page is not None:
            _check_page(page)
        language_of(options.lang)
        return cls(page, options.csv, options.lang, getattr(options, "name", None), options.overwrite)

    @property
    def named(self) -> list[str]:
        """Every path that was given."""
        return [path for path in (self.page, self.table) if path is not None]

    def targets(self, scans: Sequence[str]) -> list[Target]:
        """Every file that will be written about these scans."""
        from edge_runtime.report.targets import Target

        kinds = ((self.page, REPORT), (self.table, TABLE))
        return [Target(path, tuple(scans), kind) for path, kind in kinds if path is not None]

    def encode(self, eyes: Sequence[EyeResult], created: str) -> dict[str, bytes]:
        """{path: content} of what was asked for about the eyes of one exam; `created` is the UTC time that it states.

        Nothing without an eye.
        """
        if not eyes:
            return {}
        files: dict[str, bytes] = {}
        if self.table is not None:
            from edge_runtime.report.eye_table import eye_table

            files[self.table] = eye_table(eyes, created=created)
        if self.page is not None:
            from edge_runtime.report.claims import owners_of
            from edge_runtime.report.page import exam_page

            page = exam_page(eyes, language=self.language, label=self.label, created=created)
            files[self.page] = encode_page(page, self.page, owners_of(eyes))
        return files


def encode_page(page: str, path: str, scans: Sequence[str], kind: str = REPORT) -> bytes:
    """The bytes of a page, as HTML or PDF by the ending of its path; a PDF is marked with its kind and its scans."""
    if not _is_pdf(path):
        return page.encode("utf-8")
    from edge_runtime.report.page.pdf import print_pdf

    return marked_pdf(print_pdf(page), scans, kind)


def add_report_options(parser: argparse.ArgumentParser, *, table: bool = True) -> None:
    """Declare --report, --lang and, where a table makes sense, --csv."""
    parser.add_argument(
        "--report",
        type=path_argument,
        metavar="PATH",
        help="a page to read and print, as .html or (where Chromium is installed) .pdf; needs the extra 'report'",
    )
    if table:
        parser.add_argument("--csv", type=path_argument, metavar="PATH", help="a table with a line for each eye")
    parser.add_argument(
        "--lang",
        choices=tuple(LANGUAGES),
        default="en",
        metavar="CODE",
        help=f"language of the page and of the summary: {', '.join(LANGUAGES)} (default: en)",
    )


def _check_page(path: str) -> None:
    """Before any work: what makes a page of this kind is there."""
    if not path.lower().endswith((*_PAGES, _PDF)):
        raise UsageError("usage", f"{os.path.basename(path)!r} is no page.", "End its name in .html or .pdf.")
    for module in ("jinja2", "babel"):
        needs_report(module)
    if _is_pdf(path):
        from edge_runtime.report.page.pdf import find_chromium

        find_chromium()


def _is_pdf(path: str) -> bool:
    return path.lower().endswith(_PDF)
