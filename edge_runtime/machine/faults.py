"""What went wrong, as an error of this package, and whether it concerns one scan alone."""

from __future__ import annotations

from edge_runtime.errors import FAULTS_OF_ONE_SCAN, EdgeCataractError, InternalError, out_of_memory

from .libraries import broken_library

_NO_MEMORY = -4  # as cv2.error says it


def fault_of_one_scan(error: Exception) -> EdgeCataractError | None:
    """The error to report of a scan without which the others are analysed all the same; None when it concerns them all.

    An exception that nobody expected is a fault of this program in that scan; scarce memory, scarce descriptors and a
    broken library are none.
    """
    if isinstance(error, EdgeCataractError):
        return error if isinstance(error, FAULTS_OF_ONE_SCAN) else None
    if isinstance(error, (MemoryError, OSError)) or getattr(error, "code", 0) == _NO_MEMORY or broken_library(error):
        return None
    internal = InternalError(
        "internal",
        f"This is a fault of the program, not of the scan: {type(error).__name__}.",
        "Run it with --debug and report that.",
    )
    internal.__cause__ = error  # whose traceback is wanted
    return internal


def known_error(error: Exception) -> EdgeCataractError:
    """An error of this package for whatever was raised."""
    known = error if isinstance(error, EdgeCataractError) else fault_of_one_scan(error) or broken_library(error)
    if known is not None:
        return known
    if isinstance(error, OSError):
        return InternalError("internal", f"The system refused: {type(error).__name__}.", "Run it again.")
    return out_of_memory()


def forget_pixels(error: EdgeCataractError) -> None:
    """Free what the frames of an error's traceback hold: the bytes and pixels of a scan that was refused."""
    import traceback

    cause: BaseException | None = error
    while cause is not None:
        traceback.clear_frames(cause.__traceback__)
        cause = cause.__cause__ or cause.__context__
