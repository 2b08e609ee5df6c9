"""The scans that a verb was given: files, folders, or a manifest."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from edge_runtime.errors import ScanMissingError, UsageError
from edge_runtime.exams.folder import find_scans, is_own
from edge_runtime.exams.grouping import exams_by_eye
from edge_runtime.exams.manifest import is_manifest, read_manifest
from edge_runtime.exams.planned import PlannedScan

from .arguments import check_standard_input
from .console import say
from .outputs import without_own_pictures

if TYPE_CHECKING:
    from collections.abc import Sequence

    from edge_runtime.exams.manifest import Manifest

_MOST_NAMES = 10  # of files that were left out


def scans_of_one_exam(given: Sequence[str], eye: str | None, *, quiet: bool) -> tuple[PlannedScan, ...]:
    """The scans of one exam: files in the order in which they were given, those of folders by their names.

    Parameters
    ----------
    given
        Files, folders, or one manifest.
    eye
        The eye that the user names for all of them, or None.
    quiet
        Whether nothing is reported.

    Raises
    ------
    UsageError
        For a manifest of several exams, or beside other things; without scans; ``contradicting-eye`` when an eye was
        named for a folder that says both.
    ScanMissingError
        ``no-scans`` for a folder without any.
    """
    if any(is_manifest(path) for path in given):
        if len(given) > 1:
            raise UsageError("usage", "A manifest and other scans were named.", "Name the manifest alone.")
        manifest = manifest_of(given[0], quiet=quiet)
        if manifest.one is None:
            raise UsageError(
                "usage", "The manifest lists several exams.", "Judge them with: edge-cataract batch MANIFEST."
            )
        return manifest.one.scans
    check_standard_input(given)
    files = [path for path in given if not os.path.isdir(path)]
    kept = without_own_pictures(files, quiet=quiet) if files else ()
    scans: list[PlannedScan] = []
    for path in given:
        if os.path.isdir(path):
            found = scans_in(path, deep=False, quiet=quiet)
            if eye and len({said for scan in found if (said := scan.eye_by_name)}) > 1:
                raise UsageError(
                    "contradicting-eye",
                    f"Names in the folder {os.path.basename(os.path.abspath(path))} say both eyes.",
                    "Leave out --eye to judge both, or name the scans of one.",
                )
            _check_one_exam(found, path)
            scans += found
        elif path in kept:
            scans.append(_there(PlannedScan.at(path), eye))
    return tuple(scans)


def _there(scan: PlannedScan, eye: str | None) -> PlannedScan:
    """The scan; a file that is not there, and of which no eye is known, is missing above all.

    Raises
    ------
    ScanMissingError
        ``missing-file``.
    """
    if eye is None and scan.eye_by_name is None and scan.path != "-" and not os.path.exists(scan.path):
        error = ScanMissingError("missing-file", "There is no such file.", "Check the path.")
        error.source = scan.path
        raise error
    return scan


def _check_one_exam(scans: Sequence[PlannedScan], folder: str) -> None:
    """Refuse a folder in which several exams of one eye lie: two patients must never become one answer.

    Raises
    ------
    UsageError
        ``several-exams`` when names of one eye begin in two ways before the eye's word, with two scans or more each.
    """
    exams = exams_by_eye([scan.path for scan in scans], [scan.eye_by_name for scan in scans], folder)
    for eye, counts in sorted(exams.items()):
        if sum(count > 1 for count in counts.values()) > 1:
            raise UsageError(
                "several-exams",
                f"Names in the folder {os.path.basename(os.path.abspath(folder))} say several exams of {eye.value}.",
                "Judge them with: edge-cataract batch FOLDER; or name the scans of one exam.",
            )


def manifest_of(path: str, *, quiet: bool) -> Manifest:
    """What a manifest says; its columns without a meaning are reported."""
    manifest = read_manifest(path)
    if manifest.not_read and not quiet:
        say(f"columns of the manifest that are not read: {', '.join(manifest.not_read)}.")
    return manifest


def scans_in(folder: str, *, deep: bool, quiet: bool, without: str | None = None) -> list[PlannedScan]:
    """The scans of a folder; what was left out is reported.

    Raises
    ------
    ScanMissingError
        ``no-scans`` when there are none.
    """
    found = find_scans(folder, deep=deep, is_own=is_own, without=without)
    if found.left_out and not quiet:
        shown = ", ".join(found.left_out[:_MOST_NAMES])
        more = f" and {len(found.left_out) - _MOST_NAMES} more" if found.left_out[_MOST_NAMES:] else ""
        say(f"left out, as no scans: {shown}{more}.")
    if not found.scans:
        raise ScanMissingError(
            "no-scans",
            f"The folder {os.path.basename(os.path.abspath(folder))} holds no scan.",
            "Name the folder with the scans: PNG, JPEG, TIFF, BMP or DICOM.",
        )
    return found.scans
