"""Golden vectors: what every step finds in a few frames, for whoever writes the measurement in another language.

Frames are the bundled samples and parts of them, so that the file stays small. Large arrays are told by the sha256 of
their bytes, row by row; the first one that differs says which step is wrong.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from edge_runtime import CataractAnalyzer
from edge_runtime.frame.prepare import prepare_frame
from edge_runtime.frame.profiles import PixelPitch
from edge_runtime.frame.window import NATIVE_PITCH_UM
from edge_runtime.golden import SAMPLES
from edge_runtime.measure.locate import view_lens
from edge_runtime.model import store
from edge_runtime.model.network import Network
from edge_runtime.model.tiling import TileGeometry
from edge_runtime.reading.raster import read_scan
from edge_runtime.report.document import document
from edge_runtime.scan import scan_from_pixels

from .check import Surroundings, asked_of_labels, levels_vector

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from edge_runtime.measure.locate import LensView
    from edge_runtime.scan import Scan

FILE = "vectors.json"
SCHEMA = "edge-cataract/vectors/1"
_OF_THE_MACHINE = ("created", "runtime", "tool")  # of a document: not what was measured


@dataclass(frozen=True, slots=True)
class Recipe:
    """One frame.

    Attributes
    ----------
    name
        What it is called.
    source
        A bundled sample.
    part
        Top, left, rows and columns of the part that is kept; None: all of it.
    pitched
        Whether it is analysed by its pixel pitch alone, which is the native one, and not by the profile of its shape.
    """

    name: str
    source: str
    part: tuple[int, int, int, int] | None = None
    pitched: bool = False

    def scan(self) -> Scan:
        """The decoded scan."""
        scan = read_scan(str(SAMPLES / self.source))
        if self.part is None:
            return scan
        top, left, rows, columns = self.part
        return scan_from_pixels(np.ascontiguousarray(scan.pixels[top : top + rows, left : left + columns]))

    @property
    def pitch(self) -> PixelPitch | None:
        """What an analyzer is told of it."""
        return PixelPitch(NATIVE_PITCH_UM, NATIVE_PITCH_UM) if self.pitched else None


RECIPES = (
    Recipe("resampled", "simulated-cataract.png"),
    Recipe("native", "simulated-clear.png"),
    Recipe("odd", "simulated-clear.png", (3, 101, 1813, 1951), pitched=True),
    Recipe("without-cornea", "simulated-clear.png", (560, 400, 1201, 1303), pitched=True),
    Recipe("without-lens", "simulated-clear.png", (0, 0, 520, 2150), pitched=True),
)


def vectors(networks: Iterable[Network]) -> dict[str, Any]:
    """Compute the vectors of some models, one of each precision."""
    analyzers = {
        network.metadata.precision: {one.name: CataractAnalyzer(network, profile=one.pitch) for one in RECIPES}
        for network in networks
    }
    named = {precision: next(iter(some.values())) for precision, some in analyzers.items()}
    looks = [one.look.sha256 for one in named.values() if one.look is not None]
    return {
        "schema": SCHEMA,
        "models": {precision: one.network.sha256 for precision, one in named.items()},
        "look": looks[0] if looks else "",  # a release has one
        "frames": [
            _vector(recipe, {precision: some[recipe.name] for precision, some in analyzers.items()})
            for recipe in RECIPES
        ],
    }


def _vector(recipe: Recipe, analyzers: dict[str, CataractAnalyzer]) -> dict[str, Any]:
    scan = recipe.scan()
    views = {precision: _viewed(recipe, scan, analyzer) for precision, analyzer in analyzers.items()}
    frame = next(iter(views.values())).frame
    usual = frame.profile.window(frame.shape)
    return {
        "name": recipe.name,
        "source": recipe.source,
        "part": recipe.part,
        "pitch_um": [NATIVE_PITCH_UM, NATIVE_PITCH_UM] if recipe.pitched else None,
        "scan": {"shape": scan.pixels.shape, "sha256": _digest(scan.pixels)},
        "native": {"shape": frame.shape, "sha256": _digest(frame.grey)},
        "device_pixels": frame.profile.has_device_pixels((scan.rows, scan.columns)),
        "usual": [usual.top, usual.left, usual.rows, usual.columns],
        "coarse": {"shape": frame.coarse.shape, "sha256": _digest(frame.coarse)},
        "levels": None if frame.levels is None else levels_vector(frame.levels).tolist(),
        "table": None if frame.table is None else frame.table.tobytes().hex(),
        "models": {precision: _found(view, scan, analyzers[precision]) for precision, view in views.items()},
    }


def _viewed(recipe: Recipe, scan: Scan, analyzer: CataractAnalyzer) -> LensView:
    frame = prepare_frame(scan, recipe.pitch, analyzer.network.metadata.brightness)
    return view_lens(frame, analyzer.tiled_predictor(), analyzer.look)


def _found(view: LensView, scan: Scan, analyzer: CataractAnalyzer) -> dict[str, Any]:
    geometry, window = TileGeometry.of(analyzer.network.metadata), view.window
    around = Surroundings.of(view)
    counted = asked_of_labels(view.prediction.labels, window, view.frame.shape, geometry.grid, around)[1]
    content = document(analyzer.as_eye([analyzer.analyze_scan(scan)]))
    for entry in content["scans"]:
        entry.pop("timings_ms", None)
    return {
        "grid": geometry.grid,
        "step": geometry.unit,
        "window": [window.top, window.left, window.rows, window.columns],
        "crop_sha256": _digest(around.scan),
        "measured_sha256": _digest(view.labels),
        **{name: value.tolist() for name, value in counted.items() if name != "measured"},
        "document": {name: value for name, value in content.items() if name not in _OF_THE_MACHINE},
    }


def _digest(array: NDArray[Any]) -> str:
    return hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest()


def bundled_networks() -> list[Network]:
    """The models of this release."""
    precisions = json.loads((Path(store.BUNDLE) / "register.json").read_text(encoding="utf-8"))
    return [Network(store.read_model(None, precision), 1) for precision in precisions]


def vectors_file(networks: Iterable[Network]) -> bytes:
    """The file of some models."""
    return (json.dumps(vectors(networks), indent=1, allow_nan=False) + "\n").encode()
