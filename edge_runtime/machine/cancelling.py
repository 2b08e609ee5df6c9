"""A call that another thread may stop: where work takes long, it asks here whether it is still wanted."""

from __future__ import annotations

import contextlib
from contextvars import ContextVar
from typing import TYPE_CHECKING

from edge_runtime.errors import AnalysisCancelledError, UsageError

if TYPE_CHECKING:
    import threading
    from collections.abc import Iterator

_CANCEL: ContextVar[threading.Event | None] = ContextVar("cancel", default=None)  # of the call that a thread is in


@contextlib.contextmanager
def cancelled_by(event: threading.Event | None) -> Iterator[None]:
    """Stop the work inside, with `AnalysisCancelledError`, soon after the event is set; None: nothing stops it.

    Raises
    ------
    UsageError
        For what is no event.
    """
    if event is not None and not callable(getattr(event, "is_set", None)):
        raise UsageError("usage", f"cancel={event!r} is no event.", "Give a threading.Event, or leave it out.")
    token = _CANCEL.set(event)
    try:
        stop_if_cancelled()
        yield
    finally:
        _CANCEL.reset(token)


def may_be_cancelled() -> bool:
    """Whether an event can stop the call that this thread is in."""
    return _CANCEL.get() is not None


def stop_if_cancelled() -> None:
    """Go on, unless the event of this call is set.

    Raises
    ------
    AnalysisCancelledError
        When it is.
    """
    event = _CANCEL.get()
    if event is not None and event.is_set():
        raise AnalysisCancelledError("cancelled", "The caller stopped the analysis.", "Clear the event to go on.")
