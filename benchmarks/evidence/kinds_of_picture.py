"""Measure whether the kind of a scan is told: ``python -m benchmarks.evidence.kinds_of_picture --seed SEED``.

Every scan of the cohorts `not-gradable` and `phakic-implant`, and some of each other cohort, is analysed as a user does
who names no profile. What cannot be graded must be refused and named, what can be graded must not be refused.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.provenance import provenance, save
from edge_runtime import CataractAnalyzer, EdgeCataractError
from edge_runtime.report.document import document
from train.phantom.cohorts.catalogue import COHORTS, plan_cohort
from train.phantom.patient import make_eye
from train.phantom.render import render
from train.workers import process_pool

from .judged import analyzer

if TYPE_CHECKING:
    from train.phantom.eye.plan import EyePlan
    from train.phantom.imaging.plan import ScanPlan

RESULTS = Path(__file__).parents[2] / "build" / "benchmarks" / "kinds_of_picture.json"
WHOLE = ("not-gradable", "phakic-implant")
LEAST_REFUSED, LEAST_RIGHT, MOST_REFUSED = 0.995, 0.95, 0.01


@dataclass(frozen=True, slots=True)
class Told:
    """What a user is told about one scan.

    Attributes
    ----------
    state
        What the simulated scan shows, in the words of `picture`.
    picture
        What the document says; None where it does not know.
    graded
        Whether it has a number.
    reasons
        Why it has none.
    """

    state: str
    picture: str | None
    graded: bool
    reasons: tuple[str, ...]


def told(eye: EyePlan, scans: tuple[ScanPlan, ...]) -> list[Told]:
    """Render and analyse scans of an eye."""
    made = make_eye(eye)
    found = []
    for scan in scans:
        rendered = render(made, scan)
        state = str(rendered.notes["picture"])
        try:
            result = analyzer().analyze_pixels(rendered.picture)
        except EdgeCataractError as error:
            found.append(Told(state, None, graded=False, reasons=(error.word,)))
            continue
        picture = document(analyzer().as_eye([result]))["scans"][0]["picture"]
        found.append(Told(state, picture, result.gradable, result.reasons))
    return found


def table(scans: list[Told]) -> dict[str, Any]:
    """Count scans of one cohort: graded, named right, and what the others were called."""
    states = {}
    for state in sorted({scan.state for scan in scans}):
        some = [scan for scan in scans if scan.state == state]
        states[state] = {
            "scans": len(some),
            "graded": sum(scan.graded for scan in some),
            "named": dict(Counter(str(scan.picture) for scan in some)),
            "reasons": dict(Counter(reason for scan in some for reason in scan.reasons)),
        }
    return {
        "scans": len(scans),
        "graded": sum(scan.graded for scan in scans),
        "right": sum(scan.picture == scan.state for scan in scans),
        "states": states,
    }


def summed(cohorts: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """What of all that cannot be graded was refused, and what of natural lenses without an implant was."""
    refusable = cohorts[WHOLE[0]]
    natural = [
        row["states"]["natural-lens"]
        for name, row in cohorts.items()
        if name not in WHOLE and "natural-lens" in row["states"]
    ]
    return {
        "share_refused": round(1 - refusable["graded"] / refusable["scans"], 4),
        "share_right": round(refusable["right"] / refusable["scans"], 4),
        "gradable_scans": sum(row["scans"] for row in natural),
        "gradable_refused": sum(row["scans"] - row["graded"] for row in natural),
    }


def main() -> int:
    """Measure, print, save; 1 where `--gate` is given and an aim is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, required=True, help="seed of all cohorts")
    parser.add_argument("--patients", type=int, help="of the two cohorts that are measured whole (default: all)")
    parser.add_argument("--others", type=int, default=120, help="eyes of each other cohort, a scan each (default 120)")
    parser.add_argument("--out", type=Path, default=RESULTS)
    parser.add_argument("--workers", type=int, default=1, help="processes (default 1)")
    parser.add_argument("--gate", action="store_true", help="end with 1 where an aim is missed")
    arguments = parser.parse_args()
    cohorts = {}
    with process_pool(arguments.workers) as pool:
        for cohort in (name for name in COHORTS if name not in ("altered", "looks")):
            eyes, scans = _chosen(cohort, arguments)
            cohorts[cohort] = table([one for found in pool.map(told, eyes, scans) for one in found])
            print(f"{cohort:24} {cohorts[cohort]['scans']:5} scans, {cohorts[cohort]['graded']} graded, "
                  f"{cohorts[cohort]['right']} named right")  # fmt: skip
    together = summed(cohorts)
    print(together)
    save(arguments.out, {**provenance(CataractAnalyzer()), "seed": arguments.seed, **together, "cohorts": cohorts})
    met = (
        together["share_refused"] >= LEAST_REFUSED
        and together["share_right"] >= LEAST_RIGHT
        and together["gradable_refused"] <= MOST_REFUSED * together["gradable_scans"]
    )
    return int(arguments.gate and not met)


def _chosen(cohort: str, arguments: argparse.Namespace) -> tuple[list[EyePlan], list[tuple[ScanPlan, ...]]]:
    """Eyes of a cohort and their scans: all, or one scan of some eyes spread over it."""
    if cohort in WHOLE:
        eyes = [eye for patient in plan_cohort(cohort, arguments.seed, arguments.patients) for eye in patient.eyes]
        return [eye for eye, _ in eyes], [scans for _, scans in eyes]
    eyes = [eye for patient in plan_cohort(cohort, arguments.seed) for eye in patient.eyes]
    count = min(arguments.others, len(eyes))
    some = [eyes[number * len(eyes) // count] for number in range(count)]
    return [eye for eye, _ in some], [(scans[number % len(scans)],) for number, (_, scans) in enumerate(some)]


if __name__ == "__main__":
    sys.exit(main())
