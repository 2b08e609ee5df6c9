"""`python -m export.bundle MODEL.onnx ...`: put exported models into the package, with sample scans and golden results.

The register pins the sha256 of each model; the samples are simulated from fixed seeds; the golden results are what the
runtime finds in them, for `edge-cataract selftest`. Run it once for a release, with every model that ships, and then
`python -m benchmarks.evidence.overlay`, which draws the picture of the README.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from edge_runtime import CataractAnalyzer, EdgeCataractError
from edge_runtime.golden import GOLDEN, SAMPLES
from edge_runtime.look.network import LookNetwork
from edge_runtime.model import store
from edge_runtime.model.network import Network
from edge_runtime.model.precision import DEFAULT_PRECISION, PRECISIONS
from edge_runtime.reading.raster import read_scan
from edge_runtime.report.files import write_all
from train.phantom.eye.plan import EyePlan
from train.phantom.imaging.plan import EXPORT_COLUMNS, EXPORT_ROWS, Geometry, ScanPlan
from train.phantom.render import simulate

from .prepare.vectors import FILE, bundled_networks, vectors_file

if TYPE_CHECKING:
    from numpy.typing import NDArray

BUNDLE = Path(store.BUNDLE)
GRAPHS = BUNDLE.with_name("graphs")
LOOK = "look-"  # the name of the look begins so
# Two scans of two simulated patients, from a cohort of their own: nobody in training, development or validation.
SAMPLE_SCANS = {
    "simulated-cataract.png": (
        EyePlan("samples", "cataract", "OD", 71.0, cataract=True, dilated=True, mix="NC"),
        ScanPlan(1, 0.0, Geometry.OPTICAL, EXPORT_ROWS, EXPORT_COLUMNS),
    ),
    "simulated-clear.png": (
        EyePlan("samples", "clear", "OS", 34.0, cataract=False, dilated=True, mix=None),
        ScanPlan(1, 30.0, Geometry.CORRECTED),
    ),
}


def main(words: list[str] | None = None) -> int:
    """Install the models, render the samples, write register and golden results."""
    parser = argparse.ArgumentParser(prog="python -m export.bundle", description=__doc__)
    parser.add_argument("models", nargs="*", type=Path, metavar="MODEL.onnx")
    parser.add_argument("--look", type=Path, metavar="LOOK.onnx", help="written by 'python -m export.look'")
    arguments = parser.parse_args(words)
    try:
        if arguments.look is not None:
            install_look(arguments.look)
        if arguments.models:
            install_models(arguments.models)
        render_samples()
        golden = golden_results()
        vectors = vectors_file(bundled_networks())  # what a measurement in another language is held against
    except EdgeCataractError as error:
        sys.stderr.write(f"python -m export.bundle: {error}\n")
        return error.exit_code
    write_all({str(GOLDEN): (json.dumps(golden, indent=1) + "\n").encode(), str(GRAPHS / FILE): vectors})
    sys.stdout.write(json.dumps(golden) + "\n")
    return 0


def install_models(paths: list[Path]) -> None:
    """Copy the models and pin their sha256, by precision."""
    register: dict[str, dict[str, str]] = {}
    for path in paths:
        metadata = Network(store.read_model(path, DEFAULT_PRECISION), 1).metadata
        name = f"{metadata.name}-{metadata.version}-{metadata.precision}.onnx"
        shutil.copyfile(path, BUNDLE / name)
        register[metadata.precision] = {"file": name, "sha256": hashlib.sha256(path.read_bytes()).hexdigest()}
    kept = {entry["file"] for entry in register.values()}
    for stale in BUNDLE.glob("*.onnx"):
        if stale.name not in kept and not stale.name.startswith(LOOK):
            stale.unlink()
    ordered = {precision: register[precision] for precision in PRECISIONS if precision in register}
    write_all({str(BUNDLE / "register.json"): (json.dumps(ordered, indent=1) + "\n").encode()})


def install_look(path: Path) -> None:
    """Copy the look over whole frames, in place of an earlier one, and pin its sha256."""
    data = path.read_bytes()
    look = LookNetwork(data, 1)
    for stale in BUNDLE.glob(f"{LOOK}*.onnx"):
        stale.unlink()
    # Models that were exported before there was a look do not ask for it in their metadata.
    before = sorted(store.bundled_hashes())
    name = f"{LOOK}{look.version}.onnx"
    entry = {"file": name, "sha256": look.sha256, "before": before}
    register = (json.dumps(entry, indent=1) + "\n").encode()
    write_all({str(BUNDLE / name): data, str(BUNDLE / store.LOOK_REGISTER): register})


def render_samples() -> None:
    """Simulate the sample scans; a file that holds the same pixels already stays as it is."""
    pictures = {SAMPLES / name: simulate(*plans).picture for name, plans in SAMPLE_SCANS.items()}
    write_all({str(path): small_png(picture) for path, picture in pictures.items() if not _holds(path, picture)})


def small_png(picture: NDArray[Any]) -> bytes:
    """A PNG that is packed as tightly as OpenCV can: a sixth smaller than the pictures that the program writes."""
    options = [cv2.IMWRITE_PNG_COMPRESSION, 9, cv2.IMWRITE_PNG_STRATEGY, cv2.IMWRITE_PNG_STRATEGY_RLE]
    return bytes(cv2.imencode(".png", picture, options)[1].tobytes())


def _holds(path: Path, picture: NDArray[Any]) -> bool:
    return path.is_file() and np.array_equal(read_scan(str(path)).pixels, picture)


def golden_results() -> dict[str, Any]:
    """Return what the bundled models find in the samples."""
    models: dict[str, str] = {}
    scans: list[dict[str, Any]] = [{"source": name} for name in SAMPLE_SCANS]
    for precision in json.loads((BUNDLE / "register.json").read_text(encoding="utf-8")):
        analyzer = CataractAnalyzer(precision=precision)
        models[precision] = analyzer.network.sha256
        for entry in scans:
            result = analyzer.analyze(SAMPLES / entry["source"])
            entry["sha256"] = result.scan.sha256
            entry[precision] = {"lens_px": result.pixels.lens, "cataract_px": result.pixels.cataract}
    return {"model_sha256": models, "scans": scans}


if __name__ == "__main__":
    sys.exit(main())
