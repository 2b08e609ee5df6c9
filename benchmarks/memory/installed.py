"""What programs occupy on disk: packages with everything that they require, from the records of their installation."""

from __future__ import annotations

from collections.abc import Iterable
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import edge_runtime

BASE = ("numpy", "opencv-python-headless")  # whatever runs the network reads and crops scans with these


def installed_bytes(packages: Iterable[str]) -> int:
    """Count the bytes of the runtime without models, its base, and these packages with their requirements."""
    listed = {Path(str(file.locate())) for name in closure((*BASE, *packages)) for file in metadata.files(name) or ()}
    ours = Path(edge_runtime.__file__).parent.rglob("*.py")
    return sum(path.stat().st_size for path in {*listed, *ours} if path.is_file())


def closure(packages: Iterable[str]) -> set[str]:
    """Return the packages and all that they require on this machine, extras aside."""
    found: set[str] = set()
    asked = [canonicalize_name(name) for name in packages]
    while asked:
        name = asked.pop()
        if name in found:
            continue
        found.add(name)
        for text in metadata.requires(name) or ():
            requirement = Requirement(text)
            if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
                asked.append(canonicalize_name(requirement.name))
    return found
