"""The option ``--fhir PATH``: the results of a patient's eyes as one FHIR bundle."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from edge_runtime.errors import ScanError

from .arguments import path_argument

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from edge_runtime.report.fhir.study import ImagingInstance
    from edge_runtime.report.targets import Target
    from edge_runtime.results import EyeResult

Place = tuple[str, str]  # hash of a scan, and its file


@dataclass(frozen=True, slots=True)
class FhirOutput:
    """What was asked for.

    Attributes
    ----------
    path
        Where the bundle goes; None: not asked for.
    subject
        Reference to the patient; None: without.
    """

    path: str | None = None
    subject: str | None = None

    @classmethod
    def of(cls, options: argparse.Namespace) -> FhirOutput:
        """The options that `add_fhir_options` declared.

        Raises
        ------
        UsageError
            ``bad-subject``.
        """
        if options.fhir_subject is not None:
            from edge_runtime.report.fhir import checked_subject

            checked_subject(options.fhir_subject)
        return cls(options.fhir, options.fhir_subject)

    def targets(self, scans: Sequence[str]) -> list[Target]:
        """What will be written."""
        from edge_runtime.report.targets import Target

        return [] if self.path is None else [Target(self.path, tuple(scans), "bundle")]

    def encode(
        self,
        eyes: Sequence[EyeResult],
        created: str | None = None,
        places: Sequence[Place] = (),
    ) -> dict[str, bytes]:
        """{path: content} of the bundle of one patient's eyes; empty where it was not asked for, or without an eye.

        Parameters
        ----------
        eyes
            The results.
        created
            The UTC time that it states; None: now.
        places
            Where scans come from; those in DICOM files are named by their study.
        """
        if self.path is None or not eyes:
            return {}
        from edge_runtime.report.document import to_json
        from edge_runtime.report.fhir import fhir_bundle

        bundle = fhir_bundle(eyes, subject=self.subject, created=created, instances=_instances(places))
        return {self.path: to_json(bundle, indent=2).encode() + b"\n"}


def _instances(places: Sequence[Place]) -> dict[str, ImagingInstance]:
    """The DICOM instances that scans lie in, by their hashes; none for pictures, and for files without UIDs."""
    from edge_runtime.reading.files import begins_as_dicom

    files = {path for _, path in places if begins_as_dicom(path)}
    if not files:
        return {}
    from edge_runtime.dicom_out.source import read_source
    from edge_runtime.report.fhir.study import ImagingInstance

    found = {}
    for path in files:
        try:
            source = read_source(path)[0].source
        except ScanError:  # it was read as a scan, and does not say which study it is of
            continue
        found[path] = ImagingInstance(source.study, source.series, source.instance, source.kind)
    return {sha256: found[path] for sha256, path in places if path in found}


def add_fhir_options(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "--fhir", type=path_argument, metavar="PATH", help="write a FHIR R4 transaction bundle (docs/fhir.md)"
    )
    parser.add_argument(
        "--fhir-subject", metavar="REFERENCE", help="the patient's resource in it, such as Patient/123 (default: none)"
    )
