"""``--dicom-out DIR``: the results of an exam as DICOM objects beside its other files."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from typing import TYPE_CHECKING

from edge_runtime.errors import ResourceError, UsageError

from .arguments import path_argument

if TYPE_CHECKING:
    from collections.abc import Sequence

    from edge_runtime.dicom_out.files import DicomFiles
    from edge_runtime.results import EyeResult
    from edge_runtime.scan import ScanSource

_KINDS = ("sr", "pdf", "seg")
_DEFAULT = "sr,seg"


@dataclass(frozen=True, slots=True)
class DicomOptions:
    """What was asked for.

    Attributes
    ----------
    folder
        Where the objects go; None: they were not asked for.
    kinds
        Which: ``sr``, ``pdf``, ``seg``.
    """

    folder: str | None = None
    kinds: tuple[str, ...] = ()

    @classmethod
    def of(cls, options: argparse.Namespace) -> DicomOptions:
        """The options that `add_dicom_arguments` declared."""
        return cls(options.dicom_out, options.dicom_out_kinds)

    def prepare(
        self,
        scans: Sequence[ScanSource],
        name: str,
        *,
        overwrite: bool,
        page: bool = False,
        capped: bool = False,
    ) -> DicomFiles | None:
        """Before any work: read the sources, and check what will be written; None when nothing was asked for.

        Parameters
        ----------
        scans
            The scans of the exam, in its order.
        name
            What the names of the files begin with.
        overwrite
            Whether what is no result for these scans may be replaced.
        page
            Whether the exam gets a page as PDF.
        capped
            Whether memory has a cap.

        Raises
        ------
        MissingExtraError
            Without the extra ``dicom-out``.
        UsageError
            ``source-not-dicom``, ``mixed-studies``, ``output-taken``, or ``no-page``.
        ScanError
            ``incomplete-dicom``.
        ResourceError
            ``memory-cap`` under a cap.
        OutputError
            When the folder is missing or read-only.
        """
        if self.folder is None:
            return None
        if "pdf" in self.kinds and not page:
            raise UsageError(
                "no-page",
                "A PDF was asked for, and the exam has no page as PDF.",
                "Leave out pdf.",
            )
        if capped:  # highdicom holds the label maps of all frames at once, and copies them
            raise ResourceError("memory-cap", "Results as DICOM keep no cap on memory.", "Leave out --max-memory.")
        from edge_runtime.dicom_out.files import DicomFiles, Kind
        from edge_runtime.report.targets import Target, check_targets

        places = [(source.path, source.frame) for source in scans]
        paths = [path for path, _ in places]
        files = DicomFiles.of(places, self.folder, name, [Kind(kind) for kind in self.kinds])
        check_targets([Target(path, tuple(paths)) for path in files.paths], paths, overwrite=True)
        if not overwrite:
            files.check_ownership()
        return files


def add_dicom_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "--dicom-out",
        type=path_argument,
        metavar="DIR",
        help="write the result as DICOM objects into this folder, filed under the study of the scans (scans as DICOM; "
        "pip install 'edge-cataract[dicom-out]')",
    )
    parser.add_argument(
        "--dicom-out-kinds",
        type=_kinds,
        default=_kinds(_DEFAULT),
        metavar="KINDS",
        help=f"which objects: sr (Structured Report), pdf, seg (Segmentation); default: {_DEFAULT}",
    )


def write_dicom(files: DicomFiles | None, eye: EyeResult, page: bytes | None = None) -> None:
    """Write the objects of an eye, all or none; `page` is the page of its result as PDF."""
    if files is not None:
        from edge_runtime.report.files import write_all

        write_all(files.contents(eye, page=page))


def _kinds(text: str) -> tuple[str, ...]:
    kinds = tuple(dict.fromkeys(text.split(",")))
    unknown = [kind for kind in kinds if kind not in _KINDS]
    if unknown:
        raise argparse.ArgumentTypeError(f"{unknown[0]!r} is none of {', '.join(_KINDS)}")
    return kinds
