"""The native libraries: one is loaded at a time, and when one is missing or broken, it is named."""

from __future__ import annotations

import os
import threading
from typing import Any

from edge_runtime.errors import EdgeCataractError, MissingLibraryError, out_of_memory

# The package that pip knows, by the module that it brings.
PACKAGES = {"numpy": "numpy", "cv2": "opencv-python-headless", "onnxruntime": "onnxruntime"}
_SCARCE = ("cannot allocate memory", "failed to map", "out of memory", "bad_alloc", "resource temporarily unavailable")
_LOADING = threading.Lock()  # two libraries that are mapped into scarce memory at once have crashed the process


def load_cv2() -> Any:
    """Import cv2, alone.

    Raises
    ------
    MissingLibraryError
        When it is missing or broken.
    ResourceError
        When it does not fit into memory.
    """
    try:
        with _LOADING:
            import cv2

            cv2.imdecode  # noqa: B018  # an emptied installation is still found
            return cv2
    except (ImportError, AttributeError, MemoryError) as error:
        raise _explained(error, "cv2") from error


def load_onnxruntime() -> Any:
    """Import onnxruntime, alone and silent: no telemetry file, socket or thread; raises as `load_cv2` does."""
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"  # wheels >= 1.29 send telemetry unless this is set before the import
    try:
        with _LOADING:
            import onnxruntime

            onnxruntime.set_default_logger_severity(4)
            return onnxruntime
    except (ImportError, AttributeError, RuntimeError, MemoryError) as error:
        raise _explained(error, "onnxruntime") from error


def broken_library(error: BaseException) -> EdgeCataractError | None:
    """The error to report when a library that cannot be used is the cause of another error; None when it is not."""
    cause: BaseException | None = error
    while cause is not None:
        module = _library_of(cause)
        if module is not None:
            return _explained(cause, module)
        if isinstance(cause, ImportError) and _is_scarce(cause):
            return out_of_memory()
        cause = cause.__cause__ or cause.__context__
    return None


def _library_of(error: BaseException) -> str | None:
    """The library that failed to be imported, or that lacks what every version of it has."""
    if isinstance(error, AttributeError):
        name = getattr(getattr(error, "obj", None), "__name__", "")
        return name if name in PACKAGES else None
    if not isinstance(error, ImportError):
        return None
    named = (error.name or "").partition(".")[0]
    if named in PACKAGES:
        return named
    place = error.__traceback__
    while place is not None:  # the library's own code, when another that it needs is missing
        inside = str(place.tb_frame.f_globals.get("__name__", "")).partition(".")[0]
        if inside in PACKAGES:
            return inside
        place = place.tb_next
    return None


def _explained(error: BaseException, module: str) -> EdgeCataractError:
    if _is_scarce(error):
        return out_of_memory()
    package = PACKAGES[module]
    missing = isinstance(error, ModuleNotFoundError) and error.name == module
    found = f"The library {package} is {'missing' if missing else 'broken, or built for another system'}."
    return MissingLibraryError(
        "broken-library", found, f"Install it again: pip install --force-reinstall --no-deps {package}."
    )


def _is_scarce(error: BaseException) -> bool:
    return isinstance(error, MemoryError) or any(word in str(error).lower() for word in _SCARCE)
