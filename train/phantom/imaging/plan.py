"""The plan of one scan: the request of a cohort, before anything is drawn."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

NATIVE_ROWS, NATIVE_COLUMNS = 1824, 2150
EXPORT_ROWS, EXPORT_COLUMNS = 1459, 1713
RAW_ROWS, RAW_COLUMNS = 1519, 768
FORCED = (
    "",
    "lashes",
    "lid",
    "low-signal",
    "tear-film",
    "glitch",
    "rows",
    "mirror",
    "ghost",
    "blink",
    "tear",
    "saturation",
    "clipped",
    "drift",
)


class Tool(StrEnum):
    """What a person did to a picture after the device wrote it."""

    TEXT = "text"
    CALLIPERS = "callipers"
    BOX = "box"
    ARROW = "arrow"
    CUT = "cut"
    CUT_AND_RESIZED = "cut-and-resized"
    PAGE = "page"
    TURNED = "turned"
    UPSIDE_DOWN = "upside-down"
    CLAHE = "clahe"
    GAMMA = "gamma"
    LEVELS = "levels"
    EQUALISED = "equalised"
    RECOLOURED = "recoloured"
    SMOOTHED = "smoothed"
    JPEG = "jpeg"
    PARTLY_BLACK = "partly-black"
    BRIGHTNESS = "brightness"


class Geometry(StrEnum):
    """Meaning of a pixel's place in a picture."""

    CORRECTED = "corrected"  # mm in tissue, refraction taken back
    OPTICAL = "optical"  # depth is optical path, columns are A-scans
    RAW = "raw"  # the device's own samples, not square
    FAN = "fan"  # optical path, dewarped to the beams' fan, with a border without data


@dataclass(frozen=True, slots=True)
class DisplaySetting:
    """One way to show an exposure.

    Attributes
    ----------
    gain_db
        Signal gain on top of the exposure's own; the noise stays as it is.
    range_db
        Level of white over that of black, or None for the exam's own. Black stays where it is.
    """

    gain_db: float = 0.0
    range_db: float | None = None


DISPLAY_SETTINGS = (
    DisplaySetting(),
    DisplaySetting(gain_db=-3.0),
    DisplaySetting(gain_db=3.0),
    DisplaySetting(range_db=29.0),
    DisplaySetting(range_db=48.0),
)


@dataclass(frozen=True, slots=True)
class ScanPlan:
    """The plan of one scan of an eye.

    Attributes
    ----------
    exam, meridian_deg
        Visit and meridian.
    geometry
        Geometry of the picture.
    rows, columns
        Size of the picture; (0, 0) for the geometry's own.
    floor
        Whether an 8-bit picture shows the noise floor instead of clipping it to black.
    wide
        Whether physics and display vary more widely, as in training.
    imaging
        Name that enters the imaging seed alone: another one takes the same scan again.
    forced
        An artefact of `FORCED` that happens for certain; "" leaves it to chance.
    setting
        1 to `len(DISPLAY_SETTINGS)` shows the same exposure under one of those; 0 is the exam's own display, as 1 is,
        in a cohort that does not compare displays.
    tool
        What alters the picture after the device wrote it; None: nothing.
    """

    exam: int
    meridian_deg: float
    geometry: Geometry = Geometry.CORRECTED
    rows: int = 0
    columns: int = 0
    floor: bool = False
    wide: bool = False
    imaging: str = "first"
    forced: str = ""
    setting: int = 0
    tool: Tool | None = None

    def __post_init__(self) -> None:
        if self.forced not in FORCED:
            raise ValueError(f"Artefact {self.forced!r}: expected one of {', '.join(FORCED[1:])}, or none.")
        if not 0 <= self.setting <= len(DISPLAY_SETTINGS):
            raise ValueError(f"Display setting {self.setting}: expected 0 to {len(DISPLAY_SETTINGS)}.")
