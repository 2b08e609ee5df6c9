"""Put what a person labelled in a scan in the place of what the model labelled."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from edge_runtime.errors import CorrectionError
from edge_runtime.frame.resample import at_grid_centres, on_scan_pixels

from .lens import TissueLabel, largest_component
from .locate import LensView

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from edge_runtime.label_map import LabelMap
    from edge_runtime.model.tiling import TiledPredictor

    from .lens_measures import LensMaps


def corrected_view(view: LensView, corrected: LabelMap, predictor: TiledPredictor) -> LensView:
    """The view with the labels of a person.

    A pixel of the network grid gets a new label where the map, at its centre, differs from what ``--labels`` writes of
    the model's own labels. So an untouched map changes nothing, however coarse the scan is.

    Parameters
    ----------
    view
        What the model labelled.
    corrected
        What a person labelled, on the pixels of the scan.
    predictor
        Looks again where the lens of the person reaches beyond the window.

    Raises
    ------
    CorrectionError
        ``labels-empty`` when the lens is too small for the network grid.
    InferenceError, ResourceError
        As `view_lens`.
    """
    own = _on_scan(view, corrected.labels.shape)
    labels = np.where(_at_centres(view, own != corrected.labels), _at_centres(view, corrected.labels), view.labels)
    if _reaches_beyond(view, corrected.labels):
        view = _around(view, corrected.labels, predictor)
        labels = _at_centres(view, corrected.labels)
    changed = labels != view.labels
    if not changed.any():
        return replace(view, changed=changed)
    if not labels.any():
        raise CorrectionError(
            "labels-empty", "The label map holds no lens that can be measured.", "Paint the lens, or leave the map out."
        )
    piece, region = largest_component(labels)
    return replace(view, labels=piece, region=region, changed=changed)


def as_the_model_sees(maps: LensMaps) -> LensMaps:
    """The corrected lens with those clear and cataract pixels that the model finds in it.

    A label does not say how dense an opacity is: what the model says of that is measured by its own labels, in the
    outline that the person gave the lens.
    """
    if maps.changed is None:
        return maps
    opaque = maps.cataract_probability > maps.lens_probability / 2
    own = np.where(opaque, np.uint8(TissueLabel.CATARACT), np.uint8(TissueLabel.CLEAR_LENS))
    inside = maps.changed & (maps.labels != TissueLabel.BACKGROUND)
    return replace(maps, labels=np.where(inside, own, maps.labels), changed=None)


def _on_scan(view: LensView, shape: tuple[int, ...]) -> NDArray[np.uint8]:
    labels: NDArray[np.uint8] = on_scan_pixels(
        view.labels, view.grid, view.window, view.frame.shape, (shape[0], shape[1])
    )
    return labels


def _at_centres(view: LensView, scan_map: NDArray[np.uint8] | NDArray[np.bool_]) -> NDArray[np.uint8]:
    sampled: NDArray[np.uint8] = at_grid_centres(scan_map, view.grid, view.window, view.frame.shape)
    return sampled


def _reaches_beyond(view: LensView, labels: NDArray[np.uint8]) -> bool:
    """Whether a lens on the scan's pixels has parts outside of the window."""
    top, left, bottom, right = _native_box(view, labels)
    window = view.window
    return (
        top < window.top
        or left < window.left
        or bottom > window.top + window.rows
        or right > window.left + window.columns
    )


def _native_box(view: LensView, labels: NDArray[np.uint8]) -> tuple[int, int, int, int]:
    """Top, left, bottom and right of the pixels that are lens, by their centres, in native pixels."""
    sides = []
    for axis in (0, 1):
        found = np.flatnonzero(labels.any(axis=1 - axis))
        native = view.frame.shape[axis] / labels.shape[axis]
        sides.append((int((found[0] + 0.5) * native), int((found[-1] + 0.5) * native) + 1))
    (top, bottom), (left, right) = sides
    return top, left, min(bottom, view.frame.shape[0]), min(right, view.frame.shape[1])


def _around(view: LensView, labels: NDArray[np.uint8], predictor: TiledPredictor) -> LensView:
    """Label a window that holds the lens of the person."""
    usual = view.frame.profile.window(view.frame.shape)
    window = usual.around(_native_box(view, labels), view.frame.shape, predictor.geometry.unit)
    return LensView.of(view.frame, window, predictor, view.look)
