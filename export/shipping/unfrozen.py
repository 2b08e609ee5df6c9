"""The program for a processor that this machine cannot freeze for: wheels in a folder, which Debian's Python runs."""

from __future__ import annotations

import shutil
from pathlib import Path

from .cross import PYTHON, check_python, compile_for_good, environment_for
from .program import PACKAGES, Program, leave_out_languages

PLACE = Path("/usr/lib/edge-cataract")
# Debian's Python with its own library and the packages of this folder alone: neither Debian's packages (-S), nor a
# user's, nor what an environment variable or the working folder names (-I); it writes no byte code (-B).
_STARTER = f"""\
#!/usr/bin/python{PYTHON} -BIS
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent / "{PACKAGES}"))

from edge_runtime.__main__ import run

if __name__ == "__main__":
    sys.exit(run())
"""


def lay_out(wheel: Path, architecture: str, folder: Path) -> Program:
    """Put the program of an architecture together, to be run from `PLACE` by Debian's Python; nothing of it is run.

    Parameters
    ----------
    wheel
        Of this project.
    architecture
        Debian's name of it, of `cross.MACHINES`.
    folder
        A folder for the environment and the program.

    Raises
    ------
    ShippingError
        When this Python is another than Debian's, or a step fails.
    """
    check_python()
    environment = environment_for(architecture, wheel, folder / "environment")
    program = Program(folder / "edge-cataract", environment, architecture, python=None)
    packages = program.folder / PACKAGES
    shutil.copytree(environment.site, packages, ignore=shutil.ignore_patterns("bin", "tests", "__pycache__"))
    leave_out_languages(packages)
    for path in packages.rglob("*"):
        if path.is_file():
            path.chmod(0o644)  # wheels mark modules as programs that are none
    compile_for_good(packages, PLACE / PACKAGES)
    program.executable.write_text(_STARTER, encoding="ascii")
    program.executable.chmod(0o755)
    return program
