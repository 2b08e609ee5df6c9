"""Measure whether pictures that people altered are told: ``python -m benchmarks.evidence.altered --seed SEED``.

Every scan of the cohort `altered` is compared with itself as the device wrote it. It has moved where its Cataract
Fraction changed by more than 0.03, where another answer follows, or where only one of both is graded. A scan that moved
is told where it carries a warning of doubt or is not graded. The words of doubt must be silent on the scans of all
other cohorts, and on real scans where a folder is given.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks.provenance import provenance, save
from edge_runtime import CataractAnalyzer
from train.phantom.cohorts.catalogue import COHORTS, plan_cohort
from train.phantom.imaging.plan import Tool
from train.workers import process_pool

from .alarms import alarms_of_real_scans, alarms_of_scan, summed_alarms
from .judged import MOVED, Pair, judged_pairs

RESULTS = Path(__file__).parents[2] / "build" / "benchmarks" / "altered.json"
LEAST_TOLD, MOST_ALARMS = 0.85, 0.01


def main() -> int:
    """Measure, print, save; 1 where `--gate` is given and an aim is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, required=True, help="seed of all cohorts")
    parser.add_argument("--patients", type=int, default=90, help="of the cohort, 6 scans each (default 90)")
    parser.add_argument("--others", type=int, default=40, help="scans of each other cohort (default 40)")
    parser.add_argument("--real", type=Path, help="folder with scans.csv and the scans it names")
    parser.add_argument("--out", type=Path, default=RESULTS)
    parser.add_argument("--workers", type=int, default=1, help="processes (default 1)")
    parser.add_argument("--gate", action="store_true", help="end with 1 where an aim is missed")
    arguments = parser.parse_args()
    eyes = [eye for patient in plan_cohort("altered", arguments.seed, arguments.patients) for eye in patient.eyes]
    with process_pool(arguments.workers) as pool:
        pairs = [pair for found in pool.map(judged_pairs, *zip(*eyes, strict=True)) for pair in found]
        alarms = {
            cohort: summed_alarms(list(pool.map(alarms_of_scan, *_some(cohort, arguments.seed, arguments.others))))
            for cohort in COHORTS
            if cohort != "altered"
        }
    real = alarms_of_real_scans(arguments.real) if arguments.real else None
    content = {
        **provenance(CataractAnalyzer()),
        "cohort": "altered",
        "seed": arguments.seed,
        "n": len(pairs),
        "moved_by": MOVED,
        "tools": {str(tool): table([pair for pair in pairs if pair.tool == tool]) for tool in Tool},
        "together": table(pairs),
        "missed": [asdict(pair) for pair in pairs if pair.moved and not pair.told],
        "alarms": alarms,
        "alarms_together": {
            "scans": sum(one["scans"] for one in alarms.values()),
            "alarms": sum(one["alarms"] for one in alarms.values()),
        },
        "alarms_real": real,
    }
    save(arguments.out, content)
    report(content)
    together, false = content["together"], content["alarms_together"]
    met = (
        (together["share_told"] or 0.0) >= LEAST_TOLD
        and false["alarms"] <= MOST_ALARMS * false["scans"]
        and not (real and real["alarms"])
    )
    return int(arguments.gate and not met)


def _some(cohort: str, seed: int, scans: int) -> tuple[list[Any], list[Any]]:
    """Eyes and scans spread over a cohort: the next eye and the next of its scans each time."""
    eyes = [eye for patient in plan_cohort(cohort, seed) for eye in patient.eyes]
    chosen = [eyes[number * len(eyes) // scans] for number in range(scans)]
    return [eye for eye, _ in chosen], [plans[number % len(plans)] for number, (_, plans) in enumerate(chosen)]


def table(pairs: list[Pair]) -> dict[str, Any]:
    """Count what moved, and what of it was told: of all, and of those that still have a number."""
    moved = [pair for pair in pairs if pair.moved]
    numbered = [pair for pair in moved if pair.after.fraction is not None]
    told, told_numbered = (sum(pair.told for pair in some) for some in (moved, numbered))
    return {
        "n": len(pairs),
        "not_graded": sum(pair.after.fraction is None for pair in pairs),
        "warned": sum(bool(pair.after.doubts) for pair in pairs),
        "moved": len(moved),
        "told": told,
        "share_told": round(told / len(moved), 4) if moved else None,
        "moved_with_number": len(numbered),
        "told_with_number": told_numbered,
        "share_told_with_number": round(told_numbered / len(numbered), 4) if numbered else None,
    }


def report(content: dict[str, Any]) -> None:
    """Print the tables."""
    print(f"{'tool':16} {'n':>4} {'refused':>8} {'moved':>6} {'told':>5} {'share':>7}   with a number: moved, told")
    for name, row in [*content["tools"].items(), ("together", content["together"])]:
        share = "-" if row["share_told"] is None else f"{row['share_told']:.1%}"
        print(
            f"{name:16} {row['n']:4} {row['not_graded']:8} {row['moved']:6} {row['told']:5} {share:>7}"
            f"   {row['moved_with_number']:13} {row['told_with_number']:5}"
        )
    for name, row in [*content["alarms"].items(), ("real", content["alarms_real"] or {})]:
        if row:
            print(f"{name:24} {row['alarms']} alarms in {row['scans']} scans {row['words']}")
    together = content["alarms_together"]
    print(f"all other cohorts: {together['alarms']} alarms in {together['scans']} scans")


if __name__ == "__main__":
    sys.exit(main())
