"""What the numbers of a frame look like: which are black and white, as the header says it of the frame or the file."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from edge_runtime.errors import ScanError

from .layout import first_item, numbers, word
from .library import damaged

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pydicom.dataset import Dataset

    from .layout import Layout

_SAME = 0.01  # of the range of levels: a window that is nearly the whole range shows it as it is
_LINEAR = {"", "LINEAR", "LINEAR_EXACT"}


@dataclass(frozen=True, slots=True)
class Grey:
    """What the numbers of a frame look like.

    Attributes
    ----------
    inverted
        Whether 0 is white.
    window
        The numbers that are shown black and white; None: the whole range.
    """

    inverted: bool
    window: tuple[float, float] | None


def grey_of(ds: Dataset, groups: Sequence[Dataset | None], layout: Layout) -> Grey:
    """What a frame says itself, else all frames together, else the file.

    Parameters
    ----------
    ds
        The header.
    groups
        The functional groups of the frame, and those that all frames share; None where there are none.
    layout
        How the pixels are laid out.

    Raises
    ------
    ScanError
        ``grey-table`` for what only a table or a curve could tell; ``damaged-dicom``.
    """
    rescales = _places(ds, groups, "PixelValueTransformationSequence")
    windows = _places(ds, groups, "FrameVOILUTSequence")
    if any(place.get(name) for place in rescales + windows for name in ("ModalityLUTSequence", "VOILUTSequence")):
        raise _table()
    slope, intercept = _rescale(rescales)
    inverted = (layout.photometric == "MONOCHROME1") != (slope < 0)
    shown = next((place for place in windows if numbers(place, "WindowCenter") and numbers(place, "WindowWidth")), None)
    if shown is None:
        return Grey(inverted, None)
    black, white = _ends(shown)
    low, high = sorted(((black - intercept) / slope, (white - intercept) / slope))
    if not math.isfinite(high - low) or high == low:
        raise damaged("Its window and its rescale make no sense together.")
    whole = max(abs(low), abs(high - layout.white)) <= _SAME * layout.white
    return Grey(inverted, None if whole else (low, high))


def _places(ds: Dataset, groups: Sequence[Dataset | None], sequence: str) -> list[Dataset]:
    """Where a frame may say something, the nearest first."""
    return [*(item for group in groups if (item := first_item(group, sequence)) is not None), ds]


def _rescale(places: Sequence[Dataset]) -> tuple[float, float]:
    """Slope and intercept, from where one of them is said."""
    for place in places:
        slope, intercept = numbers(place, "RescaleSlope"), numbers(place, "RescaleIntercept")
        if slope or intercept:
            found = (slope or (1.0,))[0], (intercept or (0.0,))[0]
            if not found[0]:
                raise damaged("Its rescale slope is 0.")
            return found
    return 1.0, 0.0


def _ends(place: Dataset) -> tuple[float, float]:
    """The rescaled numbers that the first window of a place shows black and white."""
    function = word(place, "VOILUTFunction")
    if function not in _LINEAR:
        raise _table()
    centre, width = numbers(place, "WindowCenter")[0], numbers(place, "WindowWidth")[0]
    if function != "LINEAR_EXACT":
        centre, width = centre - 0.5, width - 1
    if width <= 0:
        raise damaged("Its window has no width.")
    return centre - width / 2, centre + width / 2


def _table() -> ScanError:
    return ScanError(
        "grey-table",
        "The DICOM file asks to be shown through a table or a curve of grey levels.",
        "Export the scan with the grey levels of the device.",
    )
