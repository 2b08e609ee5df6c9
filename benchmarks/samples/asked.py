"""What the runtime finds in a scan, held against the answer of a sample."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from edge_runtime.frame.prepare import prepare_frame
from edge_runtime.frame.profiles import PixelPitch
from edge_runtime.measure.locate import view_lens

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from edge_runtime import CataractAnalyzer
    from edge_runtime.scan import Scan

# Reasons of rules that no graph holds: only the runtime knows them (docs/embedding/README.md).
OF_THE_RUNTIME_ALONE = frozenset({"framed-picture"})
JUDGED = ("cataract_fraction", "decision", "borderline")  # they follow from the reasons
COMPARED = ("lens_px", "cataract_px", "dropped_px", "window", "reasons", *JUDGED)
MAX_DIFFERENT_FP32 = 1e-6  # share of the pixels of all label maps


@dataclass(frozen=True, slots=True)
class Asked:
    """A scan, and what the runtime finds in it.

    Attributes
    ----------
    scan
        The decoded scan.
    pitch
        What an analyzer is told of its pixels; None: by its shape.
    found
        Names of `COMPARED`, and ``labels``: the labels of the largest piece.
    reasons
        Every reason of the runtime.
    """

    scan: Scan
    pitch: PixelPitch | None
    found: dict[str, Any]
    reasons: tuple[str, ...]

    @classmethod
    def of(cls, scan: Scan, analyzer: CataractAnalyzer, pitch: PixelPitch | None = None) -> Asked:
        """Ask the runtime; the analyzer must have been made with the same pitch."""
        view = view_lens(
            prepare_frame(scan, pitch, analyzer.network.metadata.brightness), analyzer.tiled_predictor(), analyzer.look
        )
        result = analyzer.analyze_scan(scan)
        eye, window = analyzer.as_eye([result]), view.window
        known = [word for word in result.reasons if word not in OF_THE_RUNTIME_ALONE]
        found = {
            "lens_px": view.pixels.lens,
            "cataract_px": view.pixels.cataract,
            "dropped_px": view.region.dropped,
            "window": [window.top, window.left, window.rows, window.columns],
            "reasons": known,
            "cataract_fraction": eye.cataract_fraction,
            "decision": str(eye.decision),
            "borderline": eye.borderline,
            "labels": view.labels,
        }
        return cls(scan, pitch, found, result.reasons)

    @property
    def judged_by_runtime_alone(self) -> bool:
        """Whether only rules that no graph holds keep it from being graded."""
        return bool(self.reasons) and not self.found["reasons"]

    def different(self, answer: dict[str, Any], labels: NDArray[np.uint8], *, exact: bool) -> list[str]:
        """Names of what a sample finds differently; without `exact`, counts may differ as few labels do."""
        names = [name for name in COMPARED if name not in JUDGED or not self.judged_by_runtime_alone]
        wrong = [name for name in names if name not in answer or answer[name] != self.found[name]]
        if exact:
            return wrong + ["labels"] * bool(self.different_labels(labels))
        undefined = answer.get("cataract_fraction") is None, self.found["cataract_fraction"] is None
        few = {"cataract_fraction"} if undefined[0] == undefined[1] else set()
        return [name for name in wrong if not name.endswith("_px") and name not in few]

    def different_labels(self, labels: NDArray[np.uint8]) -> int:
        """How many pixels of the label map differ; all of them where the map has another shape."""
        wanted = self.found["labels"]
        return int(np.count_nonzero(labels != wanted)) if labels.shape == wanted.shape else int(wanted.size)


def digest(labels: NDArray[np.uint8]) -> str:
    """The sha256 of a label map's bytes, row by row."""
    return hashlib.sha256(np.ascontiguousarray(labels).tobytes()).hexdigest()
