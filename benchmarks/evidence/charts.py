"""Save charts small: few colours suffice for bars and lines."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from matplotlib.figure import Figure

COLOURS = 64


def save_chart(figure: Figure, path: Path, dpi: int) -> None:
    """Write a figure as a PNG of at most `COLOURS` colours, a third of the bytes that matplotlib writes."""
    from PIL import Image

    drawn = io.BytesIO()
    figure.savefig(drawn, dpi=dpi, format="png")
    path.parent.mkdir(parents=True, exist_ok=True)
    with Image.open(drawn) as picture:
        picture.convert("RGB").quantize(COLOURS).save(path, format="PNG", optimize=True)
