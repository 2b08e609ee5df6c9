"""``edge-cataract compare EARLIER.json LATER.json``: two exams of one eye, and whether it changed."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from edge_runtime.errors import EdgeCataractError

from .arguments import SpeechOptions
from .console import print_data
from .outcome import EXIT_NOT_GRADED
from .reports import ReportOptions, add_report_options, encode_page

if TYPE_CHECKING:
    import argparse

    from edge_runtime.report.comparison import Comparison


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the verb."""
    parser.add_argument("earlier", metavar="EARLIER", help="the document of an exam (-o DIR wrote it)")
    parser.add_argument("later", metavar="LATER", help="the document of a later exam of the same eye")
    add_report_options(parser, table=False)
    parser.add_argument("--overwrite", action="store_true", help="replace a page of other exams, too")


def run(options: argparse.Namespace) -> int:
    """Run the verb; returns the exit code."""
    from edge_runtime.report.comparison import compare
    from edge_runtime.report.comparison_text import comparison_summary
    from edge_runtime.report.document import to_json
    from edge_runtime.report.exam_facts import read_exam
    from edge_runtime.report.language import language_of
    from edge_runtime.report.targets import check_targets

    options.csv = None
    reports, speech = ReportOptions.of(options), SpeechOptions.of(options)
    check_targets(reports.targets(()), [options.earlier, options.later], overwrite=True)
    exams = []
    for path in (options.earlier, options.later):
        try:
            exams.append(read_exam(path))
        except EdgeCataractError as error:
            error.source = os.path.basename(path)
            raise
    found = compare(*exams)
    _write_page(found, reports)
    print_data(to_json(found.to_dict()) if speech.json else comparison_summary(found, language_of(options.lang)))
    return EXIT_NOT_GRADED if found.difference is None else 0


def _write_page(found: Comparison, reports: ReportOptions) -> None:
    """Write the page of a comparison, where one was asked for."""
    page = reports.page
    if page is None:
        return
    from edge_runtime.report.files import write_all
    from edge_runtime.report.marks import COMPARISON, UNREAD
    from edge_runtime.report.page.compared import comparison_page
    from edge_runtime.report.targets import check_ownership

    scans = found.earlier.scans | found.later.scans
    text = comparison_page(found, language=reports.language)
    content = encode_page(text, page, sorted(scans) or [UNREAD], COMPARISON)

    def permit() -> None:
        if not reports.overwrite:
            check_ownership(page, scans | {UNREAD}, COMPARISON)

    write_all({page: content}, permit)
