"""What does not work at the moment: reported when it begins and when it ends, or at the end of a watch that ends."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from edge_runtime.errors import EdgeCataractError, ScanMissingError, WriteError

if TYPE_CHECKING:
    from collections.abc import Callable


class Troubles:
    """The troubles of a watch.

    Parameters
    ----------
    hear
        Is given what a trouble is about, and why; None where it is over.
    once
        Whether the watch ends by itself. Then nothing is reported before that, as it may work in the meantime.
    """

    def __init__(self, hear: Callable[[str, EdgeCataractError | None], None], *, once: bool) -> None:
        self._hear, self._once = hear, once
        self._now: dict[str, EdgeCataractError] = {}

    def tell(self, about: str, error: EdgeCataractError | None) -> None:
        """Something does not work; None: it works."""
        if not self._once and (error is not None) != (about in self._now):
            self._hear(about, error)
        if error is None:
            self._now.pop(about, None)
        else:
            self._now[about] = error  # the latest: it may be the one that ends the watch

    def check_none(self) -> None:
        """Complain of what is left, for a watch that ends.

        Raises
        ------
        EdgeCataractError
            The first of those with the highest exit code: a result that cannot be written goes before what cannot be
            read.
        """
        if self._now:
            raise max(self._now.values(), key=lambda error: error.exit_code)

    def tell_others(self, raised: EdgeCataractError) -> None:
        """Report what is left beside the error that ends the watch, where that was not done before."""
        for about, error in self._now.items() if self._once else ():
            if error is not raised:
                self._hear(about, error)


def unreadable() -> ScanMissingError:
    """The watched folder could not be looked through."""
    return ScanMissingError(
        "unreadable-file",
        "The watched folder, or something in it, cannot be read.",
        "Check the share and its permissions.",
        lost="What could be read was judged.",
    )


def unread(exams: int) -> ScanMissingError:
    """Files could not be read when their exam was judged, though they could before."""
    return ScanMissingError(
        "unreadable-file",
        f"{exams} exam{'' if exams == 1 else 's'} could not be read to the end.",
        "Check the share and its permissions.",
        lost="The others were judged.",
    )


def immovable(error: OSError) -> WriteError:
    """A file stays that was to be moved."""
    found = f"A judged file cannot be moved: {os.strerror(error.errno or 0)}."
    return WriteError("write-failed", found, "Check both folders.", lost="The results were written.")
