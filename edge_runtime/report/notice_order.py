"""The warnings that a reader sees, in the order of their weight."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edge_runtime.measure.answer import DOUBTS

if TYPE_CHECKING:
    from edge_runtime.measure.quality import Notice
    from edge_runtime.results import EyeResult


def notices_to_read(eye: EyeResult) -> list[Notice]:
    """The warnings about an eye, doubts about its number first: those that its scans raise together, then those of one.

    Those about scans that were not graded come last: the number does not rest on them. A scan by itself gets no warning
    that it is no whole exam.
    """
    alone = eye.scans_expected == len(eye.entries) == 1
    of_one = {notice.code for scan in eye.scans for notice in scan.notices}
    aside = sources_not_graded(eye)

    def weight(notice: Notice) -> tuple[bool, bool, bool]:
        return notice.source in aside, notice.code not in DOUBTS, notice.code in of_one

    shown = (one for one in eye.notices if not (alone and one.code == "fewer-scans-than-expected"))
    return sorted(shown, key=weight)


def sources_not_graded(eye: EyeResult) -> set[str]:
    """Names of the scans that were analysed and not graded."""
    return {scan.scan.source for scan in eye.scans} - {scan.scan.source for scan in eye.scans if scan.gradable}
