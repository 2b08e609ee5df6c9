"""Write docs/small-devices.md from its results: `python -m benchmarks.evidence.small_devices_page`."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.evidence.templates import fill
from benchmarks.speed.small_devices import RESULTS

PAGE = Path(__file__).parents[2] / "docs" / "small-devices.md"
SCENES = {
    "usual": "usual scan",
    "elsewhere": "the same, its lens far from the middle",
    "largest": "about the most pixels that are taken",
}
BOARD, BOARD_HZ = "Cortex-A72", 1.5e9  # of a Raspberry Pi 4


def main() -> int:
    """Write the page."""
    PAGE.write_text(page(json.loads(RESULTS.read_text(encoding="utf-8"))), encoding="utf-8")
    return 0


def page(content: Mapping[str, Any]) -> str:
    """Return the page as Markdown."""
    rows = {(one["processor"], one["precision"], one["scene"]): one for one in content["instructions"]}
    processors = list(dict.fromkeys(one["processor"] for one in content["instructions"]))
    return fill(
        "small_devices.md.j2",
        rows=rows,
        scenes=SCENES,
        processors=processors,
        board=BOARD,
        seconds=lambda count: count / BOARD_HZ,
        **content,
    )


if __name__ == "__main__":
    sys.exit(main())
