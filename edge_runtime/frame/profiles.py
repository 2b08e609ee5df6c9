"""Choose the device profile of a scan: the one that was named, or the one whose frames have its shape."""

from __future__ import annotations

import math
import os
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from edge_runtime.errors import ScanError, UsageError
from edge_runtime.plain import real_number

from .device_profile import PROFILES, DeviceProfile

if TYPE_CHECKING:
    from edge_runtime.scan import Scan

__all__ = [
    "PROFILES", "DeviceProfile", "PixelPitch", "load_profile", "profile_for", "profile_of_pitch", "profile_of_scan",
    "wanted_profile",
]  # fmt: skip

MAX_PROFILE_BYTES = 1 << 16
SAME_PITCH = 0.01  # a scan whose own pitch is so close to that of a known frame of its shape is such a frame
MIN_PITCH_UM, MAX_PITCH_UM = 1.0, 40.0  # a pitch outside is a mistaken unit; the lens cortex would be a few pixels


@dataclass(frozen=True, slots=True)
class PixelPitch:
    """Pixel pitch, in um, of scans from a frame that no profile knows; UsageError for what is no number."""

    row_um: float
    column_um: float

    def __post_init__(self) -> None:
        for name, pitch in (("row_um", self.row_um), ("column_um", self.column_um)):
            number = real_number(pitch)
            if math.isnan(number):
                raise UsageError("bad-pixel-pitch", f"{pitch!r} is no pixel pitch in um.", "Give two numbers.")
            object.__setattr__(self, name, number)


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
        entries: dict[str, Any] = tomllib.loads(_small_file(name).decode("utf-8"))
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
    except (OSError, ValueError, TypeError, RecursionError) as error:
        raise UsageError(
            "bad-profile", f"{name!r} is no device profile: {error}.", "See docs/inputs.md for its fields."
        ) from error


def _small_file(path: str) -> bytes:
    """The bytes of a small regular file; ValueError for any other."""
    if not os.path.isfile(path):
        raise ValueError("it is no regular file")
    with open(path, "rb") as file:
        content = file.read(MAX_PROFILE_BYTES + 1)
    if len(content) > MAX_PROFILE_BYTES:
        raise ValueError(f"it is larger than {MAX_PROFILE_BYTES} bytes")
    return content


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

    What the user named comes first, then the pixel pitch that the scan itself states, then its shape. A stated pitch
    that is that of a known frame of this shape means that frame.

    Raises
    ------
    ScanError
        ``bad-pixel-spacing`` when the scan states a pitch outside 1 to 40 um;
        ``unknown-frame`` when nothing was given and no bundled profile fits; ``profile-mismatch`` when the scan has
        another depth than the profile that was named.
    UsageError
        ``bad-pixel-pitch`` for a pitch outside 1 to 40 um.
    """
    match wanted:
        case DeviceProfile():
            if scan.bits not in wanted.depths:
                depths = " or ".join(map(str, wanted.depths))
                raise ScanError(
                    "profile-mismatch",
                    f"The scan has {scan.bits} bits per pixel; frames of the profile {wanted.name!r} have {depths}.",
                    "Name the profile of the scan's device.",
                )
            return wanted
        case PixelPitch():
            return profile_of_pitch(wanted.row_um, wanted.column_um, scan.rows, scan.columns)
        case None if scan.pitch_um is not None:
            return _profile_of_own_pitch(scan, scan.pitch_um.value)
        case None:
            return profile_for(scan.rows, scan.columns, scan.bits)


def _profile_of_own_pitch(scan: Scan, pitch_um: tuple[float, float]) -> DeviceProfile:
    """The profile of a scan that states its pixel pitch."""
    if not all(MIN_PITCH_UM <= pitch <= MAX_PITCH_UM for pitch in pitch_um):
        raise ScanError(
            "bad-pixel-spacing",
            f"The file states pixels of {pitch_um[0]:g} x {pitch_um[1]:g} um, which no scan has.",
            "Name its device profile (--profile, profile= in Python), or give its pitch (--pixel-um, PixelPitch).",
        )
    for profile in PROFILES.values():
        if profile.fits(scan.rows, scan.columns, scan.bits):
            usual = profile.pitch_um(scan.rows, scan.columns)
            if all(abs(own / known - 1) <= SAME_PITCH for own, known in zip(pitch_um, usual, strict=True)):
                return profile
    return profile_of_pitch(*pitch_um, scan.rows, scan.columns)
