"""The licence texts of everything in the program: every wheel brings its own, and Python has one."""

from __future__ import annotations

import shutil
import sys
import sysconfig
from importlib.metadata import distributions
from pathlib import Path

from .freeze import canonical
from .program import Program
from .steps import ShippingError

_WORDS = ("licen", "copying", "notice", "copyright", "authors")


def copy_licences(program: Program, folder: Path) -> None:
    """Copy the licence files of the locked distributions, and of a Python inside, into a folder for each.

    Raises
    ------
    ShippingError
        ``no-licence`` for a distribution that brings no such file and names no licence.
    """
    environment = program.environment
    locked = environment.locked()
    for one in distributions(path=[str(environment.site)]):
        if canonical(one.name) not in locked:
            continue
        files = [file for file in one.files or () if _is_licence(file.name) and file.suffix not in (".py", ".pyc")]
        for file in files:
            target = folder / one.name / str(file).replace("/", "_")
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(str(file.locate()), target)
        if not files:
            said = [*one.metadata.get_all("License-Expression", []), *one.metadata.get_all("License", [])]
            if not said:
                raise ShippingError("no-licence", f"{one.name} says nothing of its licence.", "Look it up.")
            (folder / one.name).mkdir(parents=True)
            (folder / one.name / "LICENSE").write_text(f"{one.name} {one.version}: {said[0]}\n", encoding="utf-8")
    if program.python is not None:
        _copy_licence_of_python(folder / "python")


def _copy_licence_of_python(folder: Path) -> None:
    folder.mkdir(parents=True)
    places = (
        Path(sysconfig.get_path("stdlib")) / "LICENSE.txt",
        Path(f"/usr/share/doc/python3.{sys.version_info.minor}/copyright"),
    )
    if not (there := [place for place in places if place.exists()]):
        raise ShippingError("no-licence", "The licence of Python is not on this machine.", "Install its documentation.")
    shutil.copyfile(there[0], folder / "LICENSE.txt")


def _is_licence(name: str) -> bool:
    return any(word in name.lower() for word in _WORDS)
