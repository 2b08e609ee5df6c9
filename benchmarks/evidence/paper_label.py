r"""Compare training on the paper's label with training on the true opacity: a page from two studies of one seed.

    python -m train fit --recipe train/recipes/edge-paper-label.toml --data data/training --out runs/edge-paper-label
    python -m export runs/edge-paper-label/checkpoint -o runs/edge-paper-label/export --precision fp32
    python -m train study --model runs/edge-paper-label/export/edge-paper-label-fp32.onnx --seed SEED \
        --cohorts development validation --out runs/study-paper-label
    python -m benchmarks.evidence.paper_label --tables runs/study runs/study-paper-label

`docs/study` is the study of the shipped model, which was trained on the true opacity: the same recipe, training data
and number of steps. Both studies show the same eyes, so areas under the curve are compared eye by eye. That comparison
needs the tables per eye, which the repository does not hold: `--tables` names two finished studies, and the result is
kept in benchmarks/results/paper_label.json. Without `--tables` only the page is written.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from train.study.agreement import moved
from train.study.diagnosis import Draws
from train.study.report import estimate, table
from train.study.reports import read_report
from train.study.results import as_plain

DOCS = Path(__file__).parents[2] / "docs"
TRUTH, PAPER = DOCS / "study", DOCS / "study-paper-label"
PAGE = DOCS / "paper-label.md"
PAIRED = Path(__file__).parents[1] / "results" / "paper_label.json"
COHORTS = ("validation",)
HEAD = (
    "# The paper's label against the true opacity",
    "",
    "Simulated scans only. Research use only. Not a medical device.",
    "",
    "The paper's annotators painted the whole lens of a cataract eye as cataract. The shipped model was trained on the "
    "true opacity, which only a simulator knows. Here the same network was trained on either label: same scans, steps "
    "and seed (`train/recipes/edge.toml`, `train/recipes/edge-paper-label.toml`). Each threshold is fixed on the "
    "model's own `development` report.",
    "In brackets: 95 % intervals by bootstrap of patients; `*` where the bound is exact. Written by `python -m "
    "benchmarks.evidence.paper_label` from [one study](study/study.md) and [the other](study-paper-label/study.md).",
    "",
)
ROWS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("AUC per eye", ("diagnosis", "eye", "auc")),
    ("sensitivity per eye", ("diagnosis", "eye", "fixed", "sensitivity")),
    ("specificity per eye", ("diagnosis", "eye", "fixed", "specificity")),
    ("Cataract Fraction of clear eyes, mean", ("cataract_fraction", "mean", "clear")),
    ("Cataract Fraction of cataract eyes, mean", ("cataract_fraction", "mean", "cataract")),
    ("Cataract Fraction minus true opaque share of an eye, mean size", ("against_truth", "mean_absolute_difference")),
    ("its correlation with the true opaque share", ("against_truth", "correlation")),
    ("lens Dice", ("dice", "lens")),
    ("Dice of the cataract label, against the paper's label", ("dice", "cataract")),
    ("Dice of the cataract label, against the true opacity", ("localisation", "dice")),
    ("AUC over the pixels of a partly opaque lens", ("localisation", "auc")),
    ("opaque pixels labelled cataract", ("localisation", "recall")),
    ("clear lens pixels labelled cataract", ("localisation", "false")),
    ("calibration error of P(cataract), against the true opacity", ("calibration", "expected_error")),
)


def main(words: list[str] | None = None) -> int:
    """Write the page; with `--tables` measure the paired difference first."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tables", type=Path, nargs=2, metavar="STUDY", help="the two studies with their eyes.csv")
    tables = parser.parse_args(words).tables
    if tables is not None:
        PAIRED.write_text(json.dumps(paired(*tables), indent=1) + "\n", encoding="utf-8")
    PAGE.write_text(page(TRUTH, PAPER, json.loads(PAIRED.read_text(encoding="utf-8"))), encoding="utf-8")
    return 0


def paired(truth: Path, paper: Path) -> dict[str, Any]:
    """Compare the areas under the curve of two studies eye by eye.

    Parameters
    ----------
    truth, paper
        Folders of reports, one per cohort, each with results.json and eyes.csv.

    Returns
    -------
    For each cohort the sha256 of both models, and the AUC of `paper` minus that of `truth` with its interval.
    """
    found = {}
    for cohort in COHORTS:
        one, other = _results(truth, cohort), _results(paper, cohort)
        change = moved(
            read_report(paper / cohort, None).eyes,
            read_report(truth / cohort, None).eyes,
            other["threshold"]["cf_threshold"],
            Draws(other["seed"], other["resamples"]),
        )
        found[cohort] = {
            "model_sha256": [one["model"]["sha256"], other["model"]["sha256"]],
            "auc_difference": None if change is None else as_plain(change.auc_difference),
        }
    return found


def page(truth: Path, paper: Path, paired: dict[str, Any]) -> str:
    """Return the page of two folders of reports, one per cohort, and of their paired comparison.

    Raises
    ------
    ValueError
        When the two studies do not show the same scans, or the comparison is of other models.
    """
    lines = [*HEAD]
    for cohort in COHORTS:
        one, other = _results(truth, cohort), _results(paper, cohort)
        if one["data"]["sha256"] != other["data"]["sha256"]:
            raise ValueError(f"the two reports of {cohort} are about different scans")
        if paired[cohort]["model_sha256"] != [one["model"]["sha256"], other["model"]["sha256"]]:
            raise ValueError(f"the paired comparison of {cohort} is about other models")
        lines += [f"## {one['data']['description']}", ""]
        rows = [[text, estimate(_at(one, path)), estimate(_at(other, path))] for text, path in ROWS]
        lines += table(["", "trained on the true opacity (ships)", "trained on the paper's label"], rows)
        difference = paired[cohort]["auc_difference"]
        if difference is not None:
            lines += [
                f"AUC of the paper's label minus that of the true opacity, paired by eye: {estimate(difference)}.",
                "",
            ]
        lines += [
            f"Models `{one['model']['sha256'][:12]}` (code `{one['code_revision'][:12]}`) and "
            f"`{other['model']['sha256'][:12]}` (code `{other['code_revision'][:12]}`); thresholds "
            f"{one['threshold']['cf_threshold']:.3f} and {other['threshold']['cf_threshold']:.3f}.",
            "",
        ]
    return "\n".join(lines)


def _results(study: Path, cohort: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((study / cohort / "results.json").read_text(encoding="utf-8"))
    return found


def _at(tree: dict[str, Any], path: tuple[str, ...]) -> dict[str, Any]:
    found = tree
    for name in path:
        found = found[name]
    return found


if __name__ == "__main__":
    sys.exit(main())
