"""The order of an export of the graphs: write, compare with the runtime, describe, seal, open as a device does."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

from edge_runtime.model.metadata import PREFIX
from edge_runtime.model.onnx_file import checked_entries
from edge_runtime.model.seal import UNSEALED, check_seal, seal
from edge_runtime.model.session import Session
from export.metadata import write_entries

from .check import compare
from .graph import GRAPHS

if TYPE_CHECKING:
    from collections.abc import Mapping

    import onnx

SCHEMA = "edge-cataract/graph/1"
VERSION = "1.1.0"  # another one wherever a graph finds another number, takes or gives another tensor
FILES = {name: f"{name}-{VERSION}.onnx" for name in GRAPHS}
REGISTER = "register.json"


def sealed_graphs() -> dict[str, bytes]:
    """The bytes of every graph, by name.

    Raises
    ------
    ParityError
        When one of them differs from the runtime in a single number; then there are none.
    """
    models = {name: build() for name, build in GRAPHS.items()}
    return sealed(models)


def sealed(models: Mapping[str, onnx.ModelProto]) -> dict[str, bytes]:
    """Compare models with the runtime, describe and seal them; raises as `sealed_graphs` does."""
    inputs = compare({name: model.SerializeToString(deterministic=True) for name, model in models.items()})
    found: dict[str, bytes] = {}
    for name, model in models.items():
        write_entries(
            model,
            {
                PREFIX + "schema": SCHEMA,
                PREFIX + "name": name,
                PREFIX + "version": VERSION,
                PREFIX + "parity": json.dumps({"inputs": inputs[name], "different": 0}),
                PREFIX + "licence": "Apache-2.0",
                PREFIX + "intended_use": "Research use only. Not a medical device.",
                PREFIX + "digest": UNSEALED,
            },
        )
        data = seal(model.SerializeToString(deterministic=True))
        check_seal(data)
        checked_entries(data)
        Session(data, 1)
        found[name] = data
    return found


def register_of(graphs: Mapping[str, bytes]) -> bytes:
    """The register that pins their hashes."""
    entries = {name: {"file": FILES[name], "sha256": hashlib.sha256(data).hexdigest()} for name, data in graphs.items()}
    return (json.dumps(entries, indent=1) + "\n").encode()
