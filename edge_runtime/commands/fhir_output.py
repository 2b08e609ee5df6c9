"""The option ``--fhir PATH``: the results of a patient's eyes as one FHIR bundle."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .arguments import path_argument

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping, Sequence

    from edge_runtime.report.fhir.study import ImagingInstance
    from edge_runtime.report.targets import Target
    from edge_runtime.results import EyeResult


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

        return [] if self.path is None else [Target(self.path, tuple(scans))]

    def encode(
        self,
        eyes: Sequence[EyeResult],
        created: str | None = None,
        instances: Mapping[str, ImagingInstance] | None = None,
    ) -> dict[str, bytes]:
        """{path: content} of the bundle of one patient's eyes (`fhir_bundle`); empty where it was not asked for."""
        if self.path is None:
            return {}
        from edge_runtime.report.document import to_json
        from edge_runtime.report.fhir import fhir_bundle

        bundle = fhir_bundle(eyes, subject=self.subject, created=created, instances=instances)
        return {self.path: to_json(bundle, indent=2).encode() + b"\n"}

    def deliver(self, eyes: Sequence[EyeResult], *, overwrite: bool) -> None:
        """Write the bundle of one patient's eyes; nothing without an eye.

        Raises
        ------
        UsageError
            When it would replace what is no result of these scans.
        OutputError, WriteError
            When it cannot be created, or not be written in full.
        """
        if self.path is None or not eyes:
            return
        from edge_runtime.report.files import write_all
        from edge_runtime.report.targets import check_ownership

        files = self.encode(eyes)
        if not overwrite:
            scans = frozenset(scan.scan.sha256 for eye in eyes for scan in eye.scans)
            for path in files:
                check_ownership(path, scans)
        write_all(files)


def add_fhir_options(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "--fhir", type=path_argument, metavar="PATH", help="write a FHIR R4 transaction bundle (docs/fhir.md)"
    )
    parser.add_argument(
        "--fhir-subject", metavar="REFERENCE", help="the patient's resource in it, such as Patient/123 (default: none)"
    )
