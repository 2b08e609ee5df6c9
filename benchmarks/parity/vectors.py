"""The golden vectors on any machine: ``python -m benchmarks.parity.vectors``.

It needs numpy, OpenCV and onnxruntime alone, so an emulated board runs it, too. What every graph finds is held against
`vectors.json`; labels and counts of fp32 may differ by a pixel in a million. Ends with 1 when something differs.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from edge_runtime import CataractAnalyzer
from edge_runtime.frame.prepare import prepare_frame
from edge_runtime.frame.profiles import PixelPitch
from edge_runtime.golden import SAMPLES
from edge_runtime.reading.raster import read_scan
from edge_runtime.scan import scan_from_pixels

from .graph_measurement import GRAPHS, GraphMeasurement

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from edge_runtime.frame.prepare import Frame

COUNTED = ("lens_px", "cataract_px", "dropped_px", "box", "settled", "cut", "reasons")


def different(vector: dict[str, Any], analyzer: CataractAnalyzer, graphs: GraphMeasurement) -> list[str]:
    """Names of what this machine finds differently in one frame, in the order of the steps."""
    frame, wanted = native(vector, analyzer), vector["models"][analyzer.network.metadata.precision]
    found = graphs.measure(frame.grey, vector["usual"], device_pixels=vector["device_pixels"])
    pairs: list[tuple[str, Any, Any]] = [
        ("native", digest(frame.grey), vector["native"]["sha256"]),
        ("levels", found.levels.tolist() if found.found else None, vector["levels"]),
        ("table", found.table.tobytes().hex(), vector["table"]),
        ("window", found.window, wanted["window"]),
        ("measured", digest(found.counted["measured"]), wanted["measured_sha256"]),
        *((name, found.counted[name].tolist(), wanted[name]) for name in COUNTED),
    ]
    return [name for name, one, other in pairs if one != other]


def native(vector: dict[str, Any], analyzer: CataractAnalyzer) -> Frame:
    """The prepared frame of a vector."""
    scan = read_scan(str(SAMPLES / vector["source"]))
    if vector["part"] is not None:
        top, left, rows, columns = vector["part"]
        scan = scan_from_pixels(np.ascontiguousarray(scan.pixels[top : top + rows, left : left + columns]))
    pitch = vector["pitch_um"] and PixelPitch(*vector["pitch_um"])
    return prepare_frame(scan, pitch, analyzer.network.metadata.brightness)


def digest(array: NDArray[Any]) -> str:
    """The sha256 of an array's bytes, row by row."""
    return hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest()


def main(words: Sequence[str] | None = None) -> int:
    """Measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--precision", nargs="+", default=["int8"])
    arguments = parser.parse_args(words)
    vectors = json.loads((GRAPHS / "vectors.json").read_text(encoding="utf-8"))
    found: dict[str, dict[str, list[str]]] = {}
    for precision in arguments.precision:
        analyzer = CataractAnalyzer(precision=precision)
        graphs = GraphMeasurement(analyzer)
        found[precision] = {one["name"]: different(one, analyzer, graphs) for one in vectors["frames"]}
    print(json.dumps(found))
    return int(any(names for frames in found.values() for names in frames.values()))


if __name__ == "__main__":
    sys.exit(main())
