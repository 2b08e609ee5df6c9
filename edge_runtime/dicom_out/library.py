"""pydicom and highdicom, which the extra ``dicom-out`` brings."""

from __future__ import annotations

import contextlib
import logging
import threading
import warnings
from collections.abc import Iterator

from edge_runtime.errors import MissingExtraError

_LIBRARIES = ("pydicom", "highdicom")
_LOCK = threading.RLock()


def require_highdicom() -> None:
    """Check that the extra is installed.

    Raises
    ------
    MissingExtraError
        ``missing-extra`` when it is not.
    """
    try:
        import highdicom  # noqa: F401
    except ImportError as error:
        raise MissingExtraError(
            "missing-extra",
            "Results as DICOM need highdicom, which is not installed.",
            "Install it: pip install 'edge-cataract[dicom-out]'.",
        ) from error


@contextlib.contextmanager
def silenced() -> Iterator[None]:
    """Keep both libraries quiet, one thread at a time: what they warn of and log quotes values, a name among them."""
    loggers = [logging.getLogger(name) for name in _LIBRARIES]
    levels = [logger.level for logger in loggers]
    with _LOCK, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for logger in loggers:
            logger.setLevel(logging.CRITICAL + 1)
        try:
            yield
        finally:
            for logger, level in zip(loggers, levels, strict=True):
                logger.setLevel(level)
