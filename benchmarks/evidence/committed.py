"""The committed results that the pages quote, and the few facts that are counted from them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
RESULTS = ROOT / "benchmarks" / "results"
MEASURES = ("brightness", "emulated", "measures", "network", "parity", "real_scans", "recipes")
Tree = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Committed:
    """Results of one model.

    Attributes
    ----------
    study
        results.json of every cohort of the shipped model, by its name.
    true_opacity_study, paper_label_study
        The same of two models that were trained alike, on either label.
    measures
        Results of the benchmarks in `MEASURES`, by name.
    removed
        The manifest of the evidence that the repository does not hold.
    """

    study: dict[str, Tree]
    true_opacity_study: dict[str, Tree]
    paper_label_study: dict[str, Tree]
    measures: dict[str, Tree]
    removed: Tree

    @classmethod
    def read(cls) -> Committed:
        """Read what this checkout holds."""
        return cls(
            study=_study(ROOT / "docs" / "study"),
            true_opacity_study=_study(ROOT / "docs" / "study-true-opacity"),
            paper_label_study=_study(ROOT / "docs" / "study-paper-label"),
            measures={name: _tree(RESULTS / f"{name}.json") for name in MEASURES},
            removed=_tree(ROOT / "docs" / "study" / "removed.json"),
        )


def _study(folder: Path) -> dict[str, Tree]:
    return {path.parent.name: _tree(path) for path in sorted(folder.glob("*/results.json"))}


def _tree(path: Path) -> Tree:
    found: Tree = json.loads(path.read_text(encoding="utf-8"))
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class RealScans:
    """What the table of real scans amounts to.

    Attributes
    ----------
    scans, subjects
        How many there are.
    phakic, phakic_graded, artificial, artificial_refused, others, others_refused
        Scans of a natural lens, of an artificial lens, and of other devices or parts of the eye.
    dice_low, dice_high, dice_eyes
        Range of the mean lens Dice over the eyes that have masks, and the number of these eyes.
    clear_highest
        Largest Cataract Fraction of an eye that looks clear to a non-expert.
    hazy
        Cataract Fractions of the eyes that look hazy, in ascending order.
    hazy_scans_low, hazy_scans_high
        Range of the Cataract Fraction over the scans of the hazy eye whose scans differ most.
    """

    scans: int
    subjects: int
    phakic: int
    phakic_graded: int
    artificial: int
    artificial_refused: int
    others: int
    others_refused: int
    dice_low: float
    dice_high: float
    dice_eyes: int
    clear_highest: float
    hazy: tuple[float, ...]
    hazy_scans_low: float
    hazy_scans_high: float

    @classmethod
    def of(cls, measured: Tree) -> RealScans:
        """Count the results of `benchmarks/results/real_scans.json`."""
        scans, eyes = measured["scans"], measured["eyes"]
        phakic = [scan for scan in scans if scan["kind"] == "phakic"]
        artificial = [scan for scan in scans if scan["kind"] == "intraocular-lens"]
        others = [scan for scan in scans if scan["kind"] not in ("phakic", "intraocular-lens")]
        dice = [eye["dice_mean"] for eye in eyes if eye["dice_mean"] is not None]
        hazy = [eye for eye in eyes if eye["looks_clear"] == "hazy"]
        spread = max((_fractions(scans, eye["eye"]) for eye in hazy), key=lambda found: max(found) - min(found))
        return cls(
            scans=len(scans),
            subjects=len({eye["eye"].split()[0] for eye in eyes}),
            phakic=len(phakic),
            phakic_graded=_graded(phakic),
            artificial=len(artificial),
            artificial_refused=len(artificial) - _graded(artificial),
            others=len(others),
            others_refused=len(others) - _graded(others),
            dice_low=min(dice),
            dice_high=max(dice),
            dice_eyes=len(dice),
            clear_highest=max(eye["cataract_fraction"] for eye in eyes if eye["looks_clear"] == "yes"),
            hazy=tuple(sorted(eye["cataract_fraction"] for eye in hazy)),
            hazy_scans_low=min(spread),
            hazy_scans_high=max(spread),
        )


def _graded(scans: list[Tree]) -> int:
    return sum(scan["outcome"] == "graded" for scan in scans)


def _fractions(scans: list[Tree], eye: str) -> list[float]:
    return [scan["cataract_fraction"] for scan in scans if scan["eye"] == eye]


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherDraw:
    """Another draw of eyes as in the paper, measured for parity.

    Attributes
    ----------
    description
        The cohort, with its seed.
    auc
        Area under the ROC curve per eye.
    true_positives, positives, true_negatives, negatives
        Eyes at the model's own threshold.
    """

    description: str
    auc: float
    true_positives: int
    positives: int
    true_negatives: int
    negatives: int

    @property
    def cohort(self) -> str:
        """The name of the cohort, from its description."""
        return self.description.partition("cohort ")[2].partition(",")[0]

    @classmethod
    def of(cls, parity: Tree) -> OtherDraw:
        """Count the eyes of `benchmarks/results/parity.json`, as the fp32 model grades them."""
        model = next(one for one in parity["models"] if one["model"]["precision"] == "fp32")
        cataract, clear = (
            [eye["model"] for eye in model["eyes"] if eye["group"] == group] for group in ("cataract", "clear")
        )
        return cls(
            description=parity["data"]["description"],
            auc=model["found"]["auc"]["model"],
            true_positives=sum(fraction >= model["cf_threshold"] for fraction in cataract),
            positives=len(cataract),
            true_negatives=sum(fraction < model["cf_threshold"] for fraction in clear),
            negatives=len(clear),
        )
