"""`edge_cataract.py FOLDER SCAN ...`: a line of JSON for every scan of the ANTERION, measured by OpenVINO.

FOLDER holds the files of a release: prepare, look, crop, edge (the network, float32) and count. Decoding is OpenCV's.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import openvino

PITCH_UM, FRAME_UM = 7.675, np.array([14_000, 16_500])
EXPORTED = ((1824, 2150), (1459, 1713))
USUAL, NOWHERE, NOTHING = (640, 525, 1100, 1100), (0, 0, 0, 0), np.zeros((0, 0), np.uint8)

# Kinds of picture, by their place in the look's probabilities, with the reason not to grade one; the rules of `count`.
NOT_GRADED = {1: "artificial-lens", 3: "no-lens", 4: "lens-mostly-outside", 5: "other-scan", 6: "not-a-scan"}
GRADABLE = (0, 2)
RULES = (
    "lens-not-found", "lens-too-small", "lens-too-large", "lens-not-solid", "lens-in-part", "lens-mostly-outside",
    "unlikely-brightness",
)  # fmt: skip
REASONS = ("artificial-lens", "no-lens", "other-scan", "not-a-scan", *RULES, "no-brightness-reference")


class Analyzer:
    """Every file compiled once. Another precision would be another model: bfloat16 is the default where it is fast."""

    def __init__(self, folder: Path) -> None:
        core, options = openvino.Core(), {"INFERENCE_PRECISION_HINT": "f32"}
        files = {path.name.split("-")[0]: path for path in folder.glob("*.onnx")}
        self.compiled = {name: core.compile_model(path, "CPU", options) for name, path in files.items()}
        said = core.read_model(files["edge"]).get_rt_info(["framework"])  # the network's own threshold and geometry
        self.threshold, self.guard_band = (
            float(said[f"edge_cataract.{key}"]) for key in ("cf_threshold", "guard_band")
        )
        self.grid, stride = (int(said[f"edge_cataract.{key}"]) for key in ("grid", "stride"))
        self.step = self.grid * stride

    def run(self, name: str, **inputs: Any) -> dict[str, Any]:
        """Outputs of a graph by name."""
        found = self.compiled[name](inputs)
        return {output.any_name: found[output] for output in self.compiled[name].outputs}

    def view(self, around: dict[str, Any], usual: Any, tissues: Any, box: Any, margin: int) -> dict[str, Any]:
        """Crop, labels and counts of one window; `around`: frame, table, and what the whole frame showed."""
        frame = around["frame"]
        given = {"usual": usual, "box": box, "step": self.step, "margin": margin}
        whole = {name: np.array(value, np.int64) for name, value in given.items()}
        cropped = self.run("crop", frame=frame, table=around["table"], tissues=tissues, **whole)
        labels, window = self.run("edge", scan=cropped["scan"])["labels"], cropped["window"]
        shape, grid = np.array(frame.shape, np.int64), np.array(self.grid, np.int64)
        seen = {"scan": cropped["scan"], "found": around["found"], "tissues": around["tissues"]}
        return cropped | self.run("count", labels=labels, window=window, frame_shape=shape, grid=grid, **seen)

    def measure(self, scan: np.ndarray) -> dict[str, Any]:
        """Counts of a decoded scan, (rows, columns) uint8."""
        frame = native(scan)
        device_pixels = np.array(scan.shape in EXPORTED)
        prepared = self.run("prepare", frame=frame, device_pixels=device_pixels)
        looked = self.run("look", coarse=prepared["coarse"])
        tissues = looked["tissues"]
        around = {"frame": frame, "table": prepared["table"], "found": prepared["found"], "tissues": tissues}
        first = last = self.view(around, USUAL, tissues, NOWHERE, -16)
        if first["lens_seen"] and not first["settled"] and tuple(first["window"]) == USUAL:
            last = self.view(around, USUAL, tissues, NOWHERE, 32)
        if first["lens_seen"] and not last["settled"]:
            everywhere = self.view(around, NOWHERE, NOTHING, NOWHERE, 0)
            box = everywhere["box"] * self.grid
            last = self.view(around, USUAL, NOTHING, box, 0) if everywhere["lens_px"] else first
        return self.answer(last, looked["picture_probability"], found=bool(prepared["found"]))

    def answer(self, seen: dict[str, Any], likely: Any, *, found: bool) -> dict[str, Any]:
        """Counts, reasons not to grade the scan, and the decision by the network's own threshold."""
        others, gradable = (sum(float(likely[k]) for k in kinds) for kinds in (NOT_GRADED, GRADABLE))
        picture = NOT_GRADED[max(NOT_GRADED, key=lambda k: likely[k])] if others and others >= gradable else None
        holds = {word for word, rule in zip(RULES, seen["reasons"], strict=True) if rule} | {picture}
        if picture:
            holds.discard("lens-in-part")  # nothing was to be labelled
        if not found:
            holds.add("no-brightness-reference")
        reasons = [word for word in REASONS if word in holds]
        counts = {name: int(seen[name]) for name in ("lens_px", "cataract_px", "dropped_px")}
        graded = not reasons and counts["lens_px"] > 0
        fraction = counts["cataract_px"] / counts["lens_px"] if graded else None  # undefined, not 0
        margin = None if fraction is None else fraction - self.threshold
        decision = "ungradable" if margin is None else "cataract" if margin >= 0 else "clear"
        near = margin is not None and abs(margin) <= self.guard_band + 1e-9  # 0.14 - 0.12 is more than 0.02 in binary
        told = {"cataract_fraction": fraction, "reasons": reasons, "decision": decision, "borderline": near}
        return counts | told | {"window": seen["window"].tolist(), "labels": seen["measured"]}


def native(scan: np.ndarray) -> np.ndarray:
    """The scan at 7.675 um, (rows, columns) uint8: a frame of the ANTERION that is no larger than that."""
    rows, columns = np.rint(FRAME_UM / PITCH_UM).astype(int).tolist()
    taller = cv2.resize(scan, (scan.shape[1], rows), interpolation=cv2.INTER_LINEAR_EXACT)
    return cv2.resize(taller, (columns, rows), interpolation=cv2.INTER_LINEAR_EXACT)


def read(path: str) -> np.ndarray:
    """The grey levels of a frame of the ANTERION, (rows, columns) uint8; OpenCV makes up what a cut file lacks."""
    content = np.fromfile(path, np.uint8) if Path(path).is_file() else np.empty(0, np.uint8)
    scan = cv2.imdecode(content, cv2.IMREAD_UNCHANGED) if content.size else None
    if scan is None or scan.ndim != 2 or scan.dtype != np.uint8 or scan.shape not in EXPORTED:
        raise SystemExit("A grey frame of 8 bits was expected, as the device exports it. Nothing was measured.")
    return scan


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("scans", nargs="+")
    parser.add_argument("--labels", type=Path, help="folder in which label maps are written, as PGM")
    arguments = parser.parse_args()
    analyzer = Analyzer(arguments.folder)
    for number, path in enumerate(arguments.scans, 1):
        answer = analyzer.measure(read(path))
        labels = answer.pop("labels")
        if arguments.labels:
            (arguments.labels / f"{number}.pgm").write_bytes(cv2.imencode(".pgm", labels)[1].tobytes())
        print(json.dumps({"scan": number, **answer}))  # noqa: T201  # its only output
