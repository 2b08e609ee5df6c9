"""What the header says of each frame: pixel pitch, eye, meridian, grey, and its place in the exam."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from edge_runtime.errors import ScanError
from edge_runtime.scan import EXPORT_AGAIN, Known, Laterality, Origin

from .grey import Grey, grey_of
from .layout import first_item, numbers, word
from .library import damaged

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

    from .layout import Layout

_EYES = {"R": Laterality.OD, "L": Laterality.OS}  # B, both, says nothing of a frame
_LEAST_DEPTH = 0.5  # of a step down a column that leads to the back of the eye: else the frame is no B-scan of it
_SAME_DEG = 0.01
_MICROMETRES = 1000.0  # in a millimetre


@dataclass(frozen=True, slots=True)
class FrameFacts:
    """What the header says of one frame; None where it says nothing.

    Attributes
    ----------
    number
        Its place in the file, from 1.
    place
        What the frames of an exam are sorted by.
    grey
        What its numbers look like.
    """

    number: int
    place: tuple[int, ...]
    pitch_um: Known[tuple[float, float]] | None
    laterality: Known[Laterality] | None
    meridian_deg: Known[float] | None
    grey: Grey


def facts_of(ds: Dataset, layout: Layout) -> tuple[FrameFacts, ...]:
    """The facts of every frame, in the order of the exam: by stack and place in it, else as stored.

    Raises
    ------
    ScanError
        ``frame-count`` when frames and their groups of facts differ in number; ``other-laterality``;
        ``grey-table``; ``damaged-dicom``.
    """
    frames = layout.frames
    own_groups = ds.get("PerFrameFunctionalGroupsSequence") or [None] * frames
    if len(own_groups) != frames:
        raise ScanError(
            "frame-count",
            f"The DICOM file claims {frames} frames and describes {len(own_groups)}.",
            EXPORT_AGAIN,
        )
    shared = first_item(ds, "SharedFunctionalGroupsSequence")
    found = tuple(_facts(ds, (own, shared), number, layout) for number, own in enumerate(own_groups, start=1))
    return tuple(sorted(_radial(found), key=lambda facts: facts.place))


def _facts(ds: Dataset, groups: tuple[Dataset | None, Dataset | None], number: int, layout: Layout) -> FrameFacts:
    measures, anatomy, content, plane, location = (
        next((item for group in groups if (item := first_item(group, name)) is not None), None)
        for name in (
            "PixelMeasuresSequence",
            "FrameAnatomySequence",
            "FrameContentSequence",
            "PlaneOrientationSequence",
            "OphthalmicFrameLocationSequence",
        )
    )
    return FrameFacts(
        number,
        _place(content, number),
        _pitch(measures, ds),
        _laterality(anatomy, ds),
        _meridian(plane, location),
        grey_of(ds, groups, layout),
    )


def _place(content: Dataset | None, number: int) -> tuple[int, ...]:
    """Stack and place in it; else the indices of the dimensions; frames that say neither come last, as stored."""
    if content is None:
        return (1, number)
    in_stack = content.get("InStackPositionNumber")
    if isinstance(in_stack, int):
        stack = content.get("StackID")
        return (0, int(stack) if isinstance(stack, str) and stack.isdecimal() and len(stack) < 9 else 0, in_stack)
    indices = numbers(content, "DimensionIndexValues")
    return (0, *map(int, indices)) if indices else (1, number)


def _pitch(measures: Dataset | None, ds: Dataset) -> Known[tuple[float, float]] | None:
    """(row, column) pitch: of the frame, of all frames, of the file."""
    spacing = () if measures is None else numbers(measures, "PixelSpacing")
    spacing = spacing or numbers(ds, "PixelSpacing")
    if not spacing:
        return None
    if len(spacing) != 2 or min(spacing) <= 0:
        raise damaged("Its pixel spacing is no pair of sizes.")
    return Known((spacing[0] * _MICROMETRES, spacing[1] * _MICROMETRES), Origin.FILE)


def _laterality(anatomy: Dataset | None, ds: Dataset) -> Known[Laterality] | None:
    """The eye that frame, image and series name; they must not name two."""
    said = [word(ds, "ImageLaterality"), word(ds, "Laterality")]
    said += [word(anatomy, "FrameLaterality")] if anatomy is not None else []
    eyes = {_EYES[letter] for letter in said if letter in _EYES}
    if len(eyes) > 1:
        raise ScanError(
            "other-laterality", "The DICOM file names both the right and the left eye for one frame.", EXPORT_AGAIN
        )
    return Known(eyes.pop(), Origin.FILE) if eyes else None


def _meridian(plane: Dataset | None, location: Dataset | None) -> Known[float] | None:
    """Angle of a radial frame as the examiner sees it, counter-clockwise from the patient's left, in [0, 180).

    The patient's axes lead to the left, to the back and to the head (PS3.3, C.7.6.2.1.1); a localiser shows the
    eye from the front.
    """
    cosines = () if plane is None else numbers(plane, "ImageOrientationPatient")
    if len(cosines) == 6 and abs(cosines[4]) >= _LEAST_DEPTH and math.hypot(cosines[0], cosines[2]) >= _LEAST_DEPTH:
        return _angle(cosines[2], cosines[0])
    ends = () if location is None else numbers(location, "ReferenceCoordinates")
    if len(ends) == 4 and ends[:2] != ends[2:]:
        return _angle(ends[0] - ends[2], ends[3] - ends[1])
    return None


def _angle(up: float, left: float) -> Known[float]:
    degrees = math.degrees(math.atan2(up, left)) % 180.0
    return Known(0.0 if 180.0 - degrees < _SAME_DEG else round(degrees, 3), Origin.FILE)


def _radial(found: tuple[FrameFacts, ...]) -> tuple[FrameFacts, ...]:
    """Frames that all have one orientation are parallel, or their device gave a dummy: it is no meridian."""
    angles = {facts.meridian_deg.value for facts in found if facts.meridian_deg is not None}
    if len(found) > 1 and len(angles) == 1:
        return tuple(replace(facts, meridian_deg=None) for facts in found)
    return found
