"""Decide whether a scan can be graded, and what a reader of its number should know.

One table of rules for each question; the words are documented in `codes.REASONS` and `codes.WARNINGS`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from edge_runtime.look.tissues import Picture

if TYPE_CHECKING:
    from edge_runtime.look.look import Look

    from .lens import LensRegion
    from .lens_brightness import LensBrightness

# Where the frame cuts the lens, so much of its depth must be seen: the anterior cortex and part of the nucleus.
MIN_CUT_DEPTH_MM = 3.0
# Kinds of picture in which no natural lens can be graded, each with the word of its reason.
NOT_GRADED: dict[Picture, str] = {
    Picture.ARTIFICIAL_LENS: "artificial-lens",
    Picture.NO_LENS: "no-lens",
    Picture.LENS_OUTSIDE: "lens-mostly-outside",
    Picture.OTHER_SCAN: "other-scan",
    Picture.NOT_A_SCAN: "not-a-scan",
}
# Of these, the ones that say what the eye has in place of its natural lens, however often it is scanned.
WITHOUT_NATURAL_LENS = frozenset({NOT_GRADED[Picture.ARTIFICIAL_LENS], NOT_GRADED[Picture.NO_LENS]})
LEAST_LABELLED = 0.75  # of the natural lens that the look saw: the number of less is that of a part
LEAST_SURE = 0.5  # probability of all these kinds together, altered pictures apart, from which a scan is not graded
LEAST_ALTERED, LEAST_IMPLANT = 0.8, 0.85  # probabilities from which the reader is warned


@dataclass(frozen=True, slots=True)
class Notice:
    """A warning: a stable word of `codes.WARNINGS`, a sentence, and the scan it is about; None: the whole eye."""

    code: str
    message: str
    source: str | None = None


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the quality rules look at.

    Attributes
    ----------
    region
        The measured piece of lens, on the network grid.
    grid
        Native pixels per network-grid pixel.
    cut
        Sides of the frame that the lens reaches, of ``top``, ``bottom``, ``left``, ``right``.
    ends_at_frame
        These, and sides so near to it that it may go on in rows that fade.
    reference_missing
        Whether the tissues that fix the scale of brightness were looked for and not found.
    reference_expected
        Whether a frame of this kind shows them; others may be cut to the lens.
    window_moved
        Whether the usual crop window did not hold the lens.
    brightness
        How bright the lens is on the eye's own scale; None without that scale.
    by_person
        Whether a person corrected the labels, who saw the picture: their brightness is no reason then, but a warning.
    doubts
        Why the pixel size may be wrong, or the picture not be as the device wrote it (`Frame.doubts`, `alterations`).
    look
        What one look over the whole frame found; None where there was none.
    """

    region: LensRegion
    grid: int
    cut: tuple[str, ...] = ()
    ends_at_frame: tuple[str, ...] = ()
    reference_missing: bool = False
    reference_expected: bool = True
    window_moved: bool = False
    brightness: LensBrightness | None = None
    by_person: bool = False
    doubts: tuple[str, ...] = ()
    look: Look | None = None

    @property
    def shows_lens(self) -> bool:
        """Whether any pixel was called lens."""
        return bool(self.region.pixels)

    @property
    def shows_part(self) -> bool:
        """Whether much less of the lens was labelled than the look saw."""
        seen = 0.0 if self.look is None else self.look.lens_pixels * self.look.step**2
        return (
            self.shows_lens and self.other_picture is None and self.region.pixels * self.grid**2 < LEAST_LABELLED * seen
        )

    @property
    def is_unlikely(self) -> bool:
        """Whether no lens scatters as what is labelled."""
        return self.brightness is not None and self.brightness.is_unlikely

    @property
    def other_picture(self) -> str | None:
        """Why the look says that no natural lens can be graded here; None where it does not."""
        look = self.look
        if look is None:
            return None
        # A picture that was altered shows something, too: what, is asked of the other kinds.
        others, gradable = look.probability(*NOT_GRADED), look.probability(Picture.NATURAL_LENS, Picture.PHAKIC_IMPLANT)
        if others < LEAST_SURE * (others + gradable) or not others:
            return None
        return NOT_GRADED[max(NOT_GRADED, key=look.probability)]


def _is_other_picture(word: str, seen: Evidence) -> bool:
    return seen.other_picture == word


# Each word with the condition under which a scan is not graded, in the order in which reasons are reported.
RULES: tuple[tuple[str, Callable[[Evidence], bool]], ...] = (
    *((word, partial(_is_other_picture, word)) for word in NOT_GRADED.values() if word != "lens-mostly-outside"),
    ("lens-not-found", lambda seen: not seen.shows_lens),
    ("lens-too-small", lambda seen: seen.shows_lens and seen.region.is_too_small(seen.grid)),
    ("lens-too-large", lambda seen: seen.shows_lens and seen.region.is_too_large(seen.grid)),
    ("lens-not-solid", lambda seen: seen.shows_lens and not seen.region.is_solid()),
    ("lens-in-part", lambda seen: seen.shows_part),
    (
        "lens-mostly-outside",
        lambda seen: (
            seen.other_picture == "lens-mostly-outside"
            or (seen.shows_lens and bool(seen.cut) and seen.region.depth_mm(seen.grid) < MIN_CUT_DEPTH_MM)
        ),
    ),
    ("unlikely-brightness", lambda seen: seen.is_unlikely and not seen.by_person),
    ("framed-picture", lambda seen: "framed-picture" in seen.doubts),
    ("no-brightness-reference", lambda seen: seen.reference_missing and seen.reference_expected),
)


OF_DOUBT = {
    "altered-picture": "It was turned, cut out, enhanced or marked since the device wrote it.",
    "enhanced-contrast": "Its speckle is stronger than its contrast allows: it was enhanced, or recoloured.",
    "few-grey-levels": "Grey levels are missing or too many: it was brightened, equalised, or saved with few levels.",
    "framed-picture": "A margin of one grey runs around it.",
    "lifted-black": "Its background is one grey and not black: it was enhanced, brightened, or recoloured.",
    "marks-in-picture": "Text, lines or boxes of one grey were drawn into it.",
    "partly-black": "A side or a band of it is black, as where a part of the frame is missing.",
    "smoothed-picture": "Its speckle is weaker than its contrast allows: it was smoothed or compressed.",
    "unlikely-scale": "The cornea is flatter or rounder than any: it was cut and enlarged, or its pixel size is wrong.",
    "profile-shape": "The scan has another shape than the frames of the profile, so its pixel size may be wrong.",
    "resampled-frame": "The picture has no size of the device: for a part of a frame its pixel size is wrong.",
}


# What the file of a scan says of it.
OF_FILE = {
    "burned-in-text": "Its file says that text is burned into the picture, perhaps a name: pictures of it show that.",
    "lossy-compression": "Its file was compressed with loss of detail.",
}

# Signs that the picture is not as the device wrote it.
ALTERED = frozenset(OF_DOUBT) - {"profile-shape"}


def reasons_not_to_grade(evidence: Evidence) -> tuple[str, ...]:
    """Words of every rule that holds; empty when the scan is gradable."""
    return tuple(word for word, holds in RULES if holds(evidence))


def warnings_of(evidence: Evidence, reasons: tuple[str, ...]) -> tuple[Notice, ...]:
    """What a reader of the result should know; `reasons` are those for which the scan is not graded."""
    notices = []
    if dropped := evidence.region.dropped:
        notices.append(Notice("extra-lens-pieces", f"Lens pixels away from the largest piece, not counted: {dropped}."))
    if evidence.ends_at_frame:
        sides = ", ".join(evidence.ends_at_frame)
        notices.append(Notice("lens-cut-by-frame", f"The lens reaches the frame's {sides} side, or nearly so."))
    if evidence.reference_missing and not reasons:
        notices.append(
            Notice("no-brightness-reference", "Cornea or iris were not found; the device's usual display was assumed.")
        )
    if evidence.is_unlikely and evidence.by_person:
        found = "What was painted as cataract is darker than a clear lens, or the lens is black or white."
        notices.append(Notice("unlikely-brightness", found))
    if evidence.window_moved and evidence.look is None:  # a look lays the window where the lens is
        notices.append(Notice("window-moved", "The crop window was moved to hold the lens."))
    notices += [Notice(word, OF_DOUBT[word]) for word in evidence.doubts if word not in reasons]
    if evidence.look is not None and evidence.other_picture is None:
        notices += _seen(evidence.look)
    return tuple(notices)


def _seen(look: Look) -> Iterator[Notice]:
    """What the look over the frame adds for a reader."""
    if look.probability(Picture.ALTERED) >= LEAST_ALTERED:
        yield Notice("altered-picture", OF_DOUBT["altered-picture"])
    if look.probability(Picture.PHAKIC_IMPLANT) >= LEAST_IMPLANT:
        yield Notice("phakic-implant", "An implant lies in front of the natural lens: look at its front first.")
