"""Device profiles: what a frame measures, where the lens lies in it, and how its grey levels are shown."""

from __future__ import annotations

import os
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from edge_runtime.errors import ScanError, UsageError

from .window import CropWindow

if TYPE_CHECKING:
    from edge_runtime.scan import Scan

MAX_ASPECT_DEVIATION = 0.01
MIN_PITCH_UM, MAX_PITCH_UM = 1.0, 40.0  # a pitch outside is a mistaken unit; the lens cortex would be a few pixels


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
        self._check(self.width_mm > 0 and self.height_mm > 0, "width_mm and height_mm must be positive")
        self._check(self.display_high > self.display_low, "display_high must be above display_low")
        self._check(
            min(self.window_top, self.window_left, self.window_rows, self.window_columns) >= 0,
            "window_* must not be negative",
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


@dataclass(frozen=True, slots=True)
class PixelPitch:
    """Pixel pitch, in um, of scans from a frame that no profile knows."""

    row_um: float
    column_um: float


def profile_for(rows: int, columns: int, bits: int) -> DeviceProfile:
    """The bundled profile of a frame: the one whose device exports this very shape, else the first of its aspect ratio.

    Raises
    ------
    ScanError
        ``unknown-frame`` when none fits: pixel size is never guessed.
    """
    fitting = [profile for profile in PROFILES.values() if profile.fits(rows, columns, bits)]
    exporting = [profile for profile in fitting if (rows, columns) in profile.export_shapes]
    if fitting:
        return (exporting or fitting)[0]
    raise ScanError(
        "unknown-frame",
        f"{columns} x {rows} pixels of {bits} bits fit no known device frame, so the pixel size is unknown.",
        "Name its device profile (--profile, profile= in Python), or give its pixel pitch (--pixel-um, PixelPitch).",
    )


def load_profile(name: str) -> DeviceProfile:
    """A bundled profile by name, or one from a TOML file with the fields of `DeviceProfile`.

    Raises
    ------
    UsageError
        For an unknown name, or a file that is no profile.
    """
    if name in PROFILES:
        return PROFILES[name]
    if not os.path.exists(name):
        raise UsageError(
            "unknown-profile", f"There is no profile or file {name!r}.", f"Known profiles: {', '.join(PROFILES)}."
        )
    import tomllib

    try:
        with open(name, "rb") as file:
            entries: dict[str, Any] = tomllib.load(file)
        unknown = set(entries) - {field.name for field in fields(DeviceProfile)}
        if unknown:
            raise ValueError(f"unknown {', '.join(sorted(unknown))}")
        if "depths" in entries:
            entries["depths"] = tuple(entries["depths"])
        if "export_shapes" in entries:
            entries["export_shapes"] = tuple(tuple(shape) for shape in entries["export_shapes"])
        profile = DeviceProfile(**entries)
        if not all(profile.fits(*shape, profile.depths[0]) for shape in profile.export_shapes):
            raise ValueError("export_shapes must have the aspect ratio of rows and columns")
        if profile != PROFILES.get(profile.name, profile):
            raise ValueError(f"{profile.name!r} is the name of a bundled profile, which differs")
        return profile
    except (OSError, ValueError, TypeError) as error:
        raise UsageError(
            "bad-profile", f"{name!r} is no device profile: {error}.", "See docs/inputs.md for its fields."
        ) from error


def profile_of_pitch(row_um: float, column_um: float, rows: int, columns: int) -> DeviceProfile:
    """A profile for one scan from an unknown frame of known pixel pitch; the lens is looked for in the whole frame.

    Raises
    ------
    UsageError
        For a pitch outside 1 to 40 um.
    """
    if not all(MIN_PITCH_UM <= pitch <= MAX_PITCH_UM for pitch in (row_um, column_um)):
        raise UsageError(
            "bad-pixel-pitch",
            f"A pixel pitch of {row_um:g} x {column_um:g} um is out of range.",
            f"Give {MIN_PITCH_UM:g} to {MAX_PITCH_UM:g} um.",
        )
    return DeviceProfile("pixel-um", columns, rows, columns * column_um / 1000, rows * row_um / 1000)


def wanted_profile(
    profile: DeviceProfile | PixelPitch | str | os.PathLike[str] | None,
) -> DeviceProfile | PixelPitch | None:
    """What a caller asked for, with a name or a file loaded; None: by the shape of each frame.

    Raises
    ------
    UsageError
        For an unknown name, a file that is no profile, or a value of another kind.
    """
    match profile:
        case None | DeviceProfile() | PixelPitch():
            return profile
        case str() | os.PathLike():
            return load_profile(os.fspath(profile))
        case _:
            raise UsageError("bad-profile", f"{profile!r} is no device profile.", "Give its name, its file or None.")


def profile_of_scan(scan: Scan, wanted: DeviceProfile | PixelPitch | None) -> DeviceProfile:
    """Choose the device profile of one scan.

    What the user named comes first, then the pixel pitch that the scan itself states, then its shape.

    Raises
    ------
    ScanError
        ``unknown-frame`` when nothing was given and no bundled profile fits.
    UsageError
        ``bad-pixel-pitch`` for a pitch outside 1 to 40 um.
    """
    match wanted:
        case DeviceProfile():
            return wanted
        case PixelPitch():
            return profile_of_pitch(wanted.row_um, wanted.column_um, scan.rows, scan.columns)
        case None if scan.pitch_um is not None:
            return profile_of_pitch(*scan.pitch_um.value, scan.rows, scan.columns)
        case None:
            return profile_for(scan.rows, scan.columns, scan.bits)
