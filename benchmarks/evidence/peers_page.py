"""Write docs/peers.md and its picture from the results of the peers: `python -m benchmarks.evidence.peers_page`."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.evidence.charts import save_chart
from benchmarks.evidence.templates import fill
from benchmarks.peers.environments import OURS
from benchmarks.peers.side_by_side import FIGURES, LEAST_LEAD, LED, RESULTS

PAGE = Path(__file__).parents[2] / "docs" / "peers.md"
PICTURE = PAGE.with_suffix(".png")


def main() -> int:
    """Write both."""
    content = json.loads(RESULTS.read_text(encoding="utf-8"))
    PAGE.write_text(page(content), encoding="utf-8")
    draw(content, PICTURE)
    return 0


def page(content: Mapping[str, Any]) -> str:
    """Return the page as Markdown."""
    return fill("peers.md.j2", figures=FIGURES, least_lead=LEAST_LEAD, led=LED, ours=OURS, **content)


def draw(content: Mapping[str, Any], path: Path) -> None:
    """One panel per figure, on logarithmic axes: this project in blue."""
    from matplotlib.figure import Figure

    rows = list(reversed(content["peers"].items()))
    colours = ["tab:blue" if name == OURS else "lightgrey" for name, _ in rows]
    panels = {name: title for name, title in FIGURES.items() if name != "processor"}
    figure = Figure(figsize=(11, 0.34 * len(rows) + 0.9), layout="constrained")
    for axes, (name, title) in zip(figure.subplots(1, len(panels), sharey=True), panels.items(), strict=True):
        medians = [row[name]["median"] for _, row in rows]
        axes.barh([row["title"] for _, row in rows], medians, color=colours)
        axes.set(xscale="log", title=title)
        axes.set_xticks([], minor=False)  # every bar has its number
        axes.set_xticks([], minor=True)
        axes.title.set_fontsize("small")
        axes.tick_params(labelsize="small")
        for place, median in enumerate(medians):
            axes.text(median, place, f" {median:,.0f}", va="center", fontsize="x-small")
        axes.set_xlim(min(medians) / 2, 6 * max(medians))  # room for the last number
    save_chart(figure, path, dpi=110)


if __name__ == "__main__":
    sys.exit(main())
