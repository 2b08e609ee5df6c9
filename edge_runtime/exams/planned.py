"""Scans and exams as they are planned: by paths, before anything is read."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from edge_runtime.errors import UsageError

from .names import eye_in, meridian_in

if TYPE_CHECKING:
    from edge_runtime.scan import Laterality


@dataclass(frozen=True, slots=True)
class PlannedScan:
    """A file with a scan, or with several.

    Attributes
    ----------
    path
        Where it is, as it was given.
    folders
        Names of folders in which it lies that may say its eye.
    eye, meridian_deg
        What a manifest says of it; None: nothing.
    """

    path: str
    folders: tuple[str, ...] = ()
    eye: Laterality | None = None
    meridian_deg: float | None = None

    @classmethod
    def at(cls, path: str) -> PlannedScan:
        """A file that was named by itself: the folder that holds it may say its eye."""
        folder = os.path.basename(os.path.dirname(path))
        return cls(path, (folder,) if folder else ())

    @property
    def stem(self) -> str:
        """Name of the file without its ending."""
        return os.path.splitext(os.path.basename(self.path))[0]

    @property
    def eye_by_name(self) -> Laterality | None:
        """The eye that its name and its folders say; None when they say none.

        Raises
        ------
        UsageError
            ``contradicting-eye`` when they do not agree.
        """
        eyes = {eye for name in (self.stem, *self.folders) if (eye := eye_in(name)) is not None}
        if len(eyes) > 1:
            raise UsageError(
                "contradicting-eye",
                f"The name of {os.path.basename(self.path)} and its folder say different eyes.",
                "Correct one of them, or name the eye in a manifest.",
            )
        return eyes.pop() if eyes else None

    @property
    def meridian_by_name(self) -> float | None:
        """The meridian that the file's name says, in degrees."""
        return meridian_in(self.stem)


@dataclass(frozen=True, slots=True)
class PlannedExam:
    """The scans of one exam, of one eye or of both.

    Attributes
    ----------
    label
        What tells it from other exams, in the words of the names of the files, or of the manifest.
    scans
        Its files, in order.
    """

    label: str
    scans: tuple[PlannedScan, ...]
