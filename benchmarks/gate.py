"""Let a benchmark fail: what is asked for beside what was found, on a machine that had time for it.

Exit codes: 0 when everything is reached or no gate was asked for, 1 when something is missed, 2 on a busy machine.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

FRESH = Path(__file__).parents[1] / "build" / "benchmarks"
MAX_LOAD_PER_CORE = 0.5  # of other programs, over the last minute
EXIT_MISSED, EXIT_BUSY = 1, 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One figure of a benchmark and what is asked of it.

    Attributes
    ----------
    name
        What was measured.
    found
        The figure; None where there is none, which reaches nothing.
    at_least, at_most
        Bounds that still pass; None where that side is open.
    """

    name: str
    found: float | None
    at_least: float | None = None
    at_most: float | None = None

    @property
    def reached(self) -> bool:
        """Whether the figure lies within its bounds; NaN does not."""
        if self.found is None:
            return False
        low = self.at_least is None or self.found >= self.at_least
        return low and (self.at_most is None or self.found <= self.at_most)

    def __str__(self) -> str:
        """Say name, figure, bounds and whether they are kept in one line."""
        bounds = [f"at least {self.at_least:g}"] if self.at_least is not None else []
        bounds += [f"at most {self.at_most:g}"] if self.at_most is not None else []
        found = "nothing" if self.found is None else f"{self.found:.4g}"
        return f"{'reached' if self.reached else 'MISSED'}: {self.name}: {found}, asked for {' and '.join(bounds)}"


def add_options(parser: argparse.ArgumentParser, committed: Path, *, timed: bool) -> None:
    """Declare --gate and --out; where time is measured, --busy too. Committed results are replaced only when named."""
    parser.add_argument("--gate", action="store_true", help="end with 1 when a figure misses what is asked for")
    parser.add_argument("--out", type=Path, default=FRESH / committed.name, help="default: build/benchmarks")
    if timed:
        parser.add_argument("--busy", action="store_true", help="measure even while other programs use the processor")


def parser_of_turns(description: str | None, committed: Path) -> argparse.ArgumentParser:
    """The command line of a benchmark whose steps take turns in one process: --turns, --gate, --busy and --out."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--turns", type=int, default=60, help="of everything that is timed (default 60)")
    add_options(parser, committed, timed=True)
    return parser


def load_per_core() -> float:
    """Return the load average of the last minute over the processors of this machine."""
    return os.getloadavg()[0] / (os.cpu_count() or 1)


def too_busy(arguments: argparse.Namespace) -> bool:
    """Say so when a gate on time would judge the other programs of this machine; never without --gate."""
    load = load_per_core()
    if not arguments.gate or arguments.busy or load <= MAX_LOAD_PER_CORE:
        return False
    print(f"Busy: a load of {load:.2f} per processor, at most {MAX_LOAD_PER_CORE} is allowed.")
    print("Nothing was measured. Wait, or measure all the same with --busy.")
    return True


def outcome(asked: Sequence[Asked], *, gate: bool) -> int:
    """Print every figure with its bounds; return the exit code."""
    print(*asked, sep="\n")
    return EXIT_MISSED if gate and not all(one.reached for one in asked) else 0
