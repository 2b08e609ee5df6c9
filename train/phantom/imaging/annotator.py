"""How an annotator paints a lens."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from train.phantom.field import smooth_walk

if TYPE_CHECKING:
    from numpy.typing import NDArray


def annotate(lens: NDArray[np.bool_], rng: np.random.Generator) -> NDArray[np.bool_]:
    """The lens as an annotator paints it: a contour that wanders, pupil edges misplaced, now and then a corner lost.

    Sizes are those of a frame of 2150 columns: 2.5 px along the capsules (correlated over 150 px), 4 px at the
    pupil's edges.
    """
    columns = np.flatnonzero(lens.any(axis=0))
    if not len(columns):
        return lens.copy()
    scale = lens.shape[1] / 2150
    vertical = lens.shape[0] / 1824
    first, last = columns[0], columns[-1]
    inner = lens[:, first : last + 1]
    top = inner.argmax(axis=0).astype(np.float32)
    bottom = (lens.shape[0] - inner[::-1].argmax(axis=0)).astype(np.float32)
    top += 2.5 * vertical * smooth_walk(rng, len(top), 150 * scale)
    bottom += 2.5 * vertical * smooth_walk(rng, len(bottom), 150 * scale) + vertical * rng.normal(0, 2.0)
    if rng.uniform() < 0.03:
        lost = np.linspace(0, 1, len(bottom)) ** 6
        bottom -= (lost if rng.uniform() < 0.5 else lost[::-1]) * rng.uniform(0.1, 0.4) * (bottom - top)
    left, right = (
        round(first + 4 * scale * rng.standard_normal()),
        round(last + 4 * scale * rng.standard_normal()),
    )
    rows = np.arange(lens.shape[0], dtype=np.float32)[:, None]
    painted = np.zeros_like(lens)
    place = np.clip(np.arange(left, right + 1), first, last) - first
    shown = slice(max(left, 0), min(right + 1, lens.shape[1]))
    place = place[shown.start - left : len(place) - (right + 1 - shown.stop)]
    painted[:, shown] = (rows >= top[place]) & (rows < bottom[place])
    return painted
