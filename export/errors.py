"""What can go wrong between a checkpoint and a model file."""

from __future__ import annotations

from edge_runtime.errors import EdgeCataractError


class ExportError(EdgeCataractError):
    """The checkpoint cannot become a model file."""

    exit_code = 82


class ParityError(ExportError):
    """The exported model does not compute what PyTorch computes; nothing is written."""

    exit_code = 83
