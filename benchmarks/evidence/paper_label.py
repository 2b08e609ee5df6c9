r"""Compare training on the paper's label with training on the true opacity: a page from two studies of one seed.

    python -m train fit --recipe train/recipes/edge-paper-label.toml --data data/training --out runs/edge-paper-label
    python -m export runs/edge-paper-label/checkpoint -o runs/edge-paper-label/export --precision fp32
    python -m train study --model runs/edge-paper-label/export/edge-paper-label-fp32.onnx --seed SEED \
        --cohorts development validation --out runs/study-paper-label
    python -m benchmarks.evidence.paper_label --tables runs/study runs/study-paper-label

`docs/study-true-opacity` holds the validation of model 0.3.0, which was trained on the true opacity: the same recipe,
training data and number of steps. Both studies show the same eyes, so areas under the curve are compared eye by eye.
That comparison needs the tables per eye, which the repository does not hold: `--tables` names two finished studies, and
the result is kept in benchmarks/results/paper_label.json. Without `--tables` only the page is written.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cattrs import structure, unstructure

from train.study.agreement import compare_pairs
from train.study.earlier_report import read_report
from train.study.formatting import estimate
from train.study.resampling import BootstrapSettings, Estimate

from .templates import fill

Tree = dict[str, Any]
DOCS = Path(__file__).parents[2] / "docs"
TRUTH, PAPER = DOCS / "study-true-opacity", DOCS / "study-paper-label"
PAGE = DOCS / "paper-label.md"
PAIRED = Path(__file__).parents[1] / "results" / "paper_label.json"
COHORTS = ("validation",)
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


def paired(truth: Path, paper: Path) -> Tree:
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
        change = compare_pairs(
            read_report(paper / cohort, None).eyes,
            read_report(truth / cohort, None).eyes,
            other["threshold"]["cf_threshold"],
            BootstrapSettings(other["seed"], other["resamples"]),
        )
        found[cohort] = {
            "model_sha256": [one["model"]["sha256"], other["model"]["sha256"]],
            "auc_difference": None if change is None else unstructure(change.auc_difference),
        }
    return found


def page(truth: Path, paper: Path, paired: Tree) -> str:
    """Return the page of two folders of reports, one per cohort, and of their paired comparison.

    Raises
    ------
    ValueError
        When the two studies do not show the same scans, or the comparison is of other models.
    """
    return fill("paper_label.md.j2", cohorts=[compare(truth, paper, paired, cohort) for cohort in COHORTS])


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Two reports about the same scans.

    Attributes
    ----------
    truth, paper
        Their results.
    rows
        What is compared, and the estimate of each.
    auc_difference
        AUC of `paper` minus that of `truth`, paired by eye; None where there is none.
    """

    truth: Tree
    paper: Tree
    rows: tuple[tuple[str, str, str], ...]
    auc_difference: str | None


def compare(truth: Path, paper: Path, paired: Tree, cohort: str) -> Comparison:
    """Compare the reports of two studies about one cohort.

    Raises
    ------
    ValueError
        When they do not show the same scans, or the paired comparison is of other models.
    """
    one, other = _results(truth, cohort), _results(paper, cohort)
    if one["data"]["sha256"] != other["data"]["sha256"]:
        raise ValueError(f"the two reports of {cohort} are about different scans")
    if paired[cohort]["model_sha256"] != [one["model"]["sha256"], other["model"]["sha256"]]:
        raise ValueError(f"the paired comparison of {cohort} is about other models")
    difference = paired[cohort]["auc_difference"]
    return Comparison(
        truth=one,
        paper=other,
        rows=tuple((text, estimate(_at(one, path)), estimate(_at(other, path))) for text, path in ROWS),
        auc_difference=None if difference is None else estimate(structure(difference, Estimate)),
    )


def _results(study: Path, cohort: str) -> Tree:
    found: Tree = json.loads((study / cohort / "results.json").read_text(encoding="utf-8"))
    return found


def _at(tree: Tree, path: tuple[str, ...]) -> Estimate:
    found = tree
    for name in path:
        found = found[name]
    return structure(found, Estimate)


if __name__ == "__main__":
    sys.exit(main())
