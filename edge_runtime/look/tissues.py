"""The words of a look: the tissues of a frame, and the kinds of picture."""

from __future__ import annotations

from enum import IntEnum, StrEnum


class Tissue(IntEnum):
    """What a pixel of a tissue map shows."""

    NOTHING = 0  # air, and what lies outside of the scanned field
    CORNEA = 1  # its scars, oedema and contact lens, too
    AQUEOUS = 2
    IRIS_SCLERA = 3  # iris, ciliary body, sclera
    NATURAL_LENS = 4  # as far as the light reaches it through the pupil
    ARTIFICIAL_LENS = 5  # in place of the natural one
    PHAKIC_IMPLANT = 6  # in front of the natural lens
    LID_LASHES = 7
    SHADOW = 8  # behind the iris, below a lash, a lid or a blink: no light comes back
    MARK = 9  # text, lines, boxes, margins: no eye
    VITREOUS = 10  # behind the lens, and behind an artificial one
    OTHER = 11  # tissue or matter of another picture: retina, a photograph


class Picture(StrEnum):
    """What kind of picture it is (`picture` of a scan in the document)."""

    NATURAL_LENS = "natural-lens"
    ARTIFICIAL_LENS = "artificial-lens"
    PHAKIC_IMPLANT = "phakic-implant"  # before a natural lens
    NO_LENS = "no-lens"  # an eye without a lens
    LENS_OUTSIDE = "lens-outside"  # most of the lens lies outside of the frame
    OTHER_SCAN = "other-scan"  # cornea, angle, retina: B-scans of another part or device
    NOT_A_SCAN = "not-a-scan"
    ALTERED = "altered"  # turned, upside down, composed, annotated, enhanced or cropped
