"""What the extra ``cluster`` brings, imported when it is needed, and named where it is missing."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from edge_runtime.errors import MissingExtraError

_NEEDED_FOR = {
    "pyarrow": "Archives are read and written as Parquet, for which pyarrow is needed",
    "s3fs": "Keys and results in S3 need s3fs",
    "ray": "A cluster needs Ray",
}


def arrow(part: str = "") -> Any:
    """The package pyarrow, or a part of it such as ``parquet``.

    Raises
    ------
    MissingExtraError
        ``missing-extra`` when it is not installed.
    """
    _require("pyarrow")
    return import_module(f"pyarrow.{part}" if part else "pyarrow")


def s3fs() -> Any:
    """The package s3fs; raises as `arrow` does."""
    return _require("s3fs")


def ray() -> Any:
    """The package ray; raises as `arrow` does."""
    return _require("ray")


def _require(name: str) -> Any:
    try:
        return import_module(name)
    except ImportError as error:
        raise MissingExtraError(
            "missing-extra",
            f"{_NEEDED_FOR[name]}, which is not installed.",
            "Install it: pip install 'edge-cataract[cluster]'.",
        ) from error
