"""The scans of an exam before any of them is graded: what each shows of its scale, and what they say together."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar

from edge_runtime.frame.one_scale import SharedScale, share_scale
from edge_runtime.machine.faults import fault_of_one_scan, forget_pixels
from edge_runtime.measure.quality import Notice
from edge_runtime.reading.files import printable_name

from .errors import EdgeCataractError
from .results import UnreadableScan

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from edge_runtime.frame.one_scale import FoundLevels

    from .scan import Scan

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class ExamScan:
    """A scan that was read, and what it shows of the scale of its eye.

    Attributes
    ----------
    scan
        The scan.
    read_ms, prepare_ms
        How long reading it and finding its levels took.
    found
        Its reference levels; None where they were not looked for.
    scale
        The scale by which it is graded; None: its own.
    """

    scan: Scan
    read_ms: float = 0.0
    prepare_ms: float = 0.0
    found: FoundLevels | None = None
    scale: SharedScale | None = None


def of_one_scan(name: str, work: Callable[[], Value]) -> Value | UnreadableScan:
    """Do work on one scan of an exam; a fault that concerns that scan alone becomes its entry.

    Parameters
    ----------
    name
        What an error about it names: the path as it was given.
    work
        What to do.
    """
    try:
        return work()
    except Exception as error:  # a fault in one scan does not end the exam
        fault = fault_of_one_scan(error)
        if isinstance(known := fault or error, EdgeCataractError):
            known.source = name
        if fault is None:
            raise
        forget_pixels(fault)
        return UnreadableScan(printable_name(name), fault)


def on_one_scale(scans: Sequence[ExamScan | UnreadableScan]) -> list[ExamScan | UnreadableScan]:
    """The scans of an exam, each with the scale that it shares with the others."""
    founds = [scan.found for scan in scans if isinstance(scan, ExamScan) and scan.found is not None]
    scales = iter(share_scale(founds))
    return [
        replace(scan, scale=next(scales)) if isinstance(scan, ExamScan) and scan.found is not None else scan
        for scan in scans
    ]


def unlikely_scales(scans: Sequence[ExamScan | UnreadableScan]) -> list[Notice]:
    """Warnings about scans whose brightness is not that of the others."""
    return [
        Notice(
            "scales-disagree",
            "Cornea and iris are much brighter, darker or more apart than in the other scans.",
            scan.scan.source,
        )
        for scan in scans
        if isinstance(scan, ExamScan) and scan.scale is not None and scan.scale.unlikely
    ]
