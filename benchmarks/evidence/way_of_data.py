"""Measure the way of the data: how often a value is handed from file to file, and how often it comes back.

Run as ``python -m benchmarks.evidence.way_of_data FILE:FUNCTION:PARAMETER``; a method is ``Class.method``. The trace is
static: nothing is run. It starts with one parameter of one function and follows it through the project.

- **The data** is that parameter; its attributes, members and other names; whatever it is put into; and whatever is made
  from it, by an operator, by a library, or by a function of the project. What a function of the project that was
  handed the data returns is the data again when it is made from it, or is an object of one of the project's classes.
  A plain number, truth value, text or bytes that such a function returns is a fact about the data, and is not followed.
- **A handing** is a call of a function of the project to which an argument, the object of the method, or a name of the
  enclosing function gives the data. Calls are read in the order in which Python evaluates them, arguments before
  the call, through all branches one after the other, and each loop once. A function is opened at the first handing, and
  again only when the data arrives by another parameter. What is raised ends there.
- **A value stays where it is**: to build an object (``__init__``, a class method) or to ask a dataclass, by an
  attribute, a property or a method, is no handing; what such a method calls is followed all the same. Reading a
  property of any object is not followed.
- **A stay** is a run of handings to one file with none to another file in between. To go on in the caller after a call
  has returned is no stay; to be handed to another function of the caller's file is one.
- **Returns** are stays less distinct files: how often the data came back to a file that it had left.

A method is found by the class of its object, which is known from an annotation of a parameter, attribute or result, or
from the object's construction; a method of a protocol is taken where the protocol is declared. A function that is
passed as an argument is followed to where it is called; one that is passed to a library is taken to be called there.

Compare the counts with each other, not with a debugger. At commit 72daa58, before the runtime became a chain of values,
``edge_runtime/cli.py:_analyze_one:path`` had 41 stays in 15 files and 26 returns, its part from
``edge_runtime/analyzer.py:CataractAnalyzer.analyze:path`` to the decision 27 stays in 11 files and 16 returns, and
``export/release.py:export_models:checkpoint``, the example to follow, 9 stays in 7 files and 2 returns.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from .project import Project
from .trace import Handing, Trace

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True)
class Stay:
    """One visit of the data to a file.

    Attributes
    ----------
    file
        Path from the project's root.
    handings
        The functions of the file to which the data was handed meanwhile.
    """

    file: str
    handings: tuple[Handing, ...]


@dataclass(frozen=True, slots=True)
class Way:
    """Every stay of the data, in order."""

    stays: tuple[Stay, ...]

    @property
    def files(self) -> int:
        """Distinct files."""
        return len({stay.file for stay in self.stays})

    @property
    def returns(self) -> int:
        """Stays in a file that the data had left before."""
        return len(self.stays) - self.files

    def excess(self, limit_stays: int | None, limit_returns: int | None) -> list[str]:
        """A sentence for each limit that is exceeded."""
        counts = (("stays", len(self.stays), limit_stays), ("returns", self.returns, limit_returns))
        return [
            f"{count} {name} exceed the limit of {limit}."
            for name, count, limit in counts
            if limit is not None and count > limit
        ]


def way_of_data(entry: str, root: Path) -> Way:
    """Trace one parameter, named as ``FILE:FUNCTION:PARAMETER``, through the project below `root`.

    Raises
    ------
    LookupError
        When the file, the function or the parameter does not exist.
    """
    file, _, rest = entry.partition(":")
    function, _, parameter = rest.partition(":")
    project = Project.read(root)
    trace = Trace(project)
    trace.start(project.module_of(file), function, parameter)
    return Way(tuple(Stay(where, tuple(group)) for where, group in groupby(trace.handings, key=lambda one: one.file)))


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the way; the exit code is 1 when it exceeds a limit, and 2 when the entry does not exist."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.evidence.way_of_data", description="See the module.")
    parser.add_argument("entry", metavar="FILE:FUNCTION:PARAMETER", help="a method is Class.method")
    parser.add_argument("--root", type=Path, default=Path(), help="the project (default: the current folder)")
    parser.add_argument("--limit-stays", type=int, metavar="N", help="exit with 1 above so many stays")
    parser.add_argument("--limit-returns", type=int, metavar="N", help="exit with 1 above so many returns")
    options = parser.parse_args(arguments)
    try:
        way = way_of_data(options.entry, options.root)
    except LookupError as error:
        parser.error(str(error.args[0]))
    for number, stay in enumerate(way.stays, 1):
        steps = dict.fromkeys(f"{one.function}({one.parameter})" for one in stay.handings)
        print(f"{number:3}. {stay.file}: {', '.join(steps)}")
    print(f"{len(way.stays)} stays in {way.files} files, {way.returns} returns")
    exceeded = way.excess(options.limit_stays, options.limit_returns)
    for sentence in exceeded:
        print(sentence, file=sys.stderr)
    return 1 if exceeded else 0


if __name__ == "__main__":
    sys.exit(main())
