"""`python -m train study`: the whole study of one model from seeds: every cohort made, measured and summed up."""

from __future__ import annotations

import json
import os
import shutil
import sys
from argparse import Namespace
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .report import estimate, table

if TYPE_CHECKING:
    import argparse

DEVELOPMENT = "development"
COHORTS = (
    DEVELOPMENT, "validation", "shifted", "age-matched", "focal-young", "senescent-clear", "corneal-disease-without",
    "corneal-disease", "artefacts-without", "artefacts", "test-retest", "display", "not-gradable",
)  # fmt: skip
# The same eyes: otherwise shown, or without what the cohort is about. The other one comes first in COHORTS.
PAIRS = {"shifted": "validation", "corneal-disease": "corneal-disease-without", "artefacts": "artefacts-without"}


@dataclass(frozen=True, slots=True)
class Aim:
    """One number that the study is held against.

    Attributes
    ----------
    text
        What it is.
    cohort, path
        Where it stands: results.json of the cohort's report.
    bound
        The value asked for.
    at_least
        False: at most.
    of
        "value", or "low" where the whole interval must be beyond the bound.
    """

    text: str
    cohort: str
    path: tuple[str, ...]
    bound: float
    at_least: bool = True
    of: str = "value"


_FIXED = ("diagnosis", "eye", "fixed")
_RECALL = ("localisation", "observable_recall_by_kind")
_CATARACT, _CLEAR = ("repeated", "cataract"), ("repeated", "clear")
AIMS = (
    Aim("AUC per eye", "validation", ("diagnosis", "eye", "auc"), 0.98),
    Aim("sensitivity per eye (84 of 89 in the paper)", "validation", (*_FIXED, "sensitivity"), 84 / 89),
    Aim("specificity per eye (125 of 132 in the paper)", "validation", (*_FIXED, "specificity"), 125 / 132),
    Aim("mean Cataract Fraction of clear eyes", "validation", ("cataract_fraction", "mean", "clear"), 0.024, False),
    Aim("AUC per eye, minus validation", "shifted", ("moved", "auc_difference"), -0.01),
    Aim("Cataract Fraction of an eye moved, 95th percentile", "shifted", ("moved", "absolute_95"), 0.05, False),
    Aim("AUC per eye, minus the same eyes without", "corneal-disease", ("moved", "auc_difference"), -0.01),
    Aim("AUC per eye, minus the same eyes without", "artefacts", ("moved", "auc_difference"), -0.01),
    Aim("AUC per eye", "age-matched", ("diagnosis", "eye", "auc"), 0.93),
    Aim("AUC minus that of lens density", "age-matched", ("baselines", "lens_density", "difference"), 0.0, of="low"),
    Aim("AUC minus that of age", "age-matched", ("baselines", "age", "difference"), 0.0, of="low"),
    Aim("range of an eye's fraction, 95th percentile", "display", ("repeated", "all", "range_95"), 0.02, False),
    Aim("cataract eyes: ICC(2,1)", "test-retest", (*_CATARACT, "icc"), 0.98),
    Aim("cataract eyes: within-eye SD / mean", "test-retest", (*_CATARACT, "coefficient_of_variation"), 0.046, False),
    Aim("clear eyes: within-eye SD", "test-retest", (*_CLEAR, "within_eye_sd"), 0.005, False),
    Aim("lens Dice", "validation", ("dice", "lens"), 0.97),
    Aim("lens Dice", "shifted", ("dice", "lens"), 0.95),
    Aim("AUC over the pixels of a lens", "validation", ("localisation", "auc"), 0.90),
    Aim("recall of observable opaque pixels, nuclear", "validation", (*_RECALL, "nuclear (clinical)"), 0.5),
    Aim("recall of observable opaque pixels, cortical", "validation", (*_RECALL, "cortical (clinical)"), 0.5),
    Aim("recall of observable opaque pixels, posterior subcapsular", "validation",
        (*_RECALL, "posterior subcapsular (clinical)"), 0.5),
    Aim("scans without a gradable lens that are refused", "not-gradable",
        ("refusals", "share_without_lens_refused"), 1.0),
)  # fmt: skip


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command line of the verb."""
    parser.add_argument("--model", type=Path, required=True, help="checkpoint, or an exported .onnx")
    parser.add_argument("--out", type=Path, required=True, help="folder for study.md and one report per cohort")
    parser.add_argument("--seed", type=int, required=True, help="of the cohorts, one that nothing was tuned on")
    parser.add_argument("--cohorts", nargs="+", choices=COHORTS, default=list(COHORTS), help="default: all")
    parser.add_argument("--patients", type=int, help="per cohort (default: the cohort's own number)")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="processes (default: one per core)")
    parser.add_argument("--resamples", type=int, default=2000, help="of the bootstrap (default 2000)")
    parser.add_argument("--keep-scans", action="store_true", help="keep the cohorts (1.5 MB per scan)")


def run(arguments: argparse.Namespace) -> int:
    """Run the verb; a stopped study is continued with the cohort it was at."""
    from train.commands.phantom import run as make_cohort

    from .evaluate import run as evaluate
    from .predict import analyzer_of

    sha256 = analyzer_of(arguments.model, None).network.sha256
    found: dict[str, dict[str, Any]] = {}
    for cohort in (name for name in COHORTS if name in arguments.cohorts):
        report, data = arguments.out / cohort, arguments.out / "scans" / cohort
        threshold_from = _development(arguments.out, found) if cohort != DEVELOPMENT else None
        pair_with = arguments.out / PAIRS[cohort] if PAIRS.get(cohort) in found else None
        stamp = {
            "name": cohort,
            "seed": arguments.seed,
            "patients": arguments.patients,
            "threshold_from": threshold_from and threshold_from.name,
            "pair_with": pair_with and pair_with.name,
        }
        known = _results(report)
        if known is None or known["model"]["sha256"] != sha256 or known["cohort"] != stamp:
            sys.stderr.write(f"{cohort}\n")
            code = make_cohort(
                Namespace(cohort=cohort, out=data, patients=arguments.patients, seed=arguments.seed,
                          workers=arguments.workers)
            )  # fmt: skip
            if code:
                return code
            evaluate(
                Namespace(
                    model=arguments.model, data=data, out=report, threshold=None,
                    threshold_from=threshold_from, pair_with=pair_with,
                    workers=arguments.workers, seed=0, resamples=arguments.resamples,
                )
            )  # fmt: skip
            known = _results(report)
            if known is None:
                raise RuntimeError(f"{report} was evaluated and holds no results")
            known["cohort"] = stamp
            (report / "results.json").write_text(json.dumps(known, indent=1, allow_nan=False) + "\n", encoding="utf-8")
        if not arguments.keep_scans:
            shutil.rmtree(data, ignore_errors=True)
        found[cohort] = known
    (arguments.out / "study.md").write_text(summary(found), encoding="utf-8")
    return 0


def _development(out: Path, found: dict[str, dict[str, Any]]) -> Path | None:
    """The development report, where it fixes a threshold; otherwise the model's own is used, and reports say so."""
    known = found.get(DEVELOPMENT)
    if known is None or known["diagnosis"]["eye"]["own_threshold"]["value"] is None:
        return None
    return out / DEVELOPMENT


def _results(report: Path) -> dict[str, Any] | None:
    try:
        results: dict[str, Any] = json.loads((report / "results.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return results | {"cohort": results.get("cohort")}


def summary(found: dict[str, dict[str, Any]]) -> str:
    """study.md: every aim with what was measured, and the cohorts."""
    lines = ["# Study from seeds", "", "Simulated scans only. Research use only. Not a medical device.", ""]
    aims = []
    for aim in AIMS:
        if aim.cohort not in found:
            continue
        one: Any = found[aim.cohort]
        for name in aim.path:
            one = one.get(name) if isinstance(one, dict) else None
        asked = f"{'at least' if aim.at_least else 'at most'} {aim.bound:.3f}"
        asked = "interval above 0" if aim.of == "low" else asked
        measured = "-" if one is None else estimate(one, 4)
        aims.append([aim.cohort, aim.text, asked, measured, verdict(aim, one)])
    lines += table(["cohort", "what", "asked for", "measured (95 % interval)", "reached"], aims)
    lines += [f"Reached: {sum(aim[-1] == 'yes' for aim in aims)} of {len(aims)}.", ""]
    rows = []
    for name, results in found.items():
        eye = results["diagnosis"]["eye"]
        link = f"[{name}]({name}/report.md)"
        n = ", ".join(f"{count} {group}" for group, count in eye["auc"]["n"].items())
        rates = [estimate(eye["fixed"]["sensitivity"]), estimate(eye["fixed"]["specificity"])]
        rows.append([link, n, estimate(eye["auc"]), *rates, estimate(results["dice"]["lens"])])
    lines += table(["cohort", "eyes", "AUC per eye", "sensitivity", "specificity", "lens Dice"], rows)
    for what, names in (
        ("Model sha256", {results["model"]["sha256"] for results in found.values()}),
        ("Code", {results["code_revision"] for results in found.values()}),
    ):
        lines.append(f"{what}: {', '.join(f'`{name}`' for name in sorted(names)) or '-'}.")
    return "\n".join(lines) + "\n"


def verdict(aim: Aim, one: dict[str, Any] | None) -> str:
    """Whether an aim is reached: yes, no, or not measured."""
    value = None if one is None else one[aim.of]
    if value is None:
        return "not measured"
    if aim.of == "low":
        return "yes" if value > aim.bound else "no"
    return "yes" if (value >= aim.bound if aim.at_least else value <= aim.bound) else "no"
