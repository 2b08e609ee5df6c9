"""Lines of text on a picture, wrapped to its width."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

COLOUR = (255, 255, 255)
SIZE = 0.45  # of cv2's letters, at a line width of one pixel


@dataclass(frozen=True, slots=True)
class Lettering:
    """How text is set on one picture.

    Attributes
    ----------
    columns
        Width of the picture in pixels.
    unit
        Width of a stroke in pixels; letters grow with it.
    """

    columns: int
    unit: int

    def height(self, lines: int) -> int:
        """Rows of the picture that so many lines take."""
        return 22 * self.unit * lines

    def wrapped(self, lines: Sequence[str]) -> list[str]:
        """The lines, broken between words where they would be wider than the picture."""
        broken = []
        for line in lines:
            current = ""
            for word in line.split(" "):
                longer = f"{current} {word}" if current else word
                if current and self._width(longer) > self.columns - 20 * self.unit:
                    broken.append(current)
                    longer = word
                current = longer
            broken.append(current)
        return broken

    def write(self, picture: NDArray[np.uint8], lines: Sequence[str], top: int, left: int | None = None) -> None:
        """Write lines below each other, the first one at row `top`; `left` is the column, by default the margin."""
        import cv2

        column = 10 * self.unit if left is None else left
        for number, line in enumerate(lines):
            at = (column, top + self.height(number) + 15 * self.unit)
            cv2.putText(picture, line, at, cv2.FONT_HERSHEY_SIMPLEX, SIZE * self.unit, COLOUR, self.unit, cv2.LINE_AA)

    def _width(self, text: str) -> int:
        import cv2

        size, _ = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, SIZE * self.unit, self.unit)
        return int(size[0])
