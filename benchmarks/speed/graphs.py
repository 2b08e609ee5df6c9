"""The graphs of a measurement against the runtime's own steps: ``python -m benchmarks.speed.graphs``.

One scan, one machine, by turns; every contender in a process of its own. What is asked for is a ratio.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.gate import EXIT_BUSY, Asked, add_options, load_per_core, outcome, too_busy
from benchmarks.parity.graph_measurement import GRAPHS
from benchmarks.provenance import place, save, versions
from edge_runtime import CataractAnalyzer
from edge_runtime.frame.brightness import find_reference_levels, referenced_grey
from edge_runtime.frame.resample import coarse_grey
from edge_runtime.look.look import STEP
from edge_runtime.measure.lens import LensPixels, largest_component
from edge_runtime.measure.locate import view_lens
from edge_runtime.model.session import Session
from edge_runtime.model.tiling import TileGeometry

from .contenders import prepared_sample
from .turns import about, serve, take_turns

if TYPE_CHECKING:
    from numpy.typing import NDArray

RESULTS = Path(__file__).parents[1] / "results" / "graph_speed.json"
STEPS = ("prepare", "crop", "count")
WAYS = ("runtime", "graph")
MOST = 1.5  # of the time of the runtime's steps, all together: "about the same"; 1.25 by the least times
RUNS = 20
Run = Callable[[], object]


def main(words: Sequence[str] | None = None) -> int:
    """Time, print, save; or be one of the contenders."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--threads", type=int, default=2, help="of each contender (default 2)")
    names = [f"{way}-{step}" for step in STEPS for way in WAYS]
    parser.add_argument("--serve", choices=names, help="be this contender (used by the script itself)")
    add_options(parser, RESULTS, timed=True)
    arguments = parser.parse_args(words)
    if arguments.serve:
        way, _, step = arguments.serve.partition("-")
        serve(lambda: contender(way, step, arguments.threads))
        return 0
    if too_busy(arguments):
        return EXIT_BUSY
    start = [sys.executable, "-m", "benchmarks.speed.graphs", "--threads", str(arguments.threads), "--serve"]
    timed = take_turns({name: [*start, name] for name in names}, dict.fromkeys(names, RUNS), arguments.rounds)
    per_round = {way: list(zip(*(timed[f"{way}-{step}"].rounds_ms for step in STEPS), strict=True)) for way in WAYS}
    ratios = [sum(one) / sum(other) for one, other in zip(per_round["graph"], per_round["runtime"], strict=True)]
    content: dict[str, Any] = {
        **place(),
        "threads": arguments.threads,
        "rounds": arguments.rounds,
        "load_per_core": load_per_core(),
        "versions": versions("numpy", "onnxruntime", "opencv-python-headless"),
        "contenders": {name: asdict(one) | {"ms": about(one.rounds_ms)} for name, one in timed.items()},
        "graph_over_runtime": about(ratios),
        "at_most": MOST,
    }
    for name, one in timed.items():
        print(f"{name}: {about(one.rounds_ms)} ms")
    save(arguments.out, content)
    return outcome([Asked(name="graphs over the runtime", found=about(ratios)["median"], at_most=MOST)],
                   gate=arguments.gate)  # fmt: skip


def contender(way: str, step: str, threads: int) -> Run:
    """One step of the measurement of the sample scan, by the runtime or by its graph."""
    import cv2

    cv2.setNumThreads(threads)
    frame, analyzer = prepared_sample(), CataractAnalyzer()
    if analyzer.look is None or frame.table is None:
        raise RuntimeError("the bundled model has neither look nor table")
    look, table = analyzer.look.look_at(frame.coarse), frame.table
    view = view_lens(frame, analyzer.tiled_predictor(), analyzer.look)
    if look is None:
        raise RuntimeError("the sample is too small to be looked at")
    usual, unit = frame.profile.window(frame.shape), TileGeometry.of(analyzer.network.metadata).unit

    def prepare() -> str:
        coarse = coarse_grey(frame.grey)
        levels = find_reference_levels(frame.grey, coarse)
        return referenced_grey(levels).tobytes().hex()

    def crop() -> list[int]:
        window = look.window(usual, frame.shape, unit)
        return list(frame.graded(window.cut(frame.grey)).shape)

    def count() -> list[int]:
        labels, region = largest_component(view.prediction.labels)
        pixels = LensPixels.counted(labels)
        return [pixels.lens, pixels.cataract, region.dropped]

    if way == "runtime":
        return {"prepare": prepare, "crop": crop, "count": count}[step]

    def whole(*values: int) -> NDArray[np.int64]:
        return np.array(values, np.int64)

    entry = json.loads((GRAPHS / "register.json").read_text(encoding="utf-8"))[step]
    session = Session((GRAPHS / entry["file"]).read_bytes(), threads)
    window = whole(usual.top, usual.left, usual.rows, usual.columns)
    step_of, margin, grid = np.array(unit), np.array(-STEP), np.array(view.grid)
    inputs: dict[str, dict[str, NDArray[Any]]] = {
        "prepare": {"frame": frame.grey, "device_pixels": np.array(True)},
        "crop": {"frame": frame.grey, "table": table, "tissues": look.tissues, "usual": window,
                 "box": whole(0, 0, 0, 0), "step": step_of, "margin": margin},
        "count": {"labels": view.prediction.labels, "window": window, "frame_shape": whole(*frame.shape),
                  "grid": grid, "scan": frame.graded(view.window.cut(frame.grey)),
                  "found": np.array(frame.levels is not None), "tissues": look.tissues},
    }  # fmt: skip
    outputs = {"prepare": ["table"], "crop": ["scan"], "count": ["lens_px", "cataract_px", "dropped_px"]}[step]

    def by_graph() -> object:
        found = session.run(outputs, inputs[step])
        if step == "prepare":
            return found[0].tobytes().hex()
        return list(found[0].shape) if step == "crop" else [int(one) for one in found]

    return by_graph


if __name__ == "__main__":
    sys.exit(main())
