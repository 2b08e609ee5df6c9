"""What a program does with a result: store it, send it, show it.

Documents and pictures are made by the rooms above results, which know them; a result knows those only by name.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class Deliverable:
    """A result of one scan or of one eye."""

    __slots__ = ()

    def to_dict(self) -> dict[str, Any]:
        """The result document (schema ``edge-cataract/result/1``), as the command line writes it with ``--json``."""
        eye = import_module("edge_runtime.conclusion").as_eye(self)
        content: dict[str, Any] = import_module("edge_runtime.report.document").document(eye)
        return content

    def to_json(self, *, indent: int | None = None) -> str:
        """The result document as strict JSON in ASCII; one line without `indent`."""
        text: str = import_module("edge_runtime.report.document").to_json(self.to_dict(), indent=indent)
        return text


class Drawable(Deliverable):
    """A result of one scan."""

    __slots__ = ()

    def overlay(self) -> NDArray[np.uint8]:
        """The overlay that ``--overlay`` writes: (rows, columns, 3) uint8 in the order blue, green, red of OpenCV."""
        picture: NDArray[np.uint8] = import_module("edge_runtime.report.overlay").draw_overlay(self)
        return picture
