"""Planned files, opened: the scans in each, and what is known of them without their pixels."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edge_runtime.machine.faults import fault_of_one_scan
from edge_runtime.reading.sources import sources_of
from edge_runtime.scan import ScanSource

from .eyes import OpenedScan

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from .planned import PlannedScan


def open_scans(planned: Iterable[PlannedScan], room: Callable[[], int | None]) -> list[OpenedScan]:
    """Open files. One that cannot be opened has a scan that says why when its turn comes.

    Parameters
    ----------
    planned
        The files.
    room
        Asked for the memory in bytes that a scan may take, just before it is read; None: any.
    """
    return [_open(scan, room) for scan in planned]


def _open(planned: PlannedScan, room: Callable[[], int | None]) -> OpenedScan:
    try:
        return OpenedScan(planned, sources_of(planned.path, room))
    except Exception as error:
        fault = fault_of_one_scan(error)
        if fault is None:
            raise
        return OpenedScan(planned, (ScanSource.unreadable(planned.path, fault),), fault)
