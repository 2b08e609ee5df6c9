"""pydicom and highdicom, which the extra ``dicom-out`` brings."""

from __future__ import annotations

import contextlib
import logging
import warnings
from collections.abc import Iterator

from edge_runtime.errors import MissingExtraError

_LIBRARIES = ("pydicom", "highdicom")


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
    """Keep both libraries quiet: their warnings and log lines quote values, a patient's name among them."""
    loggers = [logging.getLogger(name) for name in _LIBRARIES]
    levels = [logger.level for logger in loggers]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for logger in loggers:
            logger.setLevel(logging.CRITICAL + 1)
        try:
            yield
        finally:
            for logger, level in zip(loggers, levels, strict=True):
                logger.setLevel(level)
