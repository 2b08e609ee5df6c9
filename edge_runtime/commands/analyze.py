"""``edge-cataract SCAN ...``: analyse each scan by itself."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from itertools import repeat
from typing import TYPE_CHECKING

from edge_runtime.checked import checked_age
from edge_runtime.errors import EdgeCataractError, UsageError
from edge_runtime.machine.faults import fault_of_one_scan

from .arguments import (
    AnalyzerOptions,
    SpeechOptions,
    add_analysis_options,
    check_standard_input,
    load_analyzer,
    path_argument,
)
from .audit_output import NO_AUDIT, AuditOptions, add_audit_options
from .console import complain, say
from .delivery import Delivery, check_standard_output
from .kept_files import files_to_keep
from .outcome import EXIT_NOT_GRADED, EXIT_SOME_FAILED, explain
from .outputs import Outputs, PicturePaths, add_result, printed_result, stem, without_own_pictures
from .reports import ReportOptions, add_report_options

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterator

    from edge_runtime.analyzer import CataractAnalyzer
    from edge_runtime.audit import AuditTrail
    from edge_runtime.label_map import LabelMap
    from edge_runtime.scan import Scan


@dataclass(frozen=True, slots=True)
class AnalyzeOptions:
    """What the verb was asked for.

    Attributes
    ----------
    scans
        Paths of scans, or ``-``.
    folder
        The folder of ``-o``, or None.
    overwrite
        Whether results of other scans may be replaced.
    age_years
        Age of the patient; None: not given.
    zones
        Whether overlays show the zones of the lens.
    corrected
        A label map that a person corrected; None: not given.
    reports
        The page and the table of a single scan.
    audit
        The record of every answer.
    """

    scans: tuple[str, ...]
    analyzer: AnalyzerOptions
    speech: SpeechOptions
    pictures: PicturePaths
    folder: str | None
    overwrite: bool
    age_years: float | None
    zones: bool
    reports: ReportOptions
    corrected: str | None = None
    audit: AuditOptions = NO_AUDIT

    def outputs(self, path: str) -> Outputs:
        """Where the results of one scan go."""
        return Outputs(self.folder, stem(path), [path], self.pictures, zones=self.zones)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the verb."""
    parser.add_argument("scans", nargs="+", metavar="SCAN", help="scan file, or - for standard input")
    add_analysis_options(parser)
    pictures = parser.add_argument_group("outputs of a single scan")
    for name, text in (
        ("--overlay", "PNG: cataract probability in colour over the original scan"),
        ("--labels", "8-bit PNG of the scan's size: 0 background, 1 clear lens, 2 cataract"),
        ("--tissues", "8-bit PNG of the scan's size: what a look over the whole frame saw (docs/codes.md)"),
        ("--probability", "16-bit PNG of the scan's size: P(cataract) x 65535"),
    ):
        pictures.add_argument(name, type=path_argument, metavar="PATH", help=text)
    pictures.add_argument(
        "--corrected",
        type=path_argument,
        metavar="PATH",
        help="measure by a label map that a person corrected: the PNG of --labels, or a DICOM segmentation",
    )
    add_report_options(parser)
    add_audit_options(parser)


def run(options: argparse.Namespace) -> int:
    """Run the verb; returns the exit code."""
    return analyze_scans(
        AnalyzeOptions(
            scans=without_own_pictures(options.scans, quiet=options.quiet),
            analyzer=AnalyzerOptions.of(options),
            speech=SpeechOptions.of(options),
            pictures=PicturePaths(options.overlay, options.labels, options.probability, options.tissues),
            folder=options.output,
            overwrite=options.overwrite,
            age_years=checked_age(options.age),
            zones=options.zones,
            corrected=options.corrected,
            reports=ReportOptions.of(options),
            audit=AuditOptions.of(options),
        )
    )


def analyze_scans(options: AnalyzeOptions) -> int:
    """Analyse each scan by itself, deliver its results, and count; returns the exit code."""
    _check(options)
    audit = options.audit.open()
    # Under a cap on memory one thing at a time: loading the model and reading a scan both peak.
    labels = None if options.analyzer.max_memory_mb else _corrected(options)
    readings = _readings(options)
    analyzer = load_analyzer(options.analyzer)
    several, quiet, debug = len(options.scans) > 1, options.speech.quiet, options.speech.debug
    failed = ungraded = 0
    for position, path in enumerate(options.scans):
        try:
            graded = _analyze_one(analyzer, path, readings, options, labels, audit)
        except Exception as error:
            fault = fault_of_one_scan(error)
            if not isinstance(known := fault or error, EdgeCataractError):
                raise
            complain(known, path, debug=debug)
            if fault is None and position and not quiet:
                say(f"stopped: {position} of {len(options.scans)} scans were done.")
            if fault is None or not several:
                return known.exit_code
            failed += 1
        else:
            ungraded += not graded
    if several and not quiet:
        say(f"{len(options.scans) - failed - ungraded} graded, {ungraded} not graded, {failed} refused or failed.")
    if several:
        return EXIT_SOME_FAILED if failed or ungraded else 0
    return EXIT_NOT_GRADED if ungraded else 0


def _check(options: AnalyzeOptions) -> None:
    """Before any work: what was asked for can be done and written."""
    from edge_runtime.report.targets import check_targets

    if len(options.scans) > 1 and (options.pictures.named or options.reports.named):
        raise UsageError(
            "usage",
            "--overlay, --labels, --probability, --tissues, --report and --csv take one scan.",
            "Use -o DIR for several, or exam for the scans of an eye.",
        )
    if len(options.scans) > 1 and options.corrected is not None:
        raise UsageError("usage", "--corrected takes one scan.", "Name one scan, or use the verb exam.")
    check_standard_input(options.scans)
    targets = [target for path in options.scans for target in options.outputs(path).targets()]
    targets += options.reports.targets(options.scans)
    check_standard_output(targets, json=options.speech.json)
    kept = files_to_keep([*options.scans, options.corrected], options.analyzer, options.audit, targets=targets)
    check_targets(targets, kept, overwrite=options.overwrite)


def _corrected(options: AnalyzeOptions) -> LabelMap | None:
    """What a person labelled in the scan; before any other work, so that a map that cannot be used costs none."""
    if options.corrected is None:
        return None
    from edge_runtime.reading.corrections import read_label_map

    return read_label_map(options.corrected)


def _analyze_one(
    analyzer: CataractAnalyzer,
    path: str,
    readings: Iterator[Callable[[], Scan] | None],
    options: AnalyzeOptions,
    labels: LabelMap | None,
    audit: AuditTrail | None,
) -> bool:
    """Analyse one scan and deliver it; whether it was graded. Nothing of it is held while the next one is analysed."""
    from edge_runtime.machine.stopwatch import Stopwatch
    from edge_runtime.report.document import document

    clock = Stopwatch()
    reading = next(readings)
    if reading is None:
        result = analyzer.analyze(path, corrected=options.corrected)
    else:
        scan = reading().corrected_by(labels)
        result = analyzer.analyze_scan(scan, read_ms=clock.lap_ms())  # what was left to wait for
    eye = analyzer.as_eye([result], age_years=options.age_years)
    with Delivery(overwrite=options.overwrite, audit=audit) as delivery:
        content = document(eye)
        add_result(delivery, eye, options.outputs(path), content)
        delivery.add(options.reports.encode([eye], content["created"]), [eye])
        delivery.say(printed_result(eye, content, options.speech))
        delivery.finish()
    if not result.gradable and not options.speech.quiet:
        explain(result, eye)
    return result.gradable


def _readings(options: AnalyzeOptions) -> Iterator[Callable[[], Scan] | None]:
    """For each scan what gives its pixels: read while the model is loaded, or while the scan before it is analysed.

    None where they are read in their turn: under a cap on memory, and from standard input, which may never end.
    """
    if options.analyzer.max_memory_mb or "-" in options.scans:
        return repeat(None)
    from edge_runtime.machine.ahead import done_ahead
    from edge_runtime.reading.raster import read_scan

    return done_ahead([partial(read_scan, path) for path in options.scans])
