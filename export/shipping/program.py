"""The program in a folder of its own, as a package ships it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from edge_runtime.report.language import LANGUAGES

if TYPE_CHECKING:
    from pathlib import Path

    from .freeze import Environment

PACKAGES = "_internal"  # as PyInstaller calls it


@dataclass(frozen=True, slots=True)
class Program:
    """A folder with the executable ``edge-cataract`` and all packages that it needs, in `PACKAGES`.

    Attributes
    ----------
    folder
        Where it is.
    environment
        Whose packages are in it.
    architecture
        That it runs on, as Debian names it: amd64, arm64.
    python
        The version of the Python inside; None: it is run by Debian's.
    """

    folder: Path
    environment: Environment
    architecture: str
    python: str | None

    @property
    def executable(self) -> Path:
        """What is run."""
        return self.folder / "edge-cataract"


def leave_out_languages(packages: Path) -> None:
    """Babel knows every language on Earth in 32 MB; pages are written in six."""
    for path in (packages / "babel" / "locale-data").glob("*.dat"):
        if path.stem.split("_")[0] not in {*LANGUAGES, "root"}:
            path.unlink()
