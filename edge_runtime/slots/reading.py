"""Files of others, read with a limit on their size."""

from __future__ import annotations

import os

from edge_runtime.errors import ModelIncompatibleError, ModelMissingError
from edge_runtime.model.metadata import EXPORT_MODEL
from edge_runtime.model.onnx_file import MAX_MODEL_BYTES


def read_limited(path: str | os.PathLike[str], most: int) -> bytes | None:
    """A small file, at most one byte more than may be; None where it cannot be read."""
    try:
        if not os.path.isfile(path):
            return None
        with open(path, "rb") as file:
            return file.read(most + 1)
    except OSError:
        return None


def read_model_file(path: str | os.PathLike[str]) -> bytes:
    """The bytes of a model file, unchecked.

    Raises
    ------
    ModelMissingError
        ``missing-model`` when it cannot be read.
    ModelIncompatibleError
        ``not-a-model`` when it is too large to be one.
    """
    data = read_limited(path, MAX_MODEL_BYTES)
    if data is None:
        raise ModelMissingError("missing-model", "The model file cannot be read.", "Check its path and permissions.")
    if len(data) > MAX_MODEL_BYTES:
        raise ModelIncompatibleError("not-a-model", "The file is too large to be a model.", EXPORT_MODEL)
    return data
