"""The graphs of a measurement against the runtime, to the bit: ``python -m benchmarks.parity.graphs``.

Scans of every cohort of the simulator go through the runtime and through prepare, crop and count, with the same look
and network; as they are, and as parts, with another display and upside down. Ends with 1 when one number differs.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.gate import FRESH
from benchmarks.provenance import provenance, save, versions
from benchmarks.samples.frames import variants
from edge_runtime import CataractAnalyzer, EdgeCataractError
from edge_runtime.frame.prepare import prepare_frame
from edge_runtime.frame.profiles import PixelPitch
from edge_runtime.frame.window import NATIVE_PITCH_UM
from edge_runtime.measure.locate import LensView, view_lens
from edge_runtime.reading.raster import read_scan
from edge_runtime.report.png import encode_png
from edge_runtime.scan import Scan, scan_from_pixels
from export.prepare.check import Surroundings, asked_of_frame, asked_of_labels
from train.phantom.cohorts.catalogue import COHORTS, plan_cohort
from train.phantom.render import simulate

from .graph_measurement import GraphMeasurement, Measured

if TYPE_CHECKING:
    from edge_runtime.frame.prepare import Frame

RESULTS = Path(__file__).parents[1] / "results" / "graphs.json"
SEED = 4711
SCANS_PER_COHORT = 6


def differences(measured: Measured, view: LensView) -> list[str]:
    """Names of what differs from the runtime."""
    frame, window = view.frame, view.window
    wanted = asked_of_labels(view.prediction.labels, window, frame.shape, view.grid, Surroundings.of(view))[1]
    levels = asked_of_frame(frame.grey, device_pixels=_device_pixels(frame))[1].get("levels", measured.levels)
    pairs: list[tuple[str, Any, Any]] = [
        ("found", measured.found, frame.levels is not None),
        ("levels", measured.levels, levels),
        ("table", measured.table, frame.table),
        ("window", measured.window, [window.top, window.left, window.rows, window.columns]),
        *((name, measured.counted[name], value) for name, value in wanted.items()),
    ]
    return [name for name, one, other in pairs if not np.array_equal(one, other)]


def _device_pixels(frame: Frame) -> bool:
    return frame.profile.has_device_pixels((frame.scan.rows, frame.scan.columns))


def compare(scan: Scan, analyzer: CataractAnalyzer, graphs: GraphMeasurement) -> tuple[list[str], Measured]:
    """What differs in one scan, and what the graphs found in it."""
    brightness = analyzer.network.metadata.brightness
    try:
        frame = prepare_frame(scan, None, brightness)
    except EdgeCataractError:  # of no known device
        frame = prepare_frame(scan, PixelPitch(NATIVE_PITCH_UM, NATIVE_PITCH_UM), brightness)
    usual = frame.profile.window(frame.shape)
    place = (usual.top, usual.left, usual.rows, usual.columns)
    measured = graphs.measure(frame.grey, place, device_pixels=_device_pixels(frame))
    return differences(measured, view_lens(frame, analyzer.tiled_predictor(), analyzer.look)), measured


def simulated(per_cohort: int, folder: Path) -> Iterator[tuple[str, Path]]:
    """Scans of every cohort, spread over its patients; those that a stopped run left in the folder are used again."""
    folder.mkdir(parents=True, exist_ok=True)
    for cohort in COHORTS:
        plans = plan_cohort(cohort, SEED)
        for place in range(per_cohort):
            path = folder / f"{cohort}-{place}-of-{per_cohort}.png"
            if not path.exists():
                patient = plans[place * len(plans) // per_cohort]
                eye, scans = patient.eyes[place % len(patient.eyes)]
                part = path.with_suffix(".part")
                part.write_bytes(encode_png(simulate(eye, scans[place % len(scans)]).picture))
                part.replace(path)
            yield cohort, path


def main(words: Sequence[str] | None = None) -> int:
    """Compare, print, save."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--per-cohort", type=int, default=SCANS_PER_COHORT, help=f"default: {SCANS_PER_COHORT}")
    parser.add_argument("--precision", default="int8")
    parser.add_argument("--folder", type=Path, default=FRESH / "graph-scans", help="simulated scans are kept here")
    parser.add_argument("--files", type=Path, nargs="*", default=[], help="scans besides; nothing of them is saved")
    parser.add_argument("--out", type=Path, default=FRESH / RESULTS.name, help="default: build/benchmarks")
    arguments = parser.parse_args(words)
    analyzer = CataractAnalyzer(precision=arguments.precision)
    graphs, rng = GraphMeasurement(analyzer), np.random.default_rng(SEED)
    seen: Counter[str] = Counter()
    different: list[dict[str, Any]] = []

    def take(scan: Scan, where: str) -> None:
        names, measured = compare(scan, analyzer, graphs)
        seen.update(frames=1, found=measured.found, views=measured.views, searched=measured.views > 1)
        seen.update({f"of_{where}": 1})
        if names:
            different.append({"cohort": where, "frame": seen["frames"], "different": names})
            print(different[-1], flush=True)

    for cohort, path in list(simulated(arguments.per_cohort, arguments.folder)):
        for pixels in variants(read_scan(str(path)).pixels, rng):
            take(scan_from_pixels(pixels), cohort)
    for path in arguments.files:
        try:
            take(read_scan(str(path)), "files")
        except EdgeCataractError:
            seen.update(unreadable=1)
    print(dict(seen), len(different), "different")
    save(
        arguments.out,
        {
            **provenance(analyzer),
            "versions": versions("onnxruntime", "opencv-python-headless"),
            "seed": SEED,
            "seen": dict(seen),
            "different": different,
        },
    )
    return int(bool(different))


if __name__ == "__main__":
    sys.exit(main())
