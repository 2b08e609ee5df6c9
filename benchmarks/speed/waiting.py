"""What a user waits for, beside what cannot be spared: ``python -m benchmarks.speed.waiting [--gate]``.

One warm process takes turns: the scan is decoded, the network runs alone, the scan is analysed, one whose lens lies
elsewhere is, and the scan is analysed with all of its pictures. Ratios are of one turn, so that what slows the machine
slows both.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from benchmarks.gate import EXIT_BUSY, Asked, load_per_core, outcome, parser_of_turns, too_busy
from benchmarks.provenance import provenance, save
from edge_runtime import CataractAnalyzer
from edge_runtime.reading.raster import read_scan
from edge_runtime.report.png import encode_png

from .contenders import SAMPLE, sample_window
from .turns import about, seconds_of

RESULTS = Path(__file__).parents[1] / "results" / "waiting.json"
ASIDE = 0.2  # of the columns: a lens that the usual window does not hold
# (name, slower, faster, largest ratio): what is asked for.
AIMS = (
    ("a warm scan over decoding and network alone", "scan", ("decode", "network"), 1.3),
    ("a lens elsewhere over the usual scan", "elsewhere", ("scan",), 1.3),
    ("a scan with every picture over the scan alone", "pictures", ("scan",), 1.8),
)
Steps = dict[str, Callable[[], Any]]


def main(words: list[str] | None = None) -> int:
    """Measure, save, and hold the figures against what is asked for."""
    arguments = parser_of_turns(__doc__, RESULTS).parse_args(words)
    if too_busy(arguments):
        return EXIT_BUSY
    load = load_per_core()
    analyzer = CataractAnalyzer()
    turns = take_turns(steps(analyzer), arguments.turns)
    content = {
        **provenance(analyzer),
        "load_per_core": load,
        "turns": arguments.turns,
        "ms": {name: about([1000 * turn[name] for turn in turns]) for name in turns[0]},
        "ratios": {
            name: {**about(ratios(turns, slower, faster)), "at_most": most} for name, slower, faster, most in AIMS
        },
    }
    save(arguments.out, content)
    return outcome(asked(content), gate=arguments.gate)


def asked(content: dict[str, Any]) -> list[Asked]:
    """Return the median ratios of a run, with what is asked of them."""
    return [Asked(name=name, found=one["median"], at_most=one["at_most"]) for name, one in content["ratios"].items()]


def ratios(turns: list[dict[str, float]], slower: str, faster: tuple[str, ...]) -> list[float]:
    """The ratio of every turn."""
    return [turn[slower] / sum(turn[name] for name in faster) for turn in turns]


def take_turns(work: Steps, turns: int) -> list[dict[str, float]]:
    """Seconds of every step in every turn; each step runs once before."""
    for step in work.values():
        step()
    return [{name: seconds_of(step) for name, step in work.items()} for _ in range(turns)]


def steps(analyzer: CataractAnalyzer) -> Steps:
    """What is timed, by name."""
    content = SAMPLE.read_bytes()
    coded = np.frombuffer(content, np.uint8)
    picture = read_scan(content).pixels
    aside = np.roll(picture, round(ASIDE * picture.shape[1]), axis=1)
    elsewhere = encode_png(aside)
    window = sample_window()

    def with_pictures() -> list[bytes]:
        found = analyzer.analyze(content)
        probability = np.rint(found.cataract_probability * 65535).astype(np.uint16)
        return [encode_png(one) for one in (found.overlay(), found.labels, probability)]

    return {
        "decode": lambda: cv2.imdecode(coded, cv2.IMREAD_UNCHANGED),
        "network": lambda: analyzer.network.predict(window),
        "scan": lambda: analyzer.analyze(content),
        "elsewhere": lambda: analyzer.analyze(elsewhere),
        "pictures": with_pictures,
    }


if __name__ == "__main__":
    sys.exit(main())
