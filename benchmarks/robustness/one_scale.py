"""What one scale for one eye is worth: ``python -m benchmarks.robustness.one_scale [REAL_SCANS]``.

Simulated eyes have two exams of six scans. Every exam is judged twice, by turns: from its scans one by one, each on its
own scale, and together, on the scale that they share. Real eyes have no second exam: there the range of the fraction
over the scans of an eye is compared.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.provenance import provenance, save
from edge_runtime import CataractAnalyzer, Limits
from train.phantom.cohorts.catalogue import plan_cohort
from train.phantom.patient import make_eye
from train.phantom.render import render
from train.workers import process_pool

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from edge_runtime import EyeResult

RESULTS = Path(__file__).parents[1] / "results" / "one_scale.json"
SEED, EYES, RESAMPLES = 23, 120, 4000
WAYS = ("own", "shared")


def measures(eye: EyeResult) -> dict[str, float]:
    """The numbers of one exam."""
    grade, lenses = eye.findings.grade, [scan.lens for scan in eye.scans if scan.lens is not None]
    return {
        "fraction": np.nan if eye.cataract_fraction is None else eye.cataract_fraction,
        "spread": np.nan if eye.cataract_fraction_sd is None else eye.cataract_fraction_sd,
        "grade": np.nan if grade is None else grade.value_db,
        "deviation": lenses[0].scale_deviation_db if lenses else np.nan,
        "unlikely": float(any(notice.code == "scales-disagree" for notice in eye.notices)),
    }


def one_eye(number: int, seed: int) -> dict[str, Any]:
    """Judge both exams of one eye, in both ways; clear and cataract eyes take turns."""
    eye_plan, plans = plan_cohort("test-retest", seed, number + 1)[number].eyes[number // 2 % 2]
    eye, analyzer = make_eye(eye_plan), CataractAnalyzer(limits=Limits(threads=1))
    found: dict[str, Any] = {"cataract": eye_plan.cataract, "own": [], "shared": []}
    for exam in (1, 2):
        frames = [render(eye, plan).picture for plan in plans if plan.exam == exam]
        alone = analyzer.as_eye([analyzer.analyze_pixels(frame) for frame in frames], scans_expected=len(frames))
        found["own"].append(measures(alone))
        found["shared"].append(measures(analyzer.analyze_exam(frames=frames)))
    return found


def summary(eyes: list[dict[str, Any]]) -> dict[str, Any]:
    """Standard deviations in both ways, and their ratio with its interval over eyes."""

    def values(way: str, name: str) -> NDArray[np.float64]:
        return np.array([[exam[name] for exam in eye[way]] for eye in eyes])

    found: dict[str, Any] = {"eyes": len(eyes)}
    for name in ("fraction", "grade", "spread"):
        own, shared = values("own", name), values("shared", name)
        known = np.isfinite(own).all(axis=1) & np.isfinite(shared).all(axis=1)
        # Each eye's variance between exams; of the spread within an exam, its mean square.
        squares = np.array(
            [
                np.mean(one[known] ** 2, axis=1) if name == "spread" else one[known].var(axis=1, ddof=1)
                for one in (own, shared)
            ]
        )
        rows = np.random.default_rng(SEED).integers(0, squares.shape[1], (RESAMPLES, squares.shape[1]))
        resampled = squares[:, rows].sum(axis=2)
        deviations = np.sqrt(squares.mean(axis=1))
        found[name] = {
            **dict(zip(WAYS, deviations.tolist(), strict=True)),
            "ratio": float(deviations[1] / deviations[0]),
            "interval": np.quantile(np.sqrt(resampled[1] / resampled[0]), (0.025, 0.975)).tolist(),
        }
    found["share_of_mean"] = {
        way: found["fraction"][way] / float(np.nanmean(values(way, "fraction"))) for way in WAYS
    }  # fmt: skip
    found["scale_deviation_db"] = float(np.nanmedian(values("shared", "deviation")))
    found["exams_told_to_disagree"] = float(values("shared", "unlikely").mean())
    return found


def real(folder: Path) -> list[dict[str, Any]]:
    """Range of the fraction over the scans of every real eye, in both ways."""
    analyzer = CataractAnalyzer(limits=Limits(threads=1))
    eyes: dict[tuple[str, str], list[Path]] = {}
    with (folder / "scans.csv").open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            if row["kind"] == "phakic":
                eyes.setdefault((row["subject"], row["eye"]), []).append(folder / row["scan"])
    found = []
    for paths in eyes.values():
        alone = [analyzer.analyze(path) for path in paths]
        together = analyzer.analyze_exam(paths).scans
        grey = [scan.lens_density for scan in alone if scan.lens_density is not None]
        found.append(
            {
                "scans": len(paths),
                "lens_grey": {"mean": float(np.mean(grey)), "range": float(np.ptp(grey))},
                **{
                    way: float(np.ptp([scan.cataract_fraction or 0.0 for scan in scans]))
                    for way, scans in zip(WAYS, (alone, together), strict=True)
                },
            }
        )
    return found


def main() -> int:
    """Measure and save."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("real", nargs="?", type=Path, help="folder with scans.csv and the scans it names")
    parser.add_argument("--eyes", type=int, default=EYES, help=f"simulated eyes (default {EYES})")
    parser.add_argument("--seed", type=int, default=SEED, help=f"of the eyes (default {SEED})")
    parser.add_argument("--out", type=Path, default=RESULTS)
    arguments = parser.parse_args()
    with process_pool(len(os.sched_getaffinity(0))) as pool:
        eyes = list(pool.map(partial(one_eye, seed=arguments.seed), range(arguments.eyes)))
    content: dict[str, Any] = {
        **provenance(CataractAnalyzer()),
        "seed": arguments.seed,
        "cataract": summary([eye for eye in eyes if eye["cataract"]]),
        "clear": summary([eye for eye in eyes if not eye["cataract"]]),
        "real": real(arguments.real) if arguments.real else None,
    }
    save(arguments.out, content)
    sys.stdout.write(json.dumps({key: content[key] for key in ("cataract", "clear", "real")}, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
