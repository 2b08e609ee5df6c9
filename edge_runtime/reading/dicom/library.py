"""pydicom, kept silent: what it says of a file may quote the file, and a file has a patient's name in it."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, BinaryIO, TypeVar

from edge_runtime.errors import EdgeCataractError, MissingExtraError, ScanError
from edge_runtime.scan import EXPORT_AGAIN

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pydicom.dataset import Dataset

Value = TypeVar("Value")

# What may be read of a header: parsing takes some microseconds a piece. Values that nobody asked for are skipped.
MAX_HEADER_BYTES, MAX_HEADER_READS = 4 << 20, 200_000
_LOGGERS = ("pydicom", "pylibjpeg", "openjpeg", "jpeg_ls")
_LOCK = threading.RLock()


def not_installed() -> MissingExtraError:
    """The error for a program without pydicom or one of its decoders."""
    return MissingExtraError(
        "dicom-not-installed",
        "This is a DICOM file, and what reads DICOM is not installed.",
        "Install the extra with it: pip install 'edge-cataract[dicom]'.",
    )


@contextmanager
def _hushed() -> Iterator[None]:
    """Let nothing through that pydicom logs or warns of, whatever the host listens to; one thread at a time."""
    import logging
    import warnings

    loggers = [logging.getLogger(name) for name in _LOGGERS]
    with _LOCK, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        before = [(logger, logger.handlers, logger.propagate) for logger in loggers]
        for logger in loggers:
            logger.handlers, logger.propagate = [logging.NullHandler()], False
        try:
            yield
        finally:
            for logger, handlers, propagate in before:
                logger.handlers, logger.propagate = handlers, propagate


def guarded(work: Callable[[], Value]) -> Value:
    """Do work with pydicom; its own errors become one of ours, and nothing of their texts is kept.

    Raises
    ------
    MissingExtraError
        ``dicom-not-installed``.
    ScanError
        ``damaged-dicom`` for whatever pydicom stumbles over; errors of this package as they are.
    """
    missing = False
    with _hushed():
        try:
            return work()
        except EdgeCataractError as error:
            error.__context__ = None  # it may have been raised while pydicom was handling an error of its own
            raise
        except MemoryError:
            raise
        except ImportError:
            missing = True
        except Exception:  # noqa: BLE001, S110  # raised below, without a context that would quote the file
            pass
    if missing:
        raise not_installed()
    raise damaged("Its structure makes no sense.")


def value_of(dataset: Dataset, keyword: str) -> Any:
    """The value of an element; None where there is none that can be read."""
    try:
        return dataset.get(keyword)
    except MemoryError:
        raise
    except Exception:  # noqa: BLE001  # elements are decoded when they are asked for, and raise anything
        return None


def damaged(found: str) -> ScanError:
    """The error for a DICOM file that contradicts itself; `found` is one sentence."""
    return ScanError("damaged-dicom", f"The DICOM file is damaged. {found}", EXPORT_AGAIN)


def truncated() -> ScanError:
    """The error for a DICOM file that ends early."""
    return ScanError("truncated-dicom", "The DICOM file ends before its pixels do.", EXPORT_AGAIN)


class BoundedFile:
    """A file as a parser of headers may read it: never past its end, and not endlessly.

    Parameters
    ----------
    file
        The file.
    size
        Its bytes.
    """

    def __init__(self, file: BinaryIO, size: int) -> None:
        self._file, self._size = file, size
        self._bytes = self._reads = 0

    def read(self, count: int = -1) -> bytes:
        """Up to `count` bytes; raises ScanError (``dicom-header``) when a header goes on and on."""
        left = max(self._size - self._file.tell(), 0)
        count = left if count < 0 else min(count, left)
        self._reads += 1
        self._bytes += count
        if self._bytes > MAX_HEADER_BYTES or self._reads > MAX_HEADER_READS:
            raise ScanError(
                "dicom-header",
                f"The header of the DICOM file has more than {MAX_HEADER_BYTES >> 20} MiB or too many elements.",
                "Export the scan without other data.",
            )
        return self._file.read(count)

    def seek(self, offset: int, whence: int = 0) -> int:
        """Go to a place."""
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        """The place."""
        return self._file.tell()
