r"""The paper's label against the true opacity, as what one recipe learns from: a page from two studies of one seed.

    python -m train fit --recipe train/recipes/edge-paper-label.toml --data data/training --out runs/edge-paper-label
    python -m export runs/edge-paper-label/checkpoint -o runs/edge-paper-label/export --precision fp32
    python -m train study --model runs/edge-paper-label/export/edge-paper-label-fp32.onnx --seed SEED \
        --cohorts development validation --out docs/study-paper-label
    python -m benchmarks.evidence.paper_label

`docs/study` is the study of the shipped model, which learnt from the true opacity: the same recipe, training data and
number of steps. Both studies show the same eyes, so areas under the curve are compared eye by eye.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from train.study.agreement import moved
from train.study.diagnosis import Draws
from train.study.report import estimate
from train.study.reports import read_report
from train.study.results import as_plain

from .templates import fill

Tree = dict[str, Any]
DOCS = Path(__file__).parents[2] / "docs"
TRUTH, PAPER = DOCS / "study", DOCS / "study-paper-label"
PAGE = DOCS / "paper-label.md"
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


def main() -> int:
    """Write the page."""
    PAGE.write_text(page(TRUTH, PAPER), encoding="utf-8")
    return 0


def page(truth: Path, paper: Path) -> str:
    """Return the page of two folders of reports, one per cohort.

    Raises
    ------
    ValueError
        When the two studies do not show the same scans.
    """
    return fill("paper_label.md.j2", cohorts=[compare(truth / cohort, paper / cohort) for cohort in COHORTS])


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


def compare(truth: Path, paper: Path) -> Comparison:
    """Compare two reports about one cohort.

    Raises
    ------
    ValueError
        When they do not show the same scans.
    """
    one, other = (json.loads((report / "results.json").read_text(encoding="utf-8")) for report in (truth, paper))
    if one["data"]["sha256"] != other["data"]["sha256"]:
        raise ValueError(f"the two reports of {truth.name} are about different scans")
    change = moved(
        read_report(paper, None).eyes,
        read_report(truth, None).eyes,
        other["threshold"]["cf_threshold"],
        Draws(other["seed"], other["resamples"]),
    )
    return Comparison(
        truth=one,
        paper=other,
        rows=tuple((text, estimate(_at(one, path)), estimate(_at(other, path))) for text, path in ROWS),
        auc_difference=None if change is None else estimate(as_plain(change.auc_difference)),
    )


def _at(tree: Tree, path: tuple[str, ...]) -> Tree:
    found = tree
    for name in path:
        found = found[name]
    return found


if __name__ == "__main__":
    sys.exit(main())
