"""pynetdicom and dicomweb-client, which the extra ``dicom-net`` brings, kept silent.

What they log and warn of quotes what a peer sent, and that may be anybody's name.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from edge_runtime.dicom_out.library import require_highdicom
from edge_runtime.errors import MissingExtraError

_LIBRARIES = ("pynetdicom", "pydicom", "highdicom", "dicomweb_client", "retrying", "urllib3", "requests")


def require_network() -> None:
    """Check that the extra is installed, and have files sent as they are, without decoding them.

    Raises
    ------
    MissingExtraError
        ``missing-extra`` when it is not.
    """
    require_highdicom()
    try:
        import dicomweb_client  # noqa: F401
        from pynetdicom import _config
    except ImportError as error:
        raise MissingExtraError(
            "missing-extra",
            "To receive scans and to send results pynetdicom is needed, which is not installed.",
            "Install it: pip install 'edge-cataract[dicom-net]'.",
        ) from error
    _config.STORE_SEND_CHUNKED_DATASET = True


@contextmanager
def hushed() -> Iterator[None]:
    """Let nothing through that the libraries log or warn of, in any thread."""
    loggers = [logging.getLogger(name) for name in _LIBRARIES]
    before = [(logger, logger.level, logger.propagate) for logger in loggers]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for logger in loggers:
            logger.propagate = False
            logger.setLevel(logging.CRITICAL + 1)
        try:
            yield
        finally:
            for logger, level, propagate in before:
                logger.setLevel(level)
                logger.propagate = propagate
