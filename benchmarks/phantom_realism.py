"""How well clear phantom eyes cover what real scans measure (one figure, one table, misses named).

    python benchmarks/phantom_realism.py FOLDER [--eyes 60] [--out realism]

FOLDER holds `scans.csv`, `statistics.csv`, `scans/`, `masks/`. Real and simulated scans are measured by the same code
(`phantom_measure.py`), which is first checked against the numbers that came with the real scans.
"""

from __future__ import annotations

import argparse
import csv
import sys
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from .phantom_measure import PROFILE_BINS, measure

# What a simulator can set, in our names, and the column that came with the real scans.
STATISTICS = {
    "lens_over_cornea": "lens_over_cornea_central",
    "front_over_nucleus": "anterior_over_nucleus",
    "back_over_nucleus": "posterior_over_nucleus",
    "nucleus_over_cornea": "nucleus_over_cornea_central",
    "aqueous_mean": "aqueous_mean",
    "vitreous_mean": "vitreous_mean",
    "iris_shadow_mean": "iris_shadow_mean",
    "contrast_lens": "sc_lens",
    "contrast_cornea": "sc_cornea",
    "width_lateral_px": "acf_hwhm_lateral_px",
    "width_axial_px": "acf_hwhm_axial_px",
    "lens_axial_px": "lens_axial_px",
    "lens_width_px": "lens_width_mid_px",
}
PROFILE_POINTS = 25  # the profile of 100 bins in groups of four
WIDTH_LIMIT = 3.0
# Spreads between eyes from publications, where few real eyes are at hand: 5 to 95 % of a normal law is 3.29 SD.
PUBLISHED_RANGE = {
    "lens_axial_px": 3.29
    * np.hypot(0.25, 0.0236 * 12)
    * 1.408
    / 14.0,  # thickness: 0.25 mm at one age, +-12 years of age; parts of the frame
    "lens_width_px": 3.29
    * np.hypot(0.9, 0.45)
    / 16.5,  # pupil: 0.8 to 0.9 mm between people, dilated or not; parts of the frame
}
# Mean lens density between patients, 26.99 +- 5.23 grey units (Kim et al. 2016): the published spread of grey along
# the profile.
PUBLISHED_PROFILE_RANGE = 3.29 * 5.23 / 26.99


@dataclass(frozen=True, slots=True)
class Measured:
    """One eye's mean over its scans.

    Attributes
    ----------
    name, regime
        Subject and eye; "8-bit" or "16-bit".
    looks
        "yes" clear, "hazy", "unsure"; of a phantom eye "clear" or "cataract".
    numbers
        Statistic name to value.
    profile
        (25,) grey over the central cornea's grey, against depth.
    """

    name: str
    regime: str
    looks: str
    numbers: dict[str, float]
    profile: np.ndarray


def _mean_of(name: str, regime: str, looks: str, found: list[tuple[dict[str, float], np.ndarray]]) -> Measured:
    keys = found[0][0].keys()
    numbers = {
        key: float(np.nanmean([numbers[key] for numbers, _ in found]))
        if any(np.isfinite(n[key]) for n, _ in found)
        else float("nan")
        for key in keys
    }
    with warnings.catch_warnings():  # a clipped eye has no value at all in its last bins
        warnings.simplefilter("ignore", RuntimeWarning)
        profile = np.nanmean([p.reshape(PROFILE_POINTS, -1).mean(axis=1) / n["cornea_mean"] for n, p in found], axis=0)
    return Measured(name, regime, looks, numbers, profile)


def read_real(folder: Path) -> tuple[list[Measured], dict[str, float]]:
    """Real eyes, and the median relative deviation of our measure from the numbers that came with them."""
    from edge_runtime.reading.raster import read_scan

    theirs = {row["name"]: row for row in csv.DictReader((folder / "statistics.csv").open())}
    eyes: dict[tuple[str, str, str], list[tuple[dict[str, float], np.ndarray]]] = {}
    deviations: dict[str, list[float]] = {name: [] for name in STATISTICS}
    for row in csv.DictReader((folder / "scans.csv").open()):
        if row["kind"] != "phakic" or not row["mask"]:
            continue
        picture = read_scan(folder / row["scan"]).pixels
        mask = read_scan(folder / row["mask"]).pixels > 0
        numbers, profile = measure(picture, mask)
        found = numbers.as_dict()
        if row["clipped"] == "True":
            # The posterior capsule lies at or below the frame's edge, where the picture fades.
            found |= {"lens_axial_px": float("nan"), "vitreous_mean": float("nan")}
            profile[-8:] = np.nan
        for name, column in STATISTICS.items():
            value = float(theirs[Path(row["scan"]).stem][column])
            if np.isfinite(value) and np.isfinite(found[name]) and value:
                deviations[name].append(abs(found[name] / value - 1))
        regime = "16-bit" if picture.dtype == np.uint16 else "8-bit"
        eyes.setdefault((f"{row['subject']} {row['eye']}", regime, row["clear_looking"]), []).append((found, profile))
    return [_mean_of(*key, found) for key, found in eyes.items()], {
        name: float(np.median(d)) if d else float("nan") for name, d in deviations.items()
    }


def simulate_eyes(count: int, cataract: bool, regime: str) -> list[Measured]:
    """Phantom eyes of 20 to 68 years (clear) or 45 to 92 (cataract), three scans each, in a real regime's display."""
    from train.phantom.eye.plan import EyePlan
    from train.phantom.imaging.plan import EXPORT_COLUMNS, EXPORT_ROWS, Geometry, ScanPlan
    from train.phantom.patient import make_eye
    from train.phantom.render import render

    rng = np.random.default_rng(2024)
    eyes = []
    for index in range(count):
        age = float(rng.uniform(45, 92) if cataract else rng.uniform(20, 68))
        eye = make_eye(EyePlan(f"realism-{regime}-{cataract}", f"p{index}", "OD", age, cataract, bool(index % 2)))
        found = []
        for meridian in (0.0, 60.0, 120.0):
            size = (EXPORT_ROWS, EXPORT_COLUMNS) if regime == "8-bit" else (0, 0)
            scan = render(eye, ScanPlan(1, meridian, Geometry.OPTICAL if regime == "8-bit" else Geometry.RAW, *size))
            if scan.truth.lens_px < 5000:
                continue
            numbers, profile = measure(scan.picture, scan.truth.labels > 0)
            found.append((numbers.as_dict(), profile))
        if found:
            eyes.append(_mean_of(f"p{index}", regime, "cataract" if cataract else "clear", found))
    return eyes


@dataclass(frozen=True, slots=True)
class Verdict:
    """One pair of a real eye and a quantity."""

    eye: str
    regime: str
    looks: str
    quantity: str
    real: float
    low: float
    median: float
    high: float
    spread: float
    allowed: float

    @property
    def strict(self) -> bool:
        """As `narrow`, with the spread between the real eyes at hand alone."""
        return self.high - self.low <= WIDTH_LIMIT * self.spread

    @property
    def inside(self) -> bool:
        """Within the 5th to 95th percentile."""
        return self.low <= self.real <= self.high

    @property
    def narrow(self) -> bool:
        """The range is at most three times the spread between real eyes, or a published one."""
        return self.high - self.low <= WIDTH_LIMIT * self.allowed


def _quantities(eye: Measured) -> dict[str, float]:
    return {name: eye.numbers[name] for name in STATISTICS} | {
        f"profile {i * 4 / PROFILE_BINS:.2f}": float(v) for i, v in enumerate(eye.profile)
    }


def judge(real: list[Measured], phantom: dict[tuple[str, str], list[Measured]]) -> list[Verdict]:
    """Every pair: eyes that look clear against clear phantom eyes, others against all."""
    verdicts = []
    frames = {"8-bit": (1459, 1713), "16-bit": (1519, 768)}
    for eye in real:
        group = phantom[eye.regime, "clear"] + ([] if eye.looks == "yes" else phantom[eye.regime, "cataract"])
        peers = [_quantities(other) for other in real if other.regime == eye.regime]
        for name, value in _quantities(eye).items():
            if not np.isfinite(value):
                continue
            values = np.array([_quantities(other)[name] for other in group])
            low, median, high = np.nanpercentile(values, [5, 50, 95])
            spread = [peer[name] for peer in peers if np.isfinite(peer[name])]
            between = max(spread) - min(spread)
            allowed = between
            if name.startswith("profile"):
                allowed = max(allowed, PUBLISHED_PROFILE_RANGE * float(median))
            if name in PUBLISHED_RANGE:
                allowed = max(allowed, PUBLISHED_RANGE[name] * frames[eye.regime][0 if "axial" in name else 1])
            verdicts.append(
                Verdict(
                    eye.name,
                    eye.regime,
                    eye.looks,
                    name,
                    value,
                    float(low),
                    float(median),
                    float(high),
                    float(between),
                    float(allowed),
                )
            )
    return verdicts


def write_table(verdicts: list[Verdict], deviations: dict[str, float], path: Path) -> str:
    """The table as Markdown; returns the summary."""
    lines = [
        "| eye | looks | quantity | real | phantom 5 % | median | 95 % | inside | range / spread |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for v in verdicts:
        ratio = (v.high - v.low) / v.allowed if v.allowed else float("inf")
        lines.append(
            f"| {v.eye} | {v.looks} | {v.quantity} | {v.real:.4g} | {v.low:.4g} | {v.median:.4g} | {v.high:.4g} "
            f"| {'yes' if v.inside else 'MISS'} | {ratio:.1f} |"
        )
    summary = []
    for looks in ("yes", "unsure", "hazy"):
        chosen = [v for v in verdicts if v.looks == looks]
        if not chosen:
            continue
        inside = sum(v.inside for v in chosen)
        both = sum(v.inside and v.narrow for v in chosen)
        summary.append(
            f"{looks}: {inside} of {len(chosen)} inside ({inside / len(chosen):.0%}); "
            f"inside and not vague {both} ({both / len(chosen):.0%})"
        )
        misses = [f"{v.eye} {v.quantity}" for v in chosen if not v.inside]
        summary.append("  misses: " + (", ".join(misses) or "none"))
    one_subject = {v.regime for v in verdicts if len({w.eye for w in verdicts if w.regime == v.regime}) < 2}
    if one_subject:
        summary.append(f"  {', '.join(sorted(one_subject))}: one real eye only: no spread to judge vagueness by.")
    for looks in ("yes",):
        chosen = [v for v in verdicts if v.looks == looks and v.regime not in one_subject]
        vague = sorted({v.quantity for v in chosen if not v.narrow})
        both = sum(v.inside and v.narrow for v in chosen)
        strict = sum(v.inside and v.strict for v in chosen)
        summary.append(
            "clear-looking, regimes with several eyes, judged by the spread of the real eyes alone: "
            f"{strict} of {len(chosen)} inside and not vague ({strict / max(len(chosen), 1):.0%})"
        )
        summary.append(
            f"clear-looking, regimes with several eyes: {both} of {len(chosen)} inside and not vague "
            f"({both / max(len(chosen), 1):.0%})"
        )
        summary.append("  vague: " + (", ".join(vague) or "none"))
    measured = ", ".join(f"{name} {value:.1%}" for name, value in deviations.items())
    path.write_text(
        "\n".join(
            [*summary, "", f"Median deviation of the measuring code from the numbers given: {measured}", "", *lines]
        )
        + "\n"
    )
    return "\n".join(summary)


def draw(real: list[Measured], phantom: dict[tuple[str, str], list[Measured]], path: Path) -> None:
    """Profiles and statistics, real over phantom, in one figure."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(3, 5, figsize=(19, 10))
    depth = (np.arange(PROFILE_POINTS) + 0.5) / PROFILE_POINTS
    for axis, regime in zip(axes.flat, ("8-bit", "16-bit"), strict=False):
        profiles = np.array([eye.profile for eye in phantom[regime, "clear"]])
        low, middle, high = np.percentile(profiles, [5, 50, 95], axis=0)
        axis.fill_between(depth, low, high, color="0.85")
        axis.plot(depth, middle, color="0.5")
        for eye in real:
            if eye.regime == regime:
                axis.plot(depth, eye.profile, label=f"{eye.name} ({eye.looks})", lw=1)
        axis.set_title(f"grey / cornea against depth, {regime}")
        axis.legend(fontsize=6)
    for axis, name in zip(axes.flat[2:], STATISTICS, strict=True):
        for place, regime in enumerate(("8-bit", "16-bit")):
            for colour, group, offset in (("0.6", "clear", 0.0), ("C3", "cataract", 0.25)):
                values = np.array([eye.numbers[name] for eye in phantom[regime, group]])
                scale = 1 if regime == "8-bit" or "mean" not in name else 255 / 65535
                axis.plot(
                    np.full(len(values), place + offset) + np.random.default_rng(0).uniform(-0.05, 0.05, len(values)),
                    values * scale,
                    ".",
                    ms=2,
                    color=colour,
                )
            for eye in real:
                if eye.regime == regime:
                    axis.plot(place - 0.2, eye.numbers[name] * scale, "k_" if eye.looks == "yes" else "b_", ms=12)
        axis.set_xticks([0, 1], ["8-bit", "16-bit"])
        axis.set_title(name, fontsize=8)
    figure.tight_layout()
    figure.savefig(path, dpi=70)


def main() -> int:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--eyes", type=int, default=60, help="phantom eyes per group and regime")
    parser.add_argument("--out", type=Path, default=Path("realism"), help="folder for realism.png and realism.md")
    arguments = parser.parse_args()
    if not (arguments.folder / "statistics.csv").exists():
        print(f"{arguments.folder} holds no statistics.csv: there are no real scans to compare with, nothing done.")
        return 0
    import cv2

    cv2.setNumThreads(1)
    real, deviations = read_real(arguments.folder)
    phantom = {
        (regime, "cataract" if cataract else "clear"): simulate_eyes(arguments.eyes, cataract, regime)
        for regime in ("8-bit", "16-bit")
        for cataract in (False, True)
    }
    arguments.out.mkdir(parents=True, exist_ok=True)
    print(write_table(judge(real, phantom), deviations, arguments.out / "realism.md"))
    draw(real, phantom, arguments.out / "realism.png")
    return 0


if __name__ == "__main__":
    sys.exit(main())
