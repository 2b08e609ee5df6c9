"""`python -m export.shipping.image WHEEL --arch arm64 -o FOLDER`: what an image for containers holds.

The folder is the context of any builder (`docker build FOLDER`, `buildah build FOLDER`). It holds those packages of
Debian that Python and the native libraries need, unpacked and not installed, the locked wheels of the architecture, and
the definition of the image: nothing is run, so an image for ARM is made on any machine.
"""

from __future__ import annotations

import argparse
import re
import shutil
import sys
from collections.abc import Iterable
from pathlib import Path

from edge_runtime.errors import EdgeCataractError

from .freeze import LOCKS
from .steps import ShippingError, run

DEFINITION = Path(__file__).parent / "container" / "Containerfile"
DEBIAN, PYTHON = "bookworm", "3.11"  # whose Python it is
WANTED = ("python3", "libstdc++6", "libgomp1", "libsqlite3-0", "base-files", "netbase", "tzdata")
# Manylinux of the wheels, by Debian's name of the architecture.
MACHINES = {"amd64": "x86_64", "arm64": "aarch64"}
PLATFORMS = ("manylinux_2_34", "manylinux_2_28", "manylinux_2_27", "manylinux_2_17", "manylinux2014")
NOT_NEEDED = ("usr/share/doc", "usr/share/man", "usr/share/locale", "usr/share/lintian", "var/cache", "var/lib/apt")


def make_context(wheel: Path, arch: str, folder: Path) -> Path:
    """Put together what the image holds; returns the folder.

    Parameters
    ----------
    wheel
        Of this project.
    arch
        Debian's name of the architecture, of `MACHINES`.
    folder
        Does not exist yet.

    Raises
    ------
    ShippingError
        When a package cannot be fetched, or is not the one whose digest was locked.
    """
    folder.mkdir(parents=True)
    unpack_debian(arch, folder / "root", folder / "fetched")
    shutil.rmtree(folder / "fetched")
    install_wheels(wheel, arch, folder / "site")
    shutil.copyfile(DEFINITION, folder / DEFINITION.name)
    return folder


def unpack_debian(arch: str, root: Path, fetched: Path) -> None:
    """Fetch packages of Debian, whose signatures debootstrap checks, and unpack those that are needed."""
    include = f"--include={','.join(WANTED)}"
    run("debootstrap", "--foreign", f"--arch={arch}", "--variant=minbase", include, DEBIAN, fetched)
    packages = {}
    for path in (fetched / "var" / "cache" / "apt" / "archives").glob("*.deb"):
        fields = run("dpkg-deb", "--field", path, "Package", "Depends", "Pre-Depends", "Provides")
        facts = dict(line.split(": ", 1) for line in fields.splitlines() if ": " in line)
        packages[facts["Package"]] = (path, facts)
    needed = needed_packages({name: facts for name, (_, facts) in packages.items()}, WANTED)
    for name in needed:
        run("dpkg-deb", "--extract", packages[name][0], root)
    for useless in NOT_NEEDED:
        shutil.rmtree(root / useless, ignore_errors=True)


def needed_packages(packages: dict[str, dict[str, str]], wanted: Iterable[str]) -> list[str]:
    """Names of the packages that `wanted` need, with those themselves: what one depends on, as far as it is there.

    Parameters
    ----------
    packages
        Fields of each package by its name: Depends, Pre-Depends, Provides.
    wanted
        Where to begin.

    Raises
    ------
    ShippingError
        ``step-failed`` when a package that is wanted is not there.
    """
    provided = {virtual: name for name, facts in packages.items() for virtual in _names(facts.get("Provides", ""))} | {
        name: name for name in packages
    }
    found: list[str] = []
    asked = list(wanted)
    if missing := [name for name in asked if name not in provided]:
        raise ShippingError("step-failed", f"Debian has no {', '.join(missing)}.", "Mend that.")
    while asked:
        name = provided.get(asked.pop())
        if name is None or name in found:
            continue
        found.append(name)
        for field in ("Pre-Depends", "Depends"):
            for group in packages[name].get(field, "").split(","):
                # Of alternatives the first that is there: debootstrap fetched one of them.
                asked += next(([one] for one in _names(group.replace("|", ",")) if one in provided), [])
    # What packages need only while they are installed, and what installs them.
    return sorted(name for name in found if name not in ("debconf", "dpkg", "perl-base", "tar"))


def _names(relations: str) -> list[str]:
    """Names of a list of relations, without versions and architectures."""
    return [re.split(r"[\s(:]", one.strip(), maxsplit=1)[0] for one in relations.split(",") if one.strip()]


def install_wheels(wheel: Path, arch: str, site: Path) -> None:
    """Install the locked wheels of an architecture, and this project's, into a folder."""
    platforms = [word for name in PLATFORMS for word in ("--platform", f"{name}_{MACHINES[arch]}")]
    # Byte code of the image's Python can be written by the same Python alone.
    compiled = [] if sys.version_info[:2] == tuple(map(int, PYTHON.split("."))) else ["--no-compile"]
    install: list[str | Path] = [
        sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps",
        "--only-binary=:all:", "--python-version", PYTHON, *platforms, *compiled, "--target", site,
    ]  # fmt: skip
    run(*install, "--require-hashes", "--requirement", LOCKS / "kiosk.txt")
    run(*install, "--upgrade", wheel)


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
