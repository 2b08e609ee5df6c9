"""The tables of a dataset, as spreadsheets and hands leave them: every row that is not as it must be is named."""

from __future__ import annotations

import csv
import io
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_OTHER_SEPARATORS = {";": "semicolons", "\t": "tabs", "|": "vertical bars"}
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a table.

    Attributes
    ----------
    line
        Number of its line in the file, from 1.
    cells
        Its cells by column, without blanks around them.
    """

    line: int
    cells: dict[str, str]

    def __getitem__(self, column: str) -> str:
        return self.cells[column]

    def get(self, column: str) -> str:
        """The cell of a column that a table may lack; "" then."""
        return self.cells.get(column, "")


def read_table(path: Path, columns: tuple[str, ...], faults: list[str], *, optional: tuple[str, ...] = ()) -> list[Row]:
    """Read a table with a header; rows without any cell are left out, and what is wrong is added to `faults`.

    Parameters
    ----------
    path
        The file.
    columns
        Columns that the table must have.
    faults
        What is wrong with the table is added to it.
    optional
        Columns that it may have: one that is nearly named like them is a fault. All others are left alone.
    """
    text = _text(path, faults)
    if text is None:
        return []
    try:
        lines = list(_lines(text))
    except csv.Error as error:
        faults.append(f"{path.name}: cannot be read ({error})")
        return []
    header = _without_empty_end(lines[0][1]) if lines else []
    if not _has_columns(path.name, header, columns, optional, faults):
        return []
    rows = []
    for number, written in lines[1:]:
        filled = _without_empty_end(written)  # spreadsheets add empty columns at the right
        if not filled:
            continue
        cells = written[: max(len(header), len(filled))]
        if len(cells) != len(header):
            advice = ": is a number written with a comma?" if len(cells) > len(header) else ""
            faults.append(f"{path.name}, line {number}: {len(cells)} cells, {len(header)} were expected{advice}")
            continue
        rows.append(Row(number, dict(zip(header, (cell.strip() for cell in cells), strict=True))))
    return rows


def _text(path: Path, faults: list[str]) -> str | None:
    try:
        data = path.read_bytes()
    except OSError as error:
        workbook = path.with_suffix(".xlsx")
        hint = f"; {workbook.name} must be saved as CSV" if workbook.exists() else ""
        faults.append(f"{path.name}: cannot be read ({error.strerror}{hint})")
        return None
    if data.startswith(b"PK"):
        faults.append(f"{path.name}: is a workbook; save it as CSV (UTF-8)")
        return None
    try:
        return data.decode("utf-16" if data.startswith(_UTF_16) else "utf-8-sig")
    except UnicodeDecodeError:
        faults.append(f"{path.name}: is not in UTF-8; save it as CSV (UTF-8)")
        return None


def _lines(text: str) -> list[tuple[int, list[str]]]:
    reader = csv.reader(io.StringIO(text, newline=""))
    return [(reader.line_num, cells) for cells in reader if cells]


def _without_empty_end(cells: list[str]) -> list[str]:
    """The cells without blanks around them, and without the empty ones at the end."""
    stripped = [cell.strip() for cell in cells]
    while stripped and not stripped[-1]:
        stripped.pop()
    return stripped


def _spelling(name: str) -> str:
    """What is left of a column's name without capitals, blanks, signs and the plural."""
    return "".join(filter(str.isalnum, name.casefold())).removesuffix("s")


def _has_columns(
    name: str, header: list[str], columns: tuple[str, ...], optional: tuple[str, ...], faults: list[str]
) -> bool:
    """Whether a header can be used; if not, `faults` say why, in one sentence where one is enough."""
    found = len(faults)
    for separator, words in _OTHER_SEPARATORS.items():
        if len(header) == 1 and separator in header[0]:
            faults.append(f"{name}: the table seems to be separated by {words}; commas were expected")
            return False
    meant = {_spelling(written): written for written in header if written not in {*columns, *optional}}
    for column in (*columns, *optional):
        nearly = None if column in header else meant.get(_spelling(column))
        if nearly:
            faults.append(f"{name}: column {nearly!r} must be written {column}")
        elif column in columns and column not in header:
            faults.append(f"{name}: column {column} is missing")
    repeated = [column for column, count in Counter(header).items() if count > 1]
    faults += [f"{name}: column {column or '(without a name)'} stands there twice" for column in repeated]
    return len(faults) == found
