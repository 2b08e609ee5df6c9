"""The reasons to show of scans that were not graded, and what to do about them, without contradiction."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edge_runtime.codes import NOT_AGAIN
from edge_runtime.measure.quality import NOT_GRADED, WITHOUT_NATURAL_LENS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from edge_runtime.results import EyeResult


def reasons_to_show(reasons: tuple[str, ...]) -> tuple[str, ...]:
    """The words of `codes.REASONS` to show: where the look saw a kind of picture, that alone.

    Of an eye without its natural lens it does not matter how much of a lens the frame shows.
    """
    return _first_of(reasons, WITHOUT_NATURAL_LENS, frozenset(NOT_GRADED.values()))


def advised(eye: EyeResult) -> tuple[str, ...]:
    """The words of `codes.ADVICE` about the scans of an eye that contradict neither each other nor its answer.

    Of an eye that was graded none says that its natural lens may be missing.
    """
    words = dict.fromkeys(word for scan in eye.scans for word in reasons_to_show(scan.reasons))
    return tuple(word for word in words if word not in NOT_AGAIN) if eye.scans_used else without_contradiction(words)


def without_contradiction(words: Iterable[str]) -> tuple[str, ...]:
    """The words whose advice goes before that of the others.

    Those that say not to repeat a scan go before those that say how, and the ones that are sure that there is no
    natural lens before the others.

    Parameters
    ----------
    words
        Reasons for which the scans of an eye without a number were not graded.
    """
    return _first_of(tuple(dict.fromkeys(words)), WITHOUT_NATURAL_LENS, NOT_AGAIN)


def _first_of(words: tuple[str, ...], *kinds: frozenset[str]) -> tuple[str, ...]:
    """The words of the first kind of which there are any; all of them where there are of none."""
    for kind in kinds:
        if found := tuple(word for word in words if word in kind):
            return found
    return words


def is_to_be_read_again(eye: EyeResult) -> bool:
    """Whether scans that could not be read are worth another file: not of an eye without its natural lens."""
    return bool(eye.unreadable) and NOT_AGAIN.isdisjoint(advised(eye))
