"""Label maps that a person corrected, by the scans that a verb was given."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from edge_runtime.errors import UsageError

from .console import say

if TYPE_CHECKING:
    from collections.abc import Sequence

    from edge_runtime.label_map import LabelMap

ENDINGS = (".labels.png", ".labels.dcm")  # the first is what ``exam --labels DIR`` writes


def maps_in(
    folder: str, scans: Sequence[str], stems: Sequence[str], *, quiet: bool, frames: Sequence[int | None] = ()
) -> dict[str, LabelMap]:
    """The corrected label maps of a folder, by the paths of their scans.

    Parameters
    ----------
    folder
        Holds ``<stem>.labels.png``, or ``.labels.dcm``, for each scan that was corrected.
    scans, stems
        Paths of the scans, and their names without ending.
    quiet
        Whether to keep silent about maps of other scans.
    frames
        Which frame of its file each scan is, from 1; empty: their files have one each.

    Raises
    ------
    UsageError
        ``labels-without-scan`` when none of its maps belongs to a scan, or two belong to one.
    EdgeCataractError
        As `read_label_map`.
    """
    from edge_runtime.reading.corrections import read_label_map

    try:
        names = {name for name in os.listdir(folder) if name.endswith(ENDINGS)}
    except OSError as error:
        raise UsageError("usage", "--corrected takes a folder of label maps.", "Name that folder.") from error
    found = {
        scan: [stem + ending for ending in ENDINGS if stem + ending in names]
        for scan, stem in zip(scans, stems, strict=True)
    }
    taken = {name for maps in found.values() for name in maps}
    if not taken or any(len(maps) > 1 for maps in found.values()):
        raise UsageError(
            "labels-without-scan",
            "Two label maps are named after one scan." if taken else "No label map is named after a scan.",
            f"Name each map after its scan: SCAN{ENDINGS[0]}.",
        )
    if names - taken and not quiet:
        say(f"left out, as label maps of other scans: {', '.join(sorted(names - taken))}.")
    numbers = dict(zip(scans, frames or [None] * len(scans), strict=True))
    return {scan: read_label_map(os.path.join(folder, maps[0]), numbers[scan]) for scan, maps in found.items() if maps}


def maps_to_keep(folder: str | None, stems: Sequence[str]) -> list[str]:
    """Paths of the label maps that may be read for these scans, and must therefore never be written."""
    return [] if folder is None else [os.path.join(folder, stem + ending) for stem in stems for ending in ENDINGS]
