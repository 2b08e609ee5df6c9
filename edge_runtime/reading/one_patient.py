"""The files of an exam are of one patient, as far as they say it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edge_runtime.belonging import check_belonging
from edge_runtime.errors import ScanMissingError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from edge_runtime.belonging import Belonging
    from edge_runtime.scan import ScanSource


def check_one_patient(eyes: Sequence[Sequence[ScanSource]]) -> None:
    """Refuse files of several studies in one eye, and of several patients in one exam.

    Nothing is read where only one file says what it belongs to.

    Parameters
    ----------
    eyes
        The scans of each eye; those of pictures say nothing.

    Raises
    ------
    UsageError
        ``mixed-studies``.
    ScanError
        When a file does not let it be read to whom it belongs.
    ResourceError
        ``memory-cap`` when a header does not fit into memory.
    """
    of_eyes = [
        dict.fromkeys(source.belonging for source in sources if source.belonging is not None) for sources in eyes
    ]
    files = dict.fromkeys(read for eye in of_eyes for read in eye)
    if len(files) < 2:
        return
    known = {read: _known(read) for read in files}
    check_belonging([[found for read in eye if (found := known[read]) is not None] for eye in of_eyes])


def _known(read: Callable[[], Belonging]) -> Belonging | None:
    """What a file belongs to; nothing where it is gone: reading its pixels says so."""
    try:
        return read()
    except ScanMissingError:
        return None
