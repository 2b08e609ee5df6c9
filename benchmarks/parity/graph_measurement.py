"""A measurement by the graphs, as another language writes it: five sessions, and which window comes next."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from edge_runtime.look.look import STEP
from edge_runtime.measure.locate import NEAR_SIDE
from edge_runtime.model import store
from edge_runtime.model.session import Session
from edge_runtime.model.tiling import TileGeometry

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from edge_runtime import CataractAnalyzer

GRAPHS = Path(store.BUNDLE).with_name("graphs")
NOTHING = np.zeros((0, 0), np.uint8)


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """What the graphs found in a frame.

    Attributes
    ----------
    table, levels, found
        Outputs of `prepare`.
    window
        Top, left, rows and columns of the crop that was labelled at last.
    counted
        Outputs of `count` for it, by name.
    views
        How many crops were labelled.
    """

    table: NDArray[np.uint8]
    levels: NDArray[np.float64]
    found: bool
    window: list[int]
    counted: dict[str, NDArray[Any]]
    views: int


class GraphMeasurement:
    """Sessions on the graphs that ship, with the look and the network of an analyzer."""

    def __init__(self, analyzer: CataractAnalyzer) -> None:
        register = json.loads((GRAPHS / "register.json").read_text(encoding="utf-8"))
        self._graphs = {name: Session((GRAPHS / one["file"]).read_bytes(), 1) for name, one in register.items()}
        self._analyzer, self._geometry = analyzer, TileGeometry.of(analyzer.network.metadata)

    def measure(self, frame: NDArray[np.uint8], usual: Sequence[int], *, device_pixels: bool) -> Measured:
        """Measure a native frame; `usual` is the window of its device profile."""
        asked = {"frame": frame, "device_pixels": np.array(device_pixels)}
        coarse, found, levels, table = self._graphs["prepare"].run(["coarse", "found", "levels", "table"], asked)
        look = None if self._analyzer.look is None else self._analyzer.look.look_at(coarse)
        seen_tissues = NOTHING if look is None else look.tissues
        views = []

        def view(usual: Sequence[int], tissues: NDArray[np.uint8], box: Sequence[int], margin: int) -> dict[str, Any]:
            inputs = {"usual": usual, "box": box, "step": self._geometry.unit, "margin": margin}
            cropped = {"frame": frame, "table": table, "tissues": tissues}
            cropped |= {name: np.array(value, np.int64) for name, value in inputs.items()}
            scan, window, seen = self._graphs["crop"].run(["scan", "window", "lens_seen"], cropped)
            labels = self._analyzer.network.predict(scan).labels
            shape, grid = np.array(frame.shape, np.int64), np.array(self._geometry.grid, np.int64)
            counted = {"labels": labels, "window": window, "frame_shape": shape, "grid": grid}
            counted |= {"scan": scan, "found": found, "tissues": seen_tissues}
            names = ["lens_px", "cataract_px", "dropped_px", "box", "measured", "settled", "cut", "reasons"]
            views.append(dict(zip(names, self._graphs["count"].run(names, counted), strict=True)))
            return views[-1] | {"window": window.tolist(), "seen": bool(seen)}

        first = last = view(usual, seen_tissues, (0, 0, 0, 0), -STEP)
        if first["seen"] and not last["settled"] and last["window"] == list(usual):
            last = view(usual, seen_tissues, (0, 0, 0, 0), NEAR_SIDE)
        if first["seen"] and not last["settled"]:
            whole = view((0, 0, 0, 0), NOTHING, (0, 0, 0, 0), 0)
            last = view(usual, NOTHING, whole["box"] * self._geometry.grid, 0) if whole["lens_px"] else first
        return Measured(table, levels, bool(found), last["window"], last, len(views))
