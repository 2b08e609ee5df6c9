"""What the measures beyond the fraction cost: judging an eye against analysing its scans, by turns in one process.

python -m benchmarks.speed.measures [--gate]
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from statistics import median

from benchmarks.gate import EXIT_BUSY, Asked, outcome, parser_of_turns, too_busy
from benchmarks.provenance import provenance, save
from edge_runtime import CataractAnalyzer
from edge_runtime.golden import SAMPLES

from .turns import seconds_of

RESULTS = Path(__file__).parents[1] / "results" / "measures_cost.json"
SCANS_PER_EXAM = 6
MOST = 0.15  # of the time of the scans


def main(words: list[str] | None = None) -> int:
    """Measure, save, and hold the figures against what is asked for."""
    arguments = parser_of_turns(__doc__, RESULTS).parse_args(words)
    if too_busy(arguments):
        return EXIT_BUSY
    analyzer = CataractAnalyzer()
    shares = {path.name: share_of_scan(analyzer, path, arguments.turns) for path in sorted(SAMPLES.glob("*.png"))}
    exam = share_of_exam(analyzer, SAMPLES / "simulated-cataract.png", max(arguments.turns // SCANS_PER_EXAM, 1))
    save(arguments.out, {**provenance(analyzer), "turns": arguments.turns, "scans": shares, "exam": exam})
    asked = [Asked(name=f"measures over {name}", found=share, at_most=MOST) for name, share in shares.items()]
    return outcome([*asked, Asked(name="measures over an exam", found=exam, at_most=MOST)], gate=arguments.gate)


def share_of_scan(analyzer: CataractAnalyzer, path: Path, turns: int) -> float:
    """Time to judge a scan as an eye, measures included, over the time to analyse it: median of turns."""
    result = analyzer.analyze(path)
    return _share(lambda: analyzer.as_eye([result]), lambda: analyzer.analyze(path), turns)


def share_of_exam(analyzer: CataractAnalyzer, path: Path, turns: int) -> float:
    """The same for six scans of one eye."""
    results = [analyzer.analyze(path)] * SCANS_PER_EXAM
    return _share(
        lambda: analyzer.as_eye(results, scans_expected=SCANS_PER_EXAM),
        lambda: [analyzer.analyze(path) for _ in range(SCANS_PER_EXAM)],
        turns,
    )


def _share(judge: Callable[[], object], analyse: Callable[[], object], turns: int) -> float:
    return median(seconds_of(judge) / seconds_of(analyse) for _ in range(turns))


if __name__ == "__main__":
    sys.exit(main())
