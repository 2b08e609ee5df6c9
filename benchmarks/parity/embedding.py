"""Every sample of docs/embedding against the runtime: ``python -m benchmarks.parity.embedding --modules FOLDER``.

Scans of every cohort of the simulator, in every size that the devices export, as parts of known pitch and as raw frames
of 16 bits, go through the runtime, its graphs in Python, C, Node.js, a browser and OpenVINO. Labels, counts, windows
and answers are asked to be equal: of int8 to the bit, of fp32 but for a pixel in a million, and no answer. FOLDER is a
`node_modules` with onnxruntime-node, onnxruntime-web, playwright-core and axe-core. A run that was stopped goes on.
Ends with 1 when something differs or is left.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from benchmarks.gate import FRESH
from benchmarks.provenance import commit, provenance, save, versions
from benchmarks.samples.asked import MAX_DIFFERENT_FP32, Asked
from benchmarks.samples.page import build_page, walk
from benchmarks.samples.programs import ask_c, ask_node, ask_openvino, build_c, write_pgm
from edge_runtime import CataractAnalyzer
from edge_runtime.frame.prepare import prepare_frame
from edge_runtime.frame.profiles import PROFILES, profile_of_scan
from edge_runtime.report.page.pdf import find_chromium

from .frames import NATIVE, Frame, chosen_frames
from .graph_measurement import GraphMeasurement
from .graphs import SEED

if TYPE_CHECKING:
    from numpy.typing import NDArray

RESULTS = Path(__file__).parents[1] / "results" / "embedding.json"
FRAMES, PER_COHORT, BATCH = 200, 3, 20
ENGINES = ("graphs", "c", "node", "browser", "openvino")


@dataclass(frozen=True, slots=True)
class Told:
    """What an engine says of a frame: names of `COMPARED`, as far as it knows them, and its label map."""

    answer: dict[str, Any]
    labels: NDArray[np.uint8]


class Engines:
    """The engines that are compared, ready to be asked about some frames of one pitch."""

    def __init__(self, precision: str, modules: Path, folder: Path, packages: Path | None) -> None:
        self.precision, self.modules, self.folder, self.packages = precision, modules, folder, packages
        self.analyzer = CataractAnalyzer(precision=precision)
        self.graph_measurement = GraphMeasurement(self.analyzer)
        self.program = build_c(folder / "edge_cataract")

    @cached_property
    def site(self) -> Path:
        """The built page."""
        return build_page(self.modules / "onnxruntime-web", self.folder / "site", self.precision)

    def ask(self, engine: str, asked: Sequence[Frame]) -> Iterator[tuple[int, Told]]:
        """Places of frames, and what an engine says of each."""
        ways: dict[str, Callable[..., list[Told]]] = {"c": self.c, "node": self.node, "browser": self.browser}
        places = range(len(asked))
        if engine == "graphs":
            yield from ((place, self.graphs(asked[place])) for place in places)
        elif engine == "openvino":
            exported = PROFILES["anterion"].export_shapes
            some = [place for place in places if asked[place].scan.pixels.shape in exported]
            yield from zip(some, self.openvino([asked[place] for place in some]), strict=True)
        else:
            for pitch in (None, NATIVE):
                alike = [place for place in places if asked[place].pitch == pitch]
                files = [write_pgm(self.folder / f"{place}.in.pgm", asked[place].scan) for place in alike]
                if alike:
                    yield from zip(alike, ways[engine](files, pitch and (pitch.row_um, pitch.column_um)), strict=True)

    def graphs(self, frame: Frame) -> Told:
        """The graphs in Python."""
        prepared = prepare_frame(frame.scan, frame.pitch, self.analyzer.network.metadata.brightness)
        profile = profile_of_scan(frame.scan, frame.pitch)
        usual, shape = profile.window(prepared.shape), (frame.scan.rows, frame.scan.columns)
        place = (usual.top, usual.left, usual.rows, usual.columns)
        found = self.graph_measurement.measure(prepared.grey, place, device_pixels=profile.has_device_pixels(shape))
        counts = {name: int(found.counted[name]) for name in ("lens_px", "cataract_px", "dropped_px")}
        return Told({**counts, "window": found.window}, found.counted["measured"])

    def c(self, files: list[Path], pitch: tuple[float, float] | None) -> list[Told]:
        """The C sample."""
        options = [f"pitch={pitch[0]},{pitch[1]}"] if pitch else []
        return [Told(*one) for one in ask_c(self.program, files, self.precision, self.folder, *options)]

    def node(self, files: list[Path], pitch: tuple[float, float] | None) -> list[Told]:
        """The sample for Node.js."""
        return [Told(*one) for one in ask_node(files, self.precision, self.folder, self.modules, pitch)]

    def browser(self, files: list[Path], pitch: tuple[float, float] | None) -> list[Told]:
        """The page."""
        wishes = {"labels": True, "pitch": pitch and f"{pitch[0]},{pitch[1]}"}
        found = walk(self.site, files, find_chromium(), self.modules, 60 + 20 * len(files), **wishes)
        maps = [np.array(one["labels"], np.uint8).reshape(one["labels_shape"]) for one in found["answers"]]
        return [Told(answer, labels) for answer, labels in zip(found["answers"], maps, strict=True)]

    def openvino(self, asked: list[Frame]) -> list[Told]:
        """The sample for OpenVINO."""
        files = []
        for place, frame in enumerate(asked):
            files.append(self.folder / f"{place}.png")
            files[-1].write_bytes(cv2.imencode(".png", frame.scan.pixels)[1].tobytes())
        return [Told(*one) for one in ask_openvino(files, self.folder, self.packages)]


def compared(engine: str, told: Told, asked: Asked, precision: str, seen: Counter[str]) -> list[str]:
    """What an engine finds differently; counts what was compared."""
    pixels = asked.different_labels(told.labels)
    seen.update(frames=1, pixels=asked.found["labels"].size, different_pixels=pixels)
    exact = precision == "int8"
    answer = told.answer if engine != "graphs" else asked.found | told.answer  # graphs give no answer
    return asked.different(answer, told.labels, exact=exact)


def main(words: Sequence[str] | None = None) -> int:
    """Compare, print, save."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--modules", type=Path, required=True, help="a folder node_modules")
    parser.add_argument("--packages", type=Path, help="a folder with openvino, where it is not installed")
    parser.add_argument("--frames", type=int, default=FRAMES, help=f"default: {FRAMES}")
    parser.add_argument("--per-cohort", type=int, default=PER_COHORT, help=f"default: {PER_COHORT}")
    parser.add_argument("--precision", nargs="+", default=["int8", "fp32"])
    parser.add_argument("--engines", nargs="+", default=list(ENGINES), choices=ENGINES)
    parser.add_argument("--folder", type=Path, default=FRESH / "graph-scans", help="simulated scans are kept here")
    parser.add_argument("--real", type=Path, metavar="FOLDER", help="scans that are asked about, too")
    parser.add_argument("--batches", type=int, default=1000, help=f"of {BATCH} frames, after which a run may stop")
    parser.add_argument("--out", type=Path, default=FRESH / RESULTS.name, help="default: build/benchmarks")
    arguments = parser.parse_args(words)
    chosen = chosen_frames(arguments.frames, arguments.per_cohort, arguments.folder, arguments.real)
    content = earlier(arguments.out, len(chosen))
    left = arguments.batches
    for precision in arguments.precision:
        with tempfile.TemporaryDirectory() as folder:
            engines = Engines(precision, arguments.modules, Path(folder), arguments.packages)
            nothing = {"sha256": engines.analyzer.network.sha256, "done": 0, "decisions": {}, "engines": {}}
            found = content["found"].setdefault(precision, nothing)
            while left and found["done"] < len(chosen):
                add_batch(engines, chosen, arguments.engines, found)
                left -= 1
                save(arguments.out, {**provenance(engines.analyzer), **facts(chosen), **content})
    finished = all(content["found"][precision]["done"] == len(chosen) for precision in arguments.precision)
    print("all frames are compared" if finished else "frames are left: start again")
    broken = any(engine["broken"] for one in content["found"].values() for engine in one["engines"].values())
    return int(broken or not finished)


def earlier(path: Path, count: int) -> dict[str, Any]:
    """What a run that was stopped found already, of as many frames and by the same code."""
    if path.exists():
        content = json.loads(path.read_text(encoding="utf-8"))
        if (content["frames"], content["commit"]) == (count, commit()):
            return {"found": content["found"]}
    return {"found": {}}


def facts(chosen: Sequence[Frame]) -> dict[str, Any]:
    """What was asked about."""
    return {
        "versions": versions("onnxruntime", "opencv-python-headless"),
        "seed": SEED,
        "frames": len(chosen),
        "kinds": dict(Counter(frame.kind for frame in chosen)),
        "cohorts": dict(Counter(frame.cohort for frame in chosen)),
    }


def add_batch(engines: Engines, chosen: Sequence[Frame], names: Sequence[str], found: dict[str, Any]) -> None:
    """Ask every engine of one precision about the next frames, and add what is found."""
    start = found["done"]
    some = chosen[start : start + BATCH]
    analyzers = {pitch: CataractAnalyzer(engines.analyzer.network, profile=pitch) for pitch in (None, NATIVE)}
    asked = [Asked.of(frame.scan, analyzers[frame.pitch], frame.pitch) for frame in some]
    alone = "ungradable by the runtime alone"
    decisions = Counter(found["decisions"])
    decisions.update(alone if one.judged_by_runtime_alone else one.found["decision"] for one in asked)
    found["decisions"] = dict(decisions)
    for name in names:
        if name == "openvino" and engines.precision == "int8":
            continue  # its sums of int8 round in another way
        told = found["engines"].get(name, {"different": []})
        seen = Counter({key: told.get(key, 0) for key in ("frames", "pixels", "different_pixels")})
        different = told["different"]
        for place, one in engines.ask(name, some):
            if wrong := compared(name, one, asked[place], engines.precision, seen):
                different.append({"frame": start + place, "cohort": some[place].cohort, "different": wrong})
        found["engines"][name] = {**seen, "different": different, "broken": _broken(seen, different)}
        print(engines.precision, start + len(some), name, found["engines"][name], flush=True)
    found["done"] = start + len(some)


def _broken(seen: Counter[str], different: list[dict[str, Any]]) -> bool:
    return bool(different) or seen["different_pixels"] > MAX_DIFFERENT_FP32 * seen["pixels"]


if __name__ == "__main__":
    sys.exit(main())
