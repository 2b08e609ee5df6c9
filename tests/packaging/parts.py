"""What a parts list leaves out."""

from __future__ import annotations

import json
from pathlib import Path

from export.shipping.native import native_files
from export.shipping.program import Program


def files_without_owner(program: Program, parts: str) -> list[str]:
    """Libraries that wheels carry in folders of their own (``*.libs``), and no component accounts for."""
    listed = {
        place["location"]
        for component in json.loads(parts)["components"]
        for place in component.get("evidence", {}).get("occurrences", [])
    }
    names = [path for path, _ in native_files(program.folder) if Path(path).parent.name.endswith(".libs")]
    assert names  # or nothing would be proved of them
    return [name for name in names if f"usr/lib/edge-cataract/{name}" not in listed]
