"""Write docs/benchmarks.md and its picture from the results: `python -m benchmarks.evidence.benchmarks_page`."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.parity.comparison import MAX_AUC_DRIFT, MAX_LENS_DICE_DRIFT
from export.verify import LIMITS, Limits

from .charts import save_chart
from .templates import fill

RESULTS = Path(__file__).parents[1] / "results"
PAGE = Path(__file__).parents[2] / "docs" / "benchmarks.md"
PICTURE = PAGE.with_suffix(".png")
RESULT_NAMES = ("parity", "network", "waiting", "cold_start", "soak", "tiles", "operators", "emulated")
# (what the page calls it, its name in the results, what is allowed)
PARITY_ROWS: tuple[tuple[str, str, Callable[[Limits], float | str | None]], ...] = (
    ("probability, largest difference", "probability", lambda limits: limits.probability),
    ("labels different", "labels_different", lambda limits: limits.labels and f"{limits.labels:g} of all"),
    ("Cataract Fraction, largest difference", "cf", lambda limits: limits.cf),
    ("Cataract Fraction, 99th percentile", "cf_99", lambda limits: limits.cf_99),
    ("eyes", "eyes", lambda _: None),
    ("eyes within the guard band", "eyes_borderline", lambda _: None),
    ("decisions changed", "decisions_changed", lambda limits: 0 if limits.probability else None),
    ("decisions changed outside the guard band", "decisions_changed_outside_guard_band", lambda _: 0),
    ("AUC per eye, difference", "auc", lambda _: MAX_AUC_DRIFT),
    ("lens Dice with the truth, difference", "lens_dice", lambda _: MAX_LENS_DICE_DRIFT),
    ("labels compared", "pixels", lambda _: None),
)


def main() -> int:
    """Write both."""
    results = read()
    PAGE.write_text(page(results), encoding="utf-8")
    draw(results["network"], PICTURE)
    return 0


def read() -> dict[str, dict[str, Any]]:
    """Return the committed results by name."""
    return {name: json.loads((RESULTS / f"{name}.json").read_text(encoding="utf-8")) for name in RESULT_NAMES}


def page(results: Mapping[str, dict[str, Any]]) -> str:
    """Return the page as Markdown."""
    models = results["parity"]["models"]
    return fill(
        "benchmarks.md.j2",
        **results,
        parity_rows=[parity_row(title, name, limit, models) for title, name, limit in PARITY_ROWS],
        broken=[f"{one['model']['precision']}: {sentence}" for one in models for sentence in one["broken"]],
        versions=versions,
        number=number,
        reached=reached,
    )


@dataclass(frozen=True, slots=True)
class ParityRow:
    """One row of the table on parity: its title, and for each model what was found and what is allowed."""

    title: str
    cells: tuple[str, ...]


def parity_row(
    title: str, name: str, limit: Callable[[Limits], float | str | None], models: list[dict[str, Any]]
) -> ParityRow:
    """Set what was found of each model beside its limit."""
    cells = []
    for one in models:
        found = one["found"][name]
        cells += [
            number(found["drift"] if isinstance(found, dict) else found),
            number(limit(LIMITS[one["model"]["precision"]])),
        ]
    return ParityRow(title, tuple(cells))


def versions(content: dict[str, Any]) -> dict[str, str]:
    """Return the versions of the packages that a result depends on."""
    return content.get("versions") or {name: content["runtime"][name] for name in ("numpy", "opencv", "onnxruntime")}


def reached(one: dict[str, Any]) -> bool:
    """Whether a ratio is as large, or as small, as was asked for."""
    least, most, found = one["at_least"], one["at_most"], one["median"]
    return bool((least is None or found >= least) and (most is None or found <= most))


def number(value: float | str | None) -> str:
    """Write a number as it is read: counts whole, the rest with three figures."""
    match value:
        case None:
            return "-"
        case float():
            return f"{value:.3g}"
        case _:
            return str(value)


def draw(content: dict[str, Any], path: Path) -> None:
    """Time per crop, on a logarithmic axis, with the range over the rounds."""
    from matplotlib.figure import Figure

    known = {name: one for name, one in content["contenders"].items() if not name.startswith("scan-")}
    shown = sorted(known.items(), key=lambda item: item[1]["ms"]["median"], reverse=True)
    medians = [one["ms"]["median"] for _, one in shown]
    range_ms = [
        [one["ms"]["median"] - one["ms"]["min"] for _, one in shown],
        [one["ms"]["max"] - one["ms"]["median"] for _, one in shown],
    ]
    colours = ["tab:blue" if name.startswith("ours") else "lightgrey" for name, _ in shown]
    figure = Figure(figsize=(8, 0.4 * len(shown) + 0.9), layout="constrained")
    axes = figure.subplots()
    axes.barh([one["title"] for _, one in shown], medians, xerr=range_ms, color=colours, error_kw={"lw": 1})
    axes.set(xscale="log", xlabel="ms per crop: median and range over the rounds")
    for place, (_, one) in enumerate(shown):
        axes.text(one["ms"]["max"], place, f" {one['ms']['median']:,.1f}", va="center", fontsize="small")
    axes.set_xlim(right=3 * max(one["ms"]["max"] for _, one in shown))  # room for the last number
    save_chart(figure, path, dpi=120)


if __name__ == "__main__":
    sys.exit(main())
