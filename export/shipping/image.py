"""`python -m export.shipping.image WHEEL --arch arm64 -o FOLDER`: what an image for containers holds.

The folder is the context of any builder (`docker build FOLDER`, `buildah build FOLDER`). It holds those packages of
Debian that Python and the native libraries need, unpacked and not installed, the locked wheels of the architecture, and
the definition of the image: nothing of it is run, so an image for ARM is made on any Debian with debootstrap.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from pathlib import Path

from edge_runtime.errors import EdgeCataractError

from .cross import MACHINES, check_python, compile_for_good, install_wheels, unpack_debian
from .steps import ShippingError

DEFINITION = Path(__file__).parent / "container" / "Containerfile"
WANTED = ("python3", "libstdc++6", "libgomp1", "libsqlite3-0", "base-files", "netbase", "tzdata")
SITE = Path("/opt/edge-cataract")  # as the definition has it


def make_context(wheel: Path, arch: str, folder: Path) -> Path:
    """Put together what the image holds; returns the folder.

    Parameters
    ----------
    wheel
        Of this project.
    arch
        Debian's name of the architecture, of `MACHINES`.
    folder
        A new one.

    Raises
    ------
    ShippingError
        When the folder is there already, this Python is not that of the image, a package cannot be fetched, or is not
        the one whose digest was locked. Nothing is left behind.
    """
    if folder.exists():
        raise ShippingError("output-folder", f"{folder} is there already.", "Name a new folder.")
    check_python()
    folder.parent.mkdir(parents=True, exist_ok=True)
    part = Path(tempfile.mkdtemp(dir=folder.parent, prefix=folder.name))
    try:
        unpack_debian(arch, WANTED, part / "root")
        install_wheels(wheel, arch, part / "site")
        compile_for_good(part / "site", SITE)
        shutil.copyfile(DEFINITION, part / DEFINITION.name)
        part.chmod(0o755)
        part.rename(folder)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return folder


def main(words: list[str] | None = None) -> int:
    """Make the folder; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m export.shipping.image", description=__doc__)
    parser.add_argument("wheel", type=Path, help="of a release")
    parser.add_argument("--arch", choices=MACHINES, required=True)
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="FOLDER", help="a new folder")
    options = parser.parse_args(words)
    try:
        make_context(options.wheel, options.arch, options.output)
    except EdgeCataractError as error:
        sys.stderr.write(f"python -m export.shipping.image: {error}\n")
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
