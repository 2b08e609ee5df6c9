"""The precisions in which a model is exported and bundled."""

from __future__ import annotations

PRECISIONS = ("fp32", "int8")
DEFAULT_PRECISION = "int8"  # of the bundled models: smaller and faster, and no decision differs
