"""Write docs/look.md, what a look over the whole frame is worth: `python -m benchmarks.evidence.look_page`.

The figures are those of `benchmarks.evidence.kinds_of_picture` and `benchmarks.robustness.other_pictures`, committed in
benchmarks/results.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from benchmarks.evidence import kinds_of_picture
from benchmarks.evidence.templates import fill
from edge_runtime.model.metadata import PREFIX
from edge_runtime.model.onnx_file import checked_entries
from edge_runtime.model.store import read_look

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "look.md"
KINDS = ROOT / "benchmarks" / "results" / "kinds_of_picture.json"
OTHERS = ROOT / "benchmarks" / "results" / "other_pictures.json"


def main() -> int:
    """Write the page."""
    PAGE.write_text(page(), encoding="utf-8")
    return 0


def page() -> str:
    """Return the page as Markdown."""
    look = read_look()
    entries = checked_entries(look)
    return fill(
        "look.md.j2",
        kinds=json.loads(KINDS.read_text(encoding="utf-8")),
        others=json.loads(OTHERS.read_text(encoding="utf-8")),
        limits=kinds_of_picture,
        learnt={name: entries[PREFIX + name] for name in ("training_data", "steps")},
        size_mb=len(look) / 1e6,
    )


if __name__ == "__main__":
    sys.exit(main())
