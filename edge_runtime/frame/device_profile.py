"""What a device exports: the size of its frames, where the lens lies in them, and how grey levels are shown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from edge_runtime.errors import UsageError

from .window import CropWindow

MAX_ASPECT_DEVIATION = 0.01
MAX_PIXELS_OF_A_SIDE, MAX_MM = 100_000, 1_000.0


@dataclass(frozen=True, slots=True)
class DeviceProfile:
    """One way in which a device exports its frames.

    Attributes
    ----------
    name
        Lower-case identifier, recorded in every result.
    columns, rows
        Reference size of the frame in its own pixels; a scan of the same aspect ratio (within 1 %) is such a frame.
    width_mm, height_mm
        What the frame measures (height along depth, as the device scales it).
    depths
        Bits per sample the device writes.
    window_top, window_left, window_rows, window_columns
        Where the lens is looked for first, in native pixels. When the lens reaches a side of it, or is not there at
        all, it is located in the whole frame and the window is centred on it. ``window_rows == 0``: the whole frame.
    display_low, display_high
        Grey 0 and grey 255, as fractions of the full scale that the file declares.
    export_shapes
        (rows, columns) in which the device itself writes its frames. A scan of such a shape was not resampled since,
        so its speckle can be measured; and it belongs to this profile even if another has the same aspect ratio.
    """

    name: str
    columns: int
    rows: int
    width_mm: float
    height_mm: float
    depths: tuple[int, ...] = (8, 16)
    window_top: int = 0
    window_left: int = 0
    window_rows: int = 0
    window_columns: int = 0
    display_low: float = 0.0
    display_high: float = 1.0
    export_shapes: tuple[tuple[int, int], ...] = ()

    def __post_init__(self) -> None:
        whole = (self.columns, self.rows, self.window_top, self.window_left, self.window_rows, self.window_columns)
        self._check(isinstance(self.name, str) and bool(self.name), "name must be a text")
        self._check(all(type(number) is int for number in whole), "columns, rows and window_* must be whole numbers")
        self._check(self.columns > 0 and self.rows > 0, "columns and rows must be positive")
        self._check(
            all(0 <= number <= MAX_PIXELS_OF_A_SIDE for number in whole),
            f"columns, rows and window_* must be from 0 to {MAX_PIXELS_OF_A_SIDE}",
        )
        self._check(
            all(0 < side <= MAX_MM for side in (self.width_mm, self.height_mm)),
            f"width_mm and height_mm must be above 0 and at most {MAX_MM:g}",
        )
        self._check(
            -1e6 < self.display_low < self.display_high < 1e6, "display_high must be above display_low, both finite"
        )
        self._check(set(self.depths) <= {8, 16} and bool(self.depths), "depths must be 8, 16 or both")
        self._check(
            all(
                len(shape) == 2 and all(type(side) is int and side > 0 for side in shape)
                for shape in self.export_shapes
            ),
            "export_shapes must be pairs of positive whole numbers, rows and columns",
        )

    def _check(self, holds: bool, rule: str) -> None:
        if not holds:
            raise UsageError("bad-profile", f"Profile {self.name!r}: {rule}.", "Correct the profile.")

    def fits(self, rows: int, columns: int, bits: int) -> bool:
        """Whether a frame of this shape and depth is one of this profile."""
        return bits in self.depths and abs(columns / rows / (self.columns / self.rows) - 1) <= MAX_ASPECT_DEVIATION

    def pitch_um(self, rows: int, columns: int) -> tuple[float, float]:
        """(row, column) pixel pitch in um of a frame of this size."""
        return self.height_mm * 1000 / rows, self.width_mm * 1000 / columns

    @property
    def is_bundled(self) -> bool:
        """Whether it is one of the bundled devices, unchanged."""
        return PROFILES.get(self.name) == self

    def has_device_pixels(self, scan_shape: tuple[int, int]) -> bool:
        """Whether a scan of (rows, columns) pixels is as its device exports it, and was not resampled since.

        A profile under the name of a bundled device that differs from it in any field is not that device.
        """
        return PROFILES.get(self.name, self) == self and scan_shape in self.export_shapes

    def doubts(self, scan_shape: tuple[int, int], bits: int, *, named: bool) -> tuple[str, ...]:
        """Why the pixel size of a scan may be wrong, though it is taken for a frame of this profile.

        Parameters
        ----------
        scan_shape, bits
            (rows, columns) and depth of the scan.
        named
            Whether the user named the profile; otherwise it was chosen by the shape of the scan.

        Returns
        -------
        tuple of str
            Words of `codes.WARNINGS`.
        """
        if named:
            return () if self.fits(*scan_shape, bits) else ("profile-shape",)
        return ("resampled-frame",) if self.is_bundled and scan_shape not in self.export_shapes else ()

    def window(self, frame_shape: tuple[int, int]) -> CropWindow:
        """The first crop window for a native frame of this (rows, columns)."""
        if not self.window_rows or not self.window_columns:
            return CropWindow(0, 0, *frame_shape)
        return CropWindow(self.window_top, self.window_left, self.window_rows, self.window_columns).within(frame_shape)


# The paper's 1100 x 1100 window (8.4 mm square). Its place is chosen so that both kinds of frame hold the lens:
# refraction-corrected ones, and those that show depth as optical path, where the lens reaches lower and looks thicker.
_WINDOW: dict[str, Any] = {"window_top": 640, "window_left": 525, "window_rows": 1100, "window_columns": 1100}
# One entry a device: nothing else in the package needs to change for a new one.
PROFILES: dict[str, DeviceProfile] = {
    profile.name: profile
    for profile in (
        # Heidelberg ANTERION, exported picture: 2150 x 1824 (Zeboulon et al. 2022) or the same frame smaller.
        DeviceProfile(
            name="anterion",
            columns=2150,
            rows=1824,
            width_mm=16.5,
            height_mm=14.0,
            **_WINDOW,
            export_shapes=((1824, 2150), (1459, 1713)),
        ),
        # The same family of device, raw 16-bit export: 768 A-scans, pixels of 21.5 x 8.9 um. Its noise floor lies at
        # 0.16 to 0.22 of full scale, its cornea at 0.51: shown as in the exported pictures, black and 87 of 255.
        DeviceProfile(
            name="anterion-raw",
            columns=768,
            rows=1519,
            width_mm=16.5,
            height_mm=13.52,
            depths=(16,),
            **_WINDOW,
            display_low=0.2,
            display_high=1.11,
            export_shapes=((1519, 768),),
        ),
    )
}
