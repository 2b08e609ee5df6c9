"""Decide whether a scan can be graded, and what a reader of its number should know.

One table of rules for each question; the words are documented in `codes.REASONS` and `codes.WARNINGS`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .lens import LensRegion
    from .lens_measures import LensBrightness

# Where the frame cuts the lens, so much of its depth must be seen: the anterior cortex and part of the nucleus.
MIN_CUT_DEPTH_MM = 3.0


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
    reference_missing
        Whether the tissues that fix the scale of brightness were looked for and not found.
    reference_expected
        Whether a frame of this kind shows them; others may be cut to the lens.
    window_moved
        Whether the usual crop window did not hold the lens.
    brightness
        How bright the lens is on the eye's own scale; None without that scale.
    doubts
        Why the pixel size may be wrong, or the picture not be as the device wrote it (`Frame.doubts`, `alterations`).
    """

    region: LensRegion
    grid: int
    cut: tuple[str, ...] = ()
    reference_missing: bool = False
    reference_expected: bool = True
    window_moved: bool = False
    brightness: LensBrightness | None = None
    doubts: tuple[str, ...] = ()

    @property
    def shows_lens(self) -> bool:
        """Whether any pixel was called lens."""
        return bool(self.region.pixels)


# Each word with the condition under which a scan is not graded, in the order in which reasons are reported.
RULES: tuple[tuple[str, Callable[[Evidence], bool]], ...] = (
    ("lens-not-found", lambda seen: not seen.shows_lens),
    ("lens-too-small", lambda seen: seen.shows_lens and seen.region.is_too_small(seen.grid)),
    ("lens-too-large", lambda seen: seen.shows_lens and seen.region.is_too_large(seen.grid)),
    ("lens-not-solid", lambda seen: seen.shows_lens and not seen.region.is_solid()),
    (
        "lens-mostly-outside",
        lambda seen: seen.shows_lens and bool(seen.cut) and seen.region.depth_mm(seen.grid) < MIN_CUT_DEPTH_MM,
    ),
    ("unlikely-brightness", lambda seen: seen.brightness is not None and seen.brightness.is_unlikely),
    ("framed-picture", lambda seen: "framed-picture" in seen.doubts),
    ("no-brightness-reference", lambda seen: seen.reference_missing and seen.reference_expected),
)


OF_DOUBT = {
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
    if evidence.cut:
        notices.append(Notice("lens-cut-by-frame", f"The lens reaches the frame's {', '.join(evidence.cut)} side."))
    if evidence.reference_missing and not reasons:
        notices.append(
            Notice("no-brightness-reference", "Cornea or iris were not found; the device's usual display was assumed.")
        )
    if evidence.window_moved:
        notices.append(Notice("window-moved", "The crop window was moved to hold the lens."))
    notices += [Notice(word, OF_DOUBT[word]) for word in evidence.doubts if word not in reasons]
    return tuple(notices)
