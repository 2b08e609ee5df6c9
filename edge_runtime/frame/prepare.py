"""Prepare a frame: the one way from a scan to the grey levels that a network reads.

The runtime, training, the study and the benchmarks all prepare frames here, so that a network always meets what it
learnt from.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from .alterations import signs_of_alteration
from .brightness import Brightness, find_reference_levels, referenced_grey
from .one_scale import FoundLevels
from .profiles import DeviceProfile, profile_of_scan
from .resample import check_depth, coarse_grey, native_frame, native_shape

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from edge_runtime.scan import Scan

    from .brightness import ReferenceLevels
    from .one_scale import SharedScale
    from .profiles import PixelPitch
    from .window import CropWindow


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """A whole scan at the native pitch, and how its grey levels reach the eye's own scale.

    Attributes
    ----------
    scan
        The scan that was prepared.
    profile
        The device profile that gave its pixel size, window and display.
    grey
        (rows, columns) uint8 at 7.675 um, as the device displays it.
    coarse
        Its means of 8 x 8 pixels, (rows // 8, columns // 8) uint8, on which the frame is looked at as a whole.
    levels
        Grey levels of the reference tissues; None when they were not found, or not looked for.
    table
        (256,) uint8 from displayed grey to grey on the eye's own scale; None when the model takes grey as displayed.
    doubts
        Why its pixel size may be wrong (words of `codes.WARNINGS`).
    scale_deviation_db
        Standard deviation of a scale that the scans of an eye share, at a usual lens; 0 for the scan's own scale.
    """

    scan: Scan
    profile: DeviceProfile
    grey: NDArray[np.uint8]
    coarse: NDArray[np.uint8]
    levels: ReferenceLevels | None
    table: NDArray[np.uint8] | None
    doubts: tuple[str, ...] = ()
    scale_deviation_db: float = 0.0

    @property
    def shape(self) -> tuple[int, int]:
        """(rows, columns) in native pixels."""
        return self.grey.shape[0], self.grey.shape[1]

    @property
    def found(self) -> FoundLevels:
        """What it shows of the scale of its eye; scans of another size, depth or profile are of another kind."""
        return FoundLevels((self.profile.name, self.scan.pixels.shape, self.scan.full_scale), self.levels)

    @property
    def reference_missing(self) -> bool:
        """Whether the reference tissues were looked for and not found, so that the usual display was assumed."""
        return self.table is not None and self.levels is None

    def alterations(self, window: CropWindow) -> tuple[str, ...]:
        """Signs that the picture was changed since the device wrote it (words of `codes.WARNINGS`).

        They are looked for in the part of the scan that a window of native pixels shows, and where the model reads
        grey on the eye's own scale: what they endanger is that scale.
        """
        if self.table is None:
            return ()
        sides = zip(
            self.scan.pixels.shape, self.shape, (window.top, window.left), (window.rows, window.columns), strict=True
        )
        part = tuple(
            slice(first * scan // native, (first + length) * scan // native) for scan, native, first, length in sides
        )
        black = math.ceil(max(0.0, self.profile.display_low) * self.scan.full_scale)
        return tuple(
            signs_of_alteration(self.scan.pixels, self.scan.full_scale, (part[0], part[1]), self.levels, black)
        )

    def on(self, scale: SharedScale | None) -> Frame:
        """The same frame on a scale that the scans of its eye share; as it is without one, or reference tissues."""
        if scale is None or self.levels is None:
            return self
        return replace(self, table=referenced_grey(scale.levels), scale_deviation_db=scale.deviation_db)

    def graded(self, part: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Bring a (rows, columns) uint8 part of `grey` to the scale that the network reads."""
        import cv2

        return part if self.table is None else cv2.LUT(part, self.table).astype(np.uint8, copy=False)


def prepare_frame(
    scan: Scan,
    wanted: DeviceProfile | PixelPitch | None,
    brightness: Brightness,
    reserve: Callable[[tuple[int, int], tuple[int, int]], object] | None = None,
    found: FoundLevels | None = None,
) -> Frame:
    """Show a scan at the native pitch and find its scale of brightness.

    Parameters
    ----------
    scan
        One B-scan.
    wanted
        The device profile of its frame, or the pixel pitch of an unknown one; None: the profile that fits its shape.
    brightness
        What grey means to the model that will read the frame.
    reserve
        Called with the (rows, columns) of the scan and of its native frame before any work; it may refuse them.
    found
        What an earlier look at the scan found (`Frame.found`), which is not looked for again; None: look.

    Raises
    ------
    ScanError
        ``unknown-frame`` when no profile fits; ``too-coarse`` or ``too-many-pixels`` when the frame cannot be brought
        to the native pitch; ``undeclared-depth`` or ``offset-grey`` for 16-bit levels that do not fill their range.
    """
    profile = profile_of_scan(scan, wanted)
    if reserve is not None:
        scan_shape = (scan.rows, scan.columns)
        reserve(scan_shape, native_shape(scan_shape, profile))
    check_depth(scan, profile)
    grey = native_frame(scan, profile)
    coarse = coarse_grey(grey)
    named = isinstance(wanted, DeviceProfile)
    doubts = profile.doubts((scan.rows, scan.columns), scan.bits, named=named)
    if brightness is not Brightness.REFERENCED:
        return Frame(scan, profile, grey, coarse, levels=None, table=None, doubts=doubts)
    device_pixels = profile.has_device_pixels((scan.rows, scan.columns))
    levels = find_reference_levels(grey, coarse, device_pixels=device_pixels) if found is None else found.levels
    return Frame(scan, profile, grey, coarse, levels=levels, table=referenced_grey(levels), doubts=doubts)
