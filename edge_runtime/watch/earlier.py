"""What was judged of an exam before, and moved away: with scans that come late it is a part of the exam again."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING

from edge_runtime.exams.names import natural_key

from .content import read_content
from .folder import state_of
from .memory import KnownFile

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .memory import Memory
    from .tracking import Group

_ONE_VISIT_NS = 24 * 60 * 60 * 10**9


def with_earlier(group: Group, memory: Memory, move_to: str | None) -> Group:
    """An exam with those files of its earlier results that lie where judged files are moved, as they were judged.

    What is not there any more, or is another file by now, is listed as left out. A file of which the path or the
    content lies in the watched folder anew is neither, nor one that was written more than a day before all that lie
    there: that was another visit.

    Parameters
    ----------
    group
        The files in the watched folder.
    memory
        What was judged before.
    move_to
        Where files of judged exams are moved; None: they stay, and what is not in the watched folder is left out.
    """
    paths = {file.path for file in group.files}
    hashes = {file.content.sha256 for file in group.files if file.content.readable}
    files, left_out = list(group.files), list[KnownFile]()
    began_ns = min((file.state.mtime_ns for file in group.files), default=0) - _ONE_VISIT_NS
    for file in memory.files(group.label):
        if file.path in paths or file.content.sha256 in hashes or file.state.mtime_ns < began_ns:
            continue
        moved = None if move_to is None else _moved(file, memory.results(group.label), move_to)
        (left_out if moved is None else files).append(file if moved is None else moved)
    if len(files) == len(group.files) and not left_out:
        return group
    files.sort(key=lambda file: natural_key(file.path))
    return replace(group, files=tuple(files), left_out=tuple(left_out))


def _moved(file: KnownFile, results: Sequence[str], move_to: str) -> KnownFile | None:
    """A judged file where it was moved with one of the results of its exam; None where it does not lie unchanged."""
    for result in results if file.content.readable else ():
        place = os.path.join(move_to, result, file.path)
        state = state_of(place)
        if state is None or state.size != file.state.size:
            continue
        content = read_content(place, os.path.basename(place))
        if content.sha256 == file.content.sha256 and state_of(place) == state:
            return replace(file, state=state, content=content, place=place)
    return None
