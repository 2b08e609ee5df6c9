"""The scans that a verb was given: files, folders, or a manifest."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from edge_runtime.errors import ScanMissingError, UsageError
from edge_runtime.exams.folder import find_scans
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
        Whether nothing is told.

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
            scans += found
        elif path in kept:
            scans.append(PlannedScan.at(path))
    return tuple(scans)


def manifest_of(path: str, *, quiet: bool) -> Manifest:
    """What a manifest says; its columns without a meaning are told."""
    manifest = read_manifest(path)
    if manifest.not_read and not quiet:
        say(f"columns of the manifest that are not read: {', '.join(manifest.not_read)}.")
    return manifest


def scans_in(folder: str, *, deep: bool, quiet: bool, without: str | None = None) -> list[PlannedScan]:
    """The scans of a folder; what was left out is told.

    Raises
    ------
    ScanMissingError
        ``no-scans`` when there are none.
    """
    from edge_runtime.report.png import picture_mark

    found = find_scans(folder, deep=deep, is_own=lambda path: picture_mark(path) is not None, without=without)
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
