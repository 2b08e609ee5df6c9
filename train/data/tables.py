"""The tables of a dataset, as spreadsheets and hands leave them: every row that is not as it must be is named."""

from __future__ import annotations

import csv
import io
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_OTHER_SEPARATORS = {";": "semicolons", "\t": "tabs"}
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


def read_table(path: Path, columns: tuple[str, ...], faults: list[str]) -> list[Row]:
    """Read a table with a header; rows without any cell are left out, and what is wrong is added to `faults`."""
    text = _text(path, faults)
    if text is None:
        return []
    try:
        lines = list(_lines(text))
    except csv.Error as error:
        faults.append(f"{path.name}: cannot be read ({error})")
        return []
    header = [name.strip() for name in lines[0][1]] if lines else []
    if not _has_columns(path.name, header, columns, faults):
        return []
    rows = []
    for number, cells in lines[1:]:
        if not any(cell.strip() for cell in cells):
            continue
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


def _has_columns(name: str, header: list[str], columns: tuple[str, ...], faults: list[str]) -> bool:
    """Whether a header can be used; if not, `faults` say why, in one sentence where one is enough."""
    found = len(faults)
    for separator, words in _OTHER_SEPARATORS.items():
        if len(header) == 1 and separator in header[0]:
            faults.append(f"{name}: the table seems to be separated by {words}; commas were expected")
            return False
    faults += [f"{name}: column {column} is missing" for column in columns if column not in header]
    repeated = [column for column, count in Counter(header).items() if count > 1]
    faults += [f"{name}: column {column or '(without a name)'} stands there twice" for column in repeated]
    return len(faults) == found
