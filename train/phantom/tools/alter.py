"""Use one tool on a rendered scan: the picture is altered, and its truth moves with what it shows."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import TYPE_CHECKING

import numpy as np

from edge_runtime.look.tissues import Tissue
from train.phantom.imaging.plan import Tool
from train.phantom.imaging.truth import Truth, empty_truth

from .greys import brightness, clahe, equalised, gamma, levels, packed, partly_black, recoloured, smoothed
from .marks import with_arrow, with_box, with_callipers, with_text
from .places import cut, cut_and_resized, on_a_page, turned, upside_down

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from .places import Move

_CHANGES: dict[Tool, Callable[[NDArray[np.uint8], np.random.Generator], NDArray[np.uint8]]] = {
    Tool.CLAHE: clahe,
    Tool.GAMMA: gamma,
    Tool.LEVELS: levels,
    Tool.EQUALISED: equalised,
    Tool.RECOLOURED: recoloured,
    Tool.SMOOTHED: smoothed,
    Tool.JPEG: packed,
    Tool.BRIGHTNESS: brightness,
}
# These also tell what they hide, bool of the picture's size.
_MARKS: dict[Tool, Callable[[NDArray[np.uint8], np.random.Generator], tuple[NDArray[np.uint8], NDArray[np.bool_]]]] = {
    Tool.TEXT: with_text,
    Tool.CALLIPERS: with_callipers,
    Tool.BOX: with_box,
    Tool.ARROW: with_arrow,
    Tool.PARTLY_BLACK: partly_black,
}
_MOVES: dict[Tool, Callable[[tuple[int, int], np.random.Generator], Move]] = {
    Tool.CUT: cut,
    Tool.CUT_AND_RESIZED: cut_and_resized,
    Tool.PAGE: on_a_page,
    Tool.TURNED: turned,
    Tool.UPSIDE_DOWN: upside_down,
}


def alter(
    picture: NDArray[np.uint8] | NDArray[np.uint16], truth: Truth, tool: Tool, rng: np.random.Generator
) -> tuple[NDArray[np.uint8], Truth]:
    """Alter a picture of 8 bits.

    Parameters
    ----------
    picture, truth
        (rows, columns) uint8, as the device shows it, and its maps.
    tool
        What is done to it.
    rng
        Draws place, size and strength.

    Returns
    -------
    picture : (rows, columns) uint8, perhaps of another size
    truth : Truth
        Of the new size. What a mark hides counts as lens still, but its tissue is a mark.

    Raises
    ------
    ValueError
        For a picture of 16 bits, which these tools do not read.
    """
    if picture.dtype != np.uint8:
        raise ValueError("Pictures of 8 bits are altered; this one has 16.")
    grey = picture.astype(np.uint8, copy=False)
    if tool in _CHANGES:
        return _CHANGES[tool](grey, rng), truth
    if tool in _MARKS:
        marked, hidden = _MARKS[tool](grey, rng)
        return marked, replace(truth, tissue=np.where(hidden, np.uint8(Tissue.MARK), truth.tissue))
    move = _MOVES[tool]((grey.shape[0], grey.shape[1]), rng)
    nothing = empty_truth(np.full((1, 1), Tissue.MARK, np.uint8))  # as on the margins of a page

    def moved(name: str) -> NDArray[np.uint8]:
        return move(getattr(truth, name), True, int(getattr(nothing, name)[0, 0]))

    return move(grey, False, 0), Truth(**{each.name: moved(each.name) for each in fields(Truth)})
