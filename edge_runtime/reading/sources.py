"""A file to the scans in it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from edge_runtime.scan import ScanSource

from .files import name_of
from .raster import read_scan

if TYPE_CHECKING:
    from collections.abc import Callable

    from edge_runtime.scan import Scan

    from .files import ScanFile


def sources_of(file: ScanFile, room: Callable[[], int | None] = lambda: None) -> tuple[ScanSource, ...]:
    """The scans of a file, in its order; a picture is one scan. Pixels are read when their turn comes.

    Parameters
    ----------
    file
        A path, the bytes of a file, or a binary file that is open for reading.
    room
        Asked for the memory in bytes that a scan may take, just before it is read; None: any.
    """
    return (ScanSource(name_of(file), partial(_read, file, room)),)


def _read(file: ScanFile, room: Callable[[], int | None]) -> Scan:
    return read_scan(file, room())
