"""What a network learns besides the labels: how strong each opacity is, of which kind, and the paper's own label."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from edge_runtime.frame.resample import block_sum
from edge_runtime.measure.evidence import KIND_CHANNELS
from edge_runtime.measure.kinds import OpacityKind
from edge_runtime.measure.lens import TissueLabel

from .labels import native_labels

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

UNKNOWN = 255  # no truth: outside of the lens, or a scan without this map
EXCESS_STEPS_PER_DB, EXCESS_OFFSET_DB = 6, 12  # of the map `truth_excess`
NO_KIND, NUCLEAR, SPOKE, POSTERIOR, ANTERIOR = map(
    KIND_CHANNELS.index, ("no opacity", "nuclear", "spoke", "posterior", "anterior")
)
# From the kinds that the simulator draws (`truth_type`) to those that a network tells apart; white lenses, small bodies
# and clefts, which are none of them, are not learnt.
_KINDS = {
    OpacityKind.NONE: NO_KIND,
    OpacityKind.NUCLEAR: NUCLEAR,
    OpacityKind.CORTICAL_HAZE: NO_KIND,
    OpacityKind.CORTICAL_SPOKES: SPOKE,
    OpacityKind.POSTERIOR_SUBCAPSULAR: POSTERIOR,
    OpacityKind.POSTERIOR_POLAR: POSTERIOR,
    OpacityKind.ANTERIOR_SUBCAPSULAR: ANTERIOR,
}
LAYERS = 3  # excess, kind, paper


def read_codes(path: Path | None) -> NDArray[np.uint8] | None:
    """The codes of a map of the truth; None where there is none.

    Raises
    ------
    ValueError
        When the file cannot be decoded.
    """
    if path is None:
        return None
    codes = cv2.imdecode(np.frombuffer(path.read_bytes(), np.uint8), cv2.IMREAD_UNCHANGED)
    if codes is None:
        raise ValueError(f"{path.name} cannot be decoded")
    return codes.astype(np.uint8, copy=False)


def evidence_on_grid(
    labels: NDArray[np.uint8],
    mask: NDArray[np.uint8],
    excess: NDArray[np.uint8] | None,
    kinds: NDArray[np.uint8] | None,
    shape: tuple[int, int],
    grid: int,
) -> NDArray[np.uint8]:
    """Bring the maps of a scan to a grid.

    Parameters
    ----------
    labels, mask
        Maps of `TissueLabel` on the scan's pixels: the truth, or the mask again where it is not known; and the mask.
    excess, kinds
        The maps `truth_excess` and `truth_type`; None where a scan has none.
    shape
        (rows, columns) of the native frame.
    grid
        Native pixels per pixel, at most 16.

    Returns
    -------
    (3, ceil(rows / grid), ceil(columns / grid)) uint8: coded excess, kind, and 1 where the paper says cataract; each
    `UNKNOWN` outside of the lens and where it is not known
    """

    def native(codes: NDArray[np.uint8]) -> NDArray[np.uint8]:
        return native_labels(codes, shape)

    def share(chosen: NDArray[np.bool_]) -> NDArray[np.uint16]:
        return block_sum(chosen.astype(np.uint8), grid)

    lens, half = native(labels) != TissueLabel.BACKGROUND, grid**2 // 2
    count = share(lens)
    layers = np.full((LAYERS, *count.shape), UNKNOWN, np.uint8)
    inside = count > half
    if excess is not None:
        whole = block_sum(np.where(lens, native(excess), np.uint8(0)), grid)
        layers[0][inside] = np.minimum(whole[inside] // count[inside], UNKNOWN - 1)
    if kinds is not None:
        found = native(kinds)
        middle = found[grid // 2 :: grid, grid // 2 :: grid]
        table = np.full(256, UNKNOWN, np.uint8)
        table[list(_KINDS)] = list(_KINDS.values())
        placed = np.full(count.shape, UNKNOWN, np.uint8)
        placed[: middle.shape[0], : middle.shape[1]] = table[middle]
        layers[1][inside] = placed[inside]
    painted = native(mask)
    painted_lens = share(painted != TissueLabel.BACKGROUND) > half
    layers[2][painted_lens] = (share(painted == TissueLabel.CATARACT) > half)[painted_lens]
    return layers
