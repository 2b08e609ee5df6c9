"""Draw what was measured of real eyes over what was measured of simulated ones."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure

from .charts import save_chart
from .measured_eyes import PROFILE_POINTS, STATISTICS, Measured

if TYPE_CHECKING:
    from matplotlib.axes import Axes

REGIMES = ("8-bit", "16-bit")


def draw(real: list[Measured], phantom: dict[tuple[str, str], list[Measured]], path: Path) -> None:
    """Draw profiles and statistics of all eyes in one figure."""
    figure = Figure(figsize=(19, 10))
    axes = figure.subplots(3, 5)
    for axis, regime in zip(axes.flat, REGIMES, strict=False):
        _draw_profiles(axis, regime, [eye for eye in real if eye.regime == regime], phantom[regime, "clear"])
    for axis, name in zip(axes.flat[2:], STATISTICS, strict=True):
        _draw_statistic(axis, name, real, phantom)
    figure.tight_layout()
    save_chart(figure, path, dpi=70)


def _draw_profiles(axis: Axes, regime: str, real: list[Measured], clear: list[Measured]) -> None:
    depth = (np.arange(PROFILE_POINTS) + 0.5) / PROFILE_POINTS
    low, middle, high = np.percentile(np.array([eye.profile for eye in clear]), [5, 50, 95], axis=0)
    axis.fill_between(depth, low, high, color="0.85")
    axis.plot(depth, middle, color="0.5")
    for eye in real:
        axis.plot(depth, eye.profile, label=f"{eye.name} ({eye.looks})", lw=1)
    axis.set_title(f"grey / cornea against depth, {regime}")
    axis.legend(fontsize=6)


def _draw_statistic(
    axis: Axes, name: str, real: list[Measured], phantom: dict[tuple[str, str], list[Measured]]
) -> None:
    for place, regime in enumerate(REGIMES):
        scale = 255 / 65535 if regime == "16-bit" and "mean" in name else 1
        for colour, group, offset in (("0.6", "clear", 0.0), ("C3", "cataract", 0.25)):
            values = np.array([eye.numbers[name] for eye in phantom[regime, group]])
            scattered = np.random.default_rng(0).uniform(-0.05, 0.05, len(values))
            axis.plot(place + offset + scattered, values * scale, ".", ms=2, color=colour)
        for eye in real:
            if eye.regime == regime:
                axis.plot(place - 0.2, eye.numbers[name] * scale, "k_" if eye.looks == "yes" else "b_", ms=12)
    axis.set_xticks([0, 1], REGIMES)
    axis.set_title(name, fontsize=8)
