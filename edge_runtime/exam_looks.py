"""The first look at the scans of an exam: what is read before any of them is graded, and what they say together."""

from __future__ import annotations

import traceback
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from edge_runtime.frame.one_scale import SharedScale, share_scale
from edge_runtime.machine.faults import fault_of_one_scan
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
class Look:
    """A scan that was read, and what it shows of the scale of its eye.

    Attributes
    ----------
    scan
        The scan.
    read_ms, prepare_ms
        How long reading and looking took.
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
        _forget_pixels(fault)
        return UnreadableScan(printable_name(name), fault)


def on_one_scale(looks: Sequence[Look | UnreadableScan]) -> list[Look | UnreadableScan]:
    """The looks at an exam's scans, each with the scale that it shares with the others."""
    founds = [look.found for look in looks if isinstance(look, Look) and look.found is not None]
    scales = iter(share_scale(founds))
    return [
        Look(look.scan, look.read_ms, look.prepare_ms, look.found, next(scales))
        if isinstance(look, Look) and look.found is not None
        else look
        for look in looks
    ]


def unlikely_scales(looks: Sequence[Look | UnreadableScan]) -> list[Notice]:
    """Warnings about scans whose brightness is not that of the others."""
    return [
        Notice(
            "scales-disagree",
            "Cornea and iris are much brighter, darker or more apart than in the other scans.",
            look.scan.source,
        )
        for look in looks
        if isinstance(look, Look) and look.scale is not None and look.scale.unlikely
    ]


def _forget_pixels(error: EdgeCataractError) -> None:
    """Free what the frames of an error's traceback hold: the bytes and pixels of a scan that was refused."""
    cause: BaseException | None = error
    while cause is not None:
        traceback.clear_frames(cause.__traceback__)
        cause = cause.__cause__ or cause.__context__
