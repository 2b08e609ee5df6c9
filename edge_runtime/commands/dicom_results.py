"""``--dicom-out DIR``: the results of an exam as DICOM objects beside its other files."""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from edge_runtime.errors import ResourceError

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
        paths: Sequence[str],
        scans: Sequence[ScanSource],
        name: str,
        *,
        overwrite: bool,
        capped: bool = False,
        kept: Sequence[str] = (),
    ) -> DicomFiles | None:
        """Before any work: read the sources, and check what will be written; None when nothing was asked for.

        Parameters
        ----------
        paths, scans
            The scans of the exam, in its order, and the file of each.
        name
            What the names of the files begin with.
        overwrite
            Whether what is no result for these scans may be replaced.
        capped
            Whether memory has a cap.
        kept
            Further files that must not be written.

        Raises
        ------
        MissingExtraError
            Without the extra ``dicom-out``; for a page, without the extra ``report`` or Chromium.
        UsageError
            ``source-not-dicom``, ``mixed-studies``, or ``output-taken``.
        ScanError
            ``incomplete-dicom``.
        ResourceError
            ``memory-cap`` under a cap.
        OutputError
            When the folder is missing or read-only.
        """
        if self.folder is None:
            return None
        if "pdf" in self.kinds:
            from edge_runtime.report.language import needs_report
            from edge_runtime.report.page.pdf import find_chromium

            for module in ("jinja2", "babel"):
                needs_report(module)
            find_chromium()
        if capped:  # highdicom holds the label maps of all frames at once, and copies them
            raise ResourceError("memory-cap", "Results as DICOM keep no cap on memory.", "Leave out --max-memory.")
        from edge_runtime.dicom_out.files import DicomFiles, Kind
        from edge_runtime.report.targets import Target, check_targets

        places = [(path, source.frame) for path, source in zip(paths, scans, strict=True)]
        files = DicomFiles.of(places, self.folder, name, [Kind(kind) for kind in self.kinds])
        check_targets([Target(path, tuple(paths)) for path in files.paths], [*paths, *kept], overwrite=True)
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
        type=kinds_argument,
        default=kinds_argument(_DEFAULT),
        metavar="KINDS",
        help=f"which objects: sr (Structured Report), pdf (a page), seg (Segmentation); default: {_DEFAULT}",
    )


def dicom_contents(
    files: DicomFiles, eye: EyeResult, language: str = "en", label: str | None = None, *, created: str | None = None
) -> dict[str, bytes]:
    """{path: content} of the objects of an eye.

    Parameters
    ----------
    files
        What `DicomOptions.prepare` gave.
    eye
        The result.
    language, label
        Language of its page, and the exam's label on it.
    created
        The UTC time that the objects state; None: now.
    """
    from edge_runtime.dicom_out.files import Kind

    created = created or time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    page = None
    if Kind.PAGE in files.kinds:
        from edge_runtime.report.page import exam_page
        from edge_runtime.report.page.pdf import print_pdf

        page = print_pdf(exam_page([eye], language=language, label=label, created=created))
    return files.contents(eye, created=created, page=page, variant=language)


def kinds_argument(text: str) -> tuple[str, ...]:
    """Kinds of objects, as an option names them: ``sr,pdf,seg``."""
    kinds = tuple(dict.fromkeys(text.split(",")))
    unknown = [kind for kind in kinds if kind not in _KINDS]
    if unknown:
        raise argparse.ArgumentTypeError(f"{unknown[0]!r} is not one of {', '.join(_KINDS)}")
    return kinds
