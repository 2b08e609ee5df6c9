r"""The paper's label against the true opacity, as what one recipe learns from: a page from two studies of one seed.

    python -m train fit --recipe train/recipes/edge-paper-label.toml --data data/training --out runs/edge-paper-label
    python -m export runs/edge-paper-label/checkpoint -o runs/edge-paper-label/export --precision fp32
    python -m train study --model runs/edge-paper-label/export/edge-paper-label-fp32.onnx --seed SEED \
        --cohorts development validation --out docs/study-paper-label
    python -m benchmarks.paper_label

`docs/study` is the study of the shipped model, which learnt from the true opacity: the same recipe, training data and
number of steps. Both studies show the same eyes, so areas under the curve are compared eye by eye.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from cattrs import structure

from train.study.agreement import compare_pairs
from train.study.earlier_report import read_report
from train.study.formatting import estimate
from train.study.resampling import BootstrapSettings, Estimate

from .page import table

DOCS = Path(__file__).parent.parent / "docs"
TRUTH, PAPER = DOCS / "study", DOCS / "study-paper-label"
PAGE = DOCS / "paper-label.md"
COHORTS = ("validation",)
HEAD = (
    "# What the paper's label brings, and what it costs",
    "",
    "Simulated scans only. Research use only. Not a medical device.",
    "",
    "The paper's annotators painted the whole lens of a cataract eye as cataract; the shipped model learnt where the "
    "opacity truly is, which only a simulator tells. Here the same network learnt from either label: same scans, steps "
    "and seed (`train/recipes/edge.toml`, `train/recipes/edge-paper-label.toml`). Each has its threshold fixed on its "
    "own `development` report.",
    "In brackets: 95 % intervals by bootstrap of patients; `*` where the bound is exact. Made by `python -m "
    "benchmarks.paper_label` from [one study](study/study.md) and [the other](study-paper-label/study.md).",
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


def main() -> int:
    """Write the page."""
    PAGE.write_text(page(TRUTH, PAPER), encoding="utf-8")
    return 0


def page(truth: Path, paper: Path) -> str:
    """The page of two folders of reports, one per cohort.

    Raises
    ------
    ValueError
        When the two studies do not show the same scans.
    """
    lines = [*HEAD]
    for cohort in COHORTS:
        one, other = (
            json.loads((folder / cohort / "results.json").read_text(encoding="utf-8")) for folder in (truth, paper)
        )
        if one["data"]["sha256"] != other["data"]["sha256"]:
            raise ValueError(f"the two reports of {cohort} are about different scans")
        lines += [f"## {one['data']['description']}", ""]
        rows = [[text, estimate(_at(one, path)), estimate(_at(other, path))] for text, path in ROWS]
        lines += table(["", "learnt from the true opacity (ships)", "learnt from the paper's label"], rows)
        change = compare_pairs(
            read_report(paper / cohort, None).eyes,
            read_report(truth / cohort, None).eyes,
            other["threshold"]["cf_threshold"],
            BootstrapSettings(other["seed"], other["resamples"]),
        )
        if change is not None:
            paired = estimate(change.auc_difference)
            lines += [f"AUC of the paper's label minus that of the true opacity, paired by eye: {paired}.", ""]
        lines += [
            f"Models `{one['model']['sha256'][:12]}` (code `{one['code_revision'][:12]}`) and "
            f"`{other['model']['sha256'][:12]}` (code `{other['code_revision'][:12]}`); thresholds "
            f"{one['threshold']['cf_threshold']:.3f} and {other['threshold']['cf_threshold']:.3f}.",
            "",
        ]
    return "\n".join(lines)


def _at(tree: dict[str, Any], path: tuple[str, ...]) -> Estimate:
    found = tree
    for name in path:
        found = found[name]
    return structure(found, Estimate)


if __name__ == "__main__":
    sys.exit(main())
