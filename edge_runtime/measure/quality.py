"""Is this scan gradable, and if not, why? Limits are anatomy, in millimetres, with their reason beside them."""

from __future__ import annotations

from edge_runtime.frame.window import NATIVE_PITCH_UM, CropWindow

from .lens import LensRegion

# A 2 mm pupil shows a lens about 2 mm wide and, at any age, at least 3 mm deep (3.3 mm at 20 years: Dubbelman 2001).
# Less than half of either is no view of a lens; an artificial lens is about 1 mm thick.
MIN_DEPTH_MM = 2.0
MIN_WIDTH_MM = 1.0
# A lens is at most 10.2 mm wide (Rosen et al. 2006), and 7 mm deep when it is swollen: 9.9 mm where a frame shows depth
# as optical path. What is clearly larger is the whole eye, as in a frame with inverted greys.
MAX_SIDE_MM = 12.0
# Where the frame cuts the lens, so much of its depth must be seen: the anterior cortex and part of the nucleus.
MIN_CUT_DEPTH_MM = 3.0
# A convex body fills most of its bounding box: an ellipse 0.785, the barrel under a narrow pupil nearly all. Streaks
# and specks that were taken for lens, as behind an artificial one, do not.
MIN_FILL = 0.5


def reasons_not_to_grade(
    region: LensRegion, grid: int, cut: tuple[str, ...], *, scale_missing: bool = False
) -> tuple[str, ...]:
    """Stable words, documented in `codes.REASONS`; empty when the scan is gradable.

    Parameters
    ----------
    region
        The measured piece of lens, on the network grid.
    grid
        Native pixels per network-grid pixel.
    cut
        Sides of the frame that the lens reaches, of ``top``, ``bottom``, ``left``, ``right``.
    scale_missing
        Whether the tissues that fix the scale of brightness should be in the frame, and are not.
    """
    reasons = _reasons_of_region(region, grid, cut)
    if scale_missing:
        reasons.append("no-brightness-reference")
    return tuple(reasons)


def _reasons_of_region(region: LensRegion, grid: int, cut: tuple[str, ...]) -> list[str]:
    if not region.pixels:
        return ["lens-not-found"]
    to_mm = grid * NATIVE_PITCH_UM / 1000
    depth_mm, width_mm = (region.bottom - region.top) * to_mm, (region.right - region.left) * to_mm
    reasons = []
    if depth_mm < MIN_DEPTH_MM or width_mm < MIN_WIDTH_MM:
        reasons.append("lens-too-small")
    if max(depth_mm, width_mm) > MAX_SIDE_MM:
        reasons.append("lens-too-large")
    if region.pixels < MIN_FILL * (region.bottom - region.top) * (region.right - region.left):
        reasons.append("lens-not-solid")
    if cut and depth_mm < MIN_CUT_DEPTH_MM:
        reasons.append("lens-mostly-outside")
    return reasons


def sides_reached(region: LensRegion, grid: int, window: CropWindow, margin: int = 0) -> tuple[str, ...]:
    """Sides of the window that the lens touches, or comes as near to as `margin` network-grid pixels.

    In the order top, bottom, left, right.
    """
    if not region.pixels:
        return ()
    rows, columns = -(-window.rows // grid), -(-window.columns // grid)
    touched = {
        "top": region.top <= margin,
        "bottom": region.bottom >= rows - margin,
        "left": region.left <= margin,
        "right": region.right >= columns - margin,
    }
    return tuple(side for side, touches in touched.items() if touches)


def frame_sides(window: CropWindow, frame_shape: tuple[int, int]) -> tuple[str, ...]:
    """Sides of the window that are sides of the frame."""
    same = {
        "top": window.top == 0,
        "bottom": window.top + window.rows == frame_shape[0],
        "left": window.left == 0,
        "right": window.left + window.columns == frame_shape[1],
    }
    return tuple(side for side, shared in same.items() if shared)
