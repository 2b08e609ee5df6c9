"""How much of a 16-bit container a scan uses: fewer bits, or an offset, must be declared and are never guessed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from edge_runtime.errors import ScanError

if TYPE_CHECKING:
    from edge_runtime.scan import Scan

    from .profiles import DeviceProfile

MIN_BRIGHTEST = 1 / 8  # of the way from black to white: the brightest pixel of any scan lies above
MAX_DARKEST = 0.45  # every scan shows dark aqueous and air; signed values with an offset have nothing below a half
OFFSET_SPECKS = 1e-3  # share of pixels below: noise that fell under the zero of signed values
_ROWS_AT_ONCE = 64


def check_depth(scan: Scan, profile: DeviceProfile) -> None:
    """Refuse 16-bit levels that do not fill the range from black to white which their file, user or profile declares.

    Parameters
    ----------
    scan
        One B-scan; one of 8 bits is never refused.
    profile
        The device profile of its frame, whose display window says where black and white lie.

    Raises
    ------
    ScanError
        ``undeclared-depth`` when the brightest pixel is below an eighth of white, as 12 bits in 16 are;
        ``offset-grey`` when the darkest are near half of white, as signed values saved with an offset of 32768 are.
    """
    if scan.bits != 16:
        return
    black, white = (level * scan.full_scale for level in (profile.display_low, profile.display_high))
    brightest = int(scan.pixels.max())
    if brightest < black + MIN_BRIGHTEST * (white - black):
        # The bits of the container say nothing then; those that the values need are a hint for the reader alone.
        raise ScanError(
            "undeclared-depth",
            f"The brightest pixel is {brightest}, and white is {white:.0f}: {max(brightest.bit_length(), 8)} bits "
            "would hold it.",
            "If the device records fewer bits than the file holds, declare them (--bits 12, or bits=12 in Python); "
            "otherwise export the scan again.",
        )
    if not _shows_dark(scan, black + MAX_DARKEST * (white - black)):
        raise ScanError(
            "offset-grey",
            f"The darkest pixel is {int(scan.pixels.min())}, and white is {white:.0f}: signed values were perhaps "
            "saved with an offset of 32768.",
            "Export the scan as unsigned levels with black as 0.",
        )


def _shows_dark(scan: Scan, level: float) -> bool:
    """Whether more pixels than specks lie below a level; nearly every scan shows it in its first rows."""
    dark = 0
    for start in range(0, scan.rows, _ROWS_AT_ONCE):
        dark += int(np.count_nonzero(scan.pixels[start : start + _ROWS_AT_ONCE] < level))
        if dark > OFFSET_SPECKS * scan.pixels.size:
            return True
    return False
