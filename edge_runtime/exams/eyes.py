"""The scans of an exam to its eyes. Which eye a scan shows is known, or asked for; it is never guessed."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from edge_runtime.errors import UsageError
from edge_runtime.reading.one_patient import check_one_patient
from edge_runtime.scan import Exam, Known, Laterality, Origin

if TYPE_CHECKING:
    from collections.abc import Sequence

    from edge_runtime.errors import EdgeCataractError
    from edge_runtime.scan import ScanSource

    from .planned import PlannedScan

_SAYS = {
    Origin.FILE: "the file itself",
    Origin.MANIFEST: "the manifest",
    Origin.NAME: "its name",
    Origin.USER: "--eye",
}
_MOST_NAMES = 3  # that one message lists


@dataclass(frozen=True, slots=True)
class OpenedScan:
    """A file of an exam, and the scans in it.

    Attributes
    ----------
    planned
        What is known of it by its place.
    sources
        Its scans; one that raises `error` where the file cannot be opened.
    error
        Why it cannot be opened; None when it can.
    """

    planned: PlannedScan
    sources: tuple[ScanSource, ...]
    error: EdgeCataractError | None = None


@dataclass(frozen=True, slots=True)
class Eyes:
    """The eyes of an exam.

    Attributes
    ----------
    exams
        One for each eye, in the order of their first scans.
    strays
        Files that cannot be opened, and therefore belong to no eye where there are two.
    """

    exams: tuple[Exam, ...]
    strays: tuple[OpenedScan, ...]


def split_eyes(scans: Sequence[OpenedScan], named: Laterality | None = None) -> Eyes:
    """Tell the eyes of an exam apart.

    Parameters
    ----------
    scans
        Its files, in order.
    named
        The eye that the user names for all of them. A name that says the other is no error here, but a warning of the
        result; a file whose header says the other is refused.

    Raises
    ------
    UsageError
        ``contradicting-eye`` when what is known of a scan does not agree; ``unknown-eye`` when nothing is known of it;
        ``mixed-studies`` for files of several studies in one eye, or of several patients.
    EdgeCataractError
        When no file can be opened: that of the first; otherwise as `check_one_patient` does.
    """
    eyes: dict[Laterality, list[ScanSource]] = {}
    unknown: list[OpenedScan] = []
    for scan in scans:
        facts = [(source, _eye(scan.planned, source, named)) for source in scan.sources]
        if any(eye is None for _, eye in facts):
            unknown.append(scan)
            continue
        for source, eye in facts:
            if eye is not None:
                eyes.setdefault(eye.value, []).append(_with_facts(scan.planned, source, eye))
    strays = [scan for scan in unknown if scan.error is not None]
    nameless = [scan for scan in unknown if scan.error is None]
    if not nameless and not eyes and strays[0].error is not None:
        raise strays[0].error
    if nameless or not eyes:
        raise _unknown_eye([os.path.basename(scan.planned.path) for scan in nameless or strays])
    if strays and len(eyes) == 1:
        (only,) = eyes
        eyes[only] += [source for stray in strays for source in stray.sources]
        strays = []
    check_one_patient(list(eyes.values()))
    return Eyes(tuple(Exam(tuple(sources), eye) for eye, sources in eyes.items()), tuple(strays))


def _eye(planned: PlannedScan, source: ScanSource, named: Laterality | None) -> Known[Laterality] | None:
    """The eye of one scan; what is written nearest to the pixels goes first, where all agree."""
    said: list[Known[Laterality]] = []
    if source.laterality is not None:
        said.append(Known(source.laterality.value, Origin.FILE))
    if planned.eye is not None:
        said.append(Known(planned.eye, Origin.MANIFEST))
    if named is not None:
        said.append(Known(named, Origin.USER))
    elif (by_name := planned.eye_by_name) is not None:
        said.append(Known(by_name, Origin.NAME))
    for other in said[1:]:
        if other.value is not said[0].value:
            first = said[0]
            raise UsageError(
                "contradicting-eye",
                f"{os.path.basename(source.name)}: {_SAYS[first.origin]} says {first.value}, "
                f"{_SAYS[other.origin]} says {other.value}.",
                "Correct one of them: an eye is never guessed.",
            )
    return said[0] if said else None


def _with_facts(planned: PlannedScan, source: ScanSource, eye: Known[Laterality]) -> ScanSource:
    meridian = source.meridian_deg
    if meridian is None and planned.meridian_deg is not None:
        meridian = Known(planned.meridian_deg, Origin.MANIFEST)
    if meridian is None and (by_name := planned.meridian_by_name) is not None:
        meridian = Known(by_name, Origin.NAME)
    return replace(source, laterality=eye, meridian_deg=meridian)


def _unknown_eye(names: list[str]) -> UsageError:
    listed = ", ".join(names[:_MOST_NAMES]) + (f" and {len(names) - _MOST_NAMES} more" if names[_MOST_NAMES:] else "")
    return UsageError(
        "unknown-eye",
        f"Nothing says which eye is shown by {listed}.",
        "Name it: --eye OD or --eye OS, _OD_ or _OS_ in the file's name, or a manifest (docs/exams.md).",
    )
