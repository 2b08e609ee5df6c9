"""Put what a person labelled in a scan in the place of what the model labelled."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from edge_runtime.errors import CorrectionError
from edge_runtime.frame.relabel import at_grid_centres, relabelled

from .lens import TissueLabel, largest_component
from .locate import LensView

if TYPE_CHECKING:
    from edge_runtime.label_map import LabelMap
    from edge_runtime.model.tiling import TiledPredictor

    from .lens_measures import LensMaps


def corrected_view(view: LensView, corrected: LabelMap, predictor: TiledPredictor) -> LensView:
    """The view with the labels of a person.

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
    box = corrected.native_box(view.frame.shape)
    if view.window.holds(box):
        labels = relabelled(view.labels, corrected.labels, view.grid, view.window, view.frame.shape)
    else:
        window = view.frame.profile.window(view.frame.shape).around(box, view.frame.shape, predictor.geometry.unit)
        view = LensView.of(view.frame, window, predictor, view.look)
        labels = at_grid_centres(corrected.labels, view.grid, window, view.frame.shape)
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
