"""A whole frame at once, in tiles, and by MONAI's sliding window: time over pixels, and what moves.

    python -m benchmarks.speed.tiles

All three call the same network; each in a process of its own, taking turns.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.gate import FRESH
from benchmarks.provenance import place, save, versions
from edge_runtime.measure.lens import TissueLabel
from edge_runtime.model import tiling
from edge_runtime.model.network import Network
from edge_runtime.model.precision import PRECISIONS
from edge_runtime.model.predictor import Prediction
from edge_runtime.model.store import read_model

from .contenders import sample_frame
from .turns import ratio, serve, take_turns

if TYPE_CHECKING:
    import torch
    from numpy.typing import NDArray

RESULTS = Path(__file__).parents[1] / "results" / "tiles.json"
TILE_PIXELS = 3_800_000  # the halo of the bundled network is wide: a smaller tile would keep hardly a pixel
THREADS = 2


@dataclass(frozen=True, slots=True)
class Way:
    """One way over a frame.

    Attributes
    ----------
    predict
        Labels the frame.
    tiles, read_pixels
        Calls of the network, and native pixels that they read together.
    """

    predict: Callable[[], Prediction]
    tiles: int
    read_pixels: int


def whole(network: Network, frame: NDArray[np.uint8]) -> Way:
    """Predict the whole frame at once."""
    return Way(lambda: network.predict(frame), 1, frame.size)


def tiled(network: Network, frame: NDArray[np.uint8]) -> Way:
    """Predict in tiles, as the runtime does under a cap of memory."""
    rows, columns = frame.shape
    tiles = tiling.plan(rows, columns, tiling.TileGeometry.of(network.metadata), TILE_PIXELS)
    return Way(
        lambda: tiling.predict(network.predict, frame, tiles, network.metadata.grid),
        len(tiles),
        sum(tile.read_pixels for tile in tiles),
    )


def monai(network: Network, frame: NDArray[np.uint8]) -> Way:
    """Predict by MONAI's sliding window, of about the same size and overlap, averaged as MONAI does."""
    import torch
    from monai.inferers import sliding_window_inference

    geometry = tiling.TileGeometry.of(network.metadata)
    grid, unit = geometry.grid, geometry.unit
    side = int(TILE_PIXELS**0.5) // unit * unit
    rows, columns = (-(-length // grid) for length in frame.shape)
    # It would pad a short side on both ends, and move the frame against the network's strides.
    missing = [(0, max(-length % unit, side - length)) for length in frame.shape]
    scan = torch.from_numpy(np.pad(frame, missing, "edge"))[None, None].float()
    reads: list[int] = []

    def window(part: torch.Tensor) -> torch.Tensor:
        reads.append(part.numel())
        found = network.predict(np.ascontiguousarray(part[0, 0].numpy()).astype(np.uint8))
        return torch.from_numpy(np.stack([found.lens_probability, found.cataract_probability]))[None]

    def predict() -> Prediction:
        maps = sliding_window_inference(scan, side, 1, window, overlap=2 * geometry.halo / side)
        lens, cataract = maps[0, :, :rows, :columns].numpy()
        shares = np.empty((len(TissueLabel), rows, columns), np.float32)
        shares[TissueLabel.BACKGROUND] = 1 - lens
        shares[TissueLabel.CLEAR_LENS] = lens - cataract
        shares[TissueLabel.CATARACT] = cataract
        return Prediction(lens, cataract, shares.argmax(axis=0).astype(np.uint8))

    predict()
    return Way(predict, len(reads), sum(reads))


WAYS = {
    "whole": ("at once", whole),
    "tiled": ("tiles", tiled),
    "monai": ("MONAI sliding window", monai),
}


def main(words: Sequence[str] | None = None) -> int:
    """Compare, time, print, save; or be one of the contenders."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--precision", nargs="+", choices=PRECISIONS, default=list(PRECISIONS), help="default: both")
    parser.add_argument("--ways", nargs="+", choices=WAYS, default=list(WAYS), help="default: all")
    parser.add_argument("--rounds", type=int, default=10)
    for precision in PRECISIONS:
        parser.add_argument(f"--{precision}", type=Path, metavar="MODEL", help="default: the bundled one")
    parser.add_argument("--serve", choices=WAYS, help="be this contender (used by the script itself)")
    parser.add_argument("--out", type=Path, default=FRESH / RESULTS.name, help="default: build/benchmarks")
    arguments = parser.parse_args(words)

    def network(precision: str) -> Network:
        return Network(read_model(getattr(arguments, precision), precision), THREADS)

    if arguments.serve:
        serve(lambda: _counting(WAYS[arguments.serve][1](network(arguments.precision[0]), sample_frame())))
        return 0
    rows = []
    for precision in arguments.precision:
        path = getattr(arguments, precision)
        model = [f"--{precision}", str(path.resolve())] if path else []
        command = [sys.executable, "-m", "benchmarks.speed.tiles", "--precision", precision, *model, "--serve"]
        timed = take_turns(
            {way: [*command, way] for way in arguments.ways}, dict.fromkeys(arguments.ways, 3), arguments.rounds
        )
        frame = sample_frame()
        loaded = network(precision)
        ways = {name: WAYS[name][1](loaded, frame) for name in arguments.ways}
        expected = ways["whole"].predict()
        for name, way in ways.items():
            rows.append(
                {
                    "title": f"{precision}, {WAYS[name][0]}",
                    "model_sha256": loaded.sha256,
                    "tiles": way.tiles,
                    "pixels_ratio": way.read_pixels / frame.size,
                    "time_ratio": ratio(timed[name], timed["whole"]),
                    **moved(expected, way.predict()),
                }
            )
            print(rows[-1])
    packages = ["onnxruntime", "numpy", *(["monai", "torch"] if "monai" in arguments.ways else [])]
    content: dict[str, Any] = {
        **place(), "versions": versions(*packages), "threads": THREADS, "rounds": arguments.rounds,
        "tile_pixels": TILE_PIXELS, "input": list(sample_frame().shape), "ways": rows,
    }  # fmt: skip
    save(arguments.out, content)
    return 0


def _counting(way: Way) -> Callable[[], int]:
    return lambda: int(np.count_nonzero(way.predict().labels))


def moved(expected: Prediction, found: Prediction) -> dict[str, float | int]:
    """Return the largest difference of a probability, and how many labels differ."""
    drift = max(
        float(np.abs(expected.lens_probability - found.lens_probability).max()),
        float(np.abs(expected.cataract_probability - found.cataract_probability).max()),
    )
    return {"probability": drift, "labels_different": int(np.count_nonzero(expected.labels != found.labels))}


if __name__ == "__main__":
    sys.exit(main())
