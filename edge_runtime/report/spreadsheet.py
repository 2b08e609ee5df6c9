"""Tables for spreadsheets: CSV whose text no spreadsheet runs, and values by their place in a document."""

from __future__ import annotations

import csv
import io
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

# Text that a spreadsheet would run as a formula, also where it splits lines at other signs than commas.
_FORMULA = re.compile(r"(^|[;,|\t\r\n])(?=\s*[=+\-@\uff1d\uff0b\uff0d\uff20])")


def csv_table(columns: Iterable[str], rows: Iterable[dict[str, Any]]) -> bytes:
    """A table as CSV in UTF-8: text in quotes, numbers with a point, nothing where there is no number.

    Text that a spreadsheet would run as a formula gets an apostrophe before it.

    Parameters
    ----------
    columns
        Their names.
    rows
        The content of every column, in that order.
    """
    text = io.StringIO(newline="")
    writer = csv.writer(text, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([_cell(content) for content in row.values()] for row in rows)
    return text.getvalue().encode("utf-8")


def value_at(content: Any, place: tuple[str | int, ...]) -> Any:
    """What stands at a place of a document, by keys and indices; None where a part of the way is null.

    A field that an earlier version did not write is None, too.
    """
    for step in place:
        if content is None:
            return None
        content = content.get(step) if isinstance(content, dict) else content[step]
    return content


def _cell(content: Any) -> Any:
    if isinstance(content, bool):
        return "true" if content else "false"
    if content is None:
        return ""
    return _FORMULA.sub(r"\1'", content) if isinstance(content, str) else content
