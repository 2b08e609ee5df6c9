"""Files to an exam: the radial scans of one eye."""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from edge_runtime.scan import Exam, ScanSource

from .raster import read_scan

if TYPE_CHECKING:
    from edge_runtime.scan import Laterality


def exam_of_files(paths: Sequence[str | os.PathLike[str]], laterality: Laterality | None = None) -> Exam:
    """The exam whose scans are these files, in this order; each is read when its turn comes.

    Raises
    ------
    UsageError
        Without files.
    """
    return Exam(tuple(ScanSource(os.fspath(path), partial(read_scan, path)) for path in paths), laterality)
