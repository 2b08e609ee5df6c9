"""The names of the model file, for programs that were written before it had a package of its own."""

from __future__ import annotations

from edge_runtime.frame.brightness import Brightness
from edge_runtime.model.metadata import ModelMetadata
from edge_runtime.model.onnx_file import inspect
from edge_runtime.model.precision import DEFAULT_PRECISION, PRECISIONS
from edge_runtime.model.seal import check_seal, seal

__all__ = ["DEFAULT_PRECISION", "PRECISIONS", "Brightness", "ModelMetadata", "check_seal", "inspect", "seal"]
