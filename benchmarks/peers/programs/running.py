"""What the programs share: one scan and the end, as a command line would, or as many as are asked for.

It imports nothing but the standard library and what times a turn, so that every environment can run it.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.speed.turns import serve


@dataclass(frozen=True, slots=True)
class Job:
    """What a program is asked for.

    Attributes
    ----------
    scan
        PNG of 8 bit grey.
    out
        Label map to write, uint8 PNG of the scan's size.
    weights
        Folder of network files (`benchmarks.peers.weights`).
    threads
        Of the network, where the library lets one choose.
    """

    scan: Path
    out: Path
    weights: Path
    threads: int


Start = Callable[[Job], Callable[[], int]]


def main(start: Start) -> None:
    """Load, then segment once, or serve turns.

    Parameters
    ----------
    start
        Loads what is needed. What it returns reads the scan, segments it, writes the label map and counts the pixels
        that are no background.
    """
    parser = argparse.ArgumentParser()
    parser.add_argument("--scan", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--weights", type=Path, required=True)
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--serve", action="store_true")
    arguments = parser.parse_args()
    job = Job(arguments.scan, arguments.out, arguments.weights, arguments.threads)
    if arguments.serve:
        serve(lambda: start(job))
    else:
        start(job)()
