"""`python -m export.shipping.image WHEEL --arch arm64 -o FOLDER`: what an image for containers holds.

The folder is the context of any builder (`docker build FOLDER`, `buildah build FOLDER`). It holds those packages of
Debian that Python and the native libraries need, unpacked and not installed, the locked wheels of the architecture, and
the definition of the image: nothing of it is run, so an image for ARM is made on any Debian with debootstrap.
"""

from __future__ import annotations

import argparse
import re
import shutil
import sys
import tempfile
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
NOT_NEEDED = ("usr/share/man", "usr/share/locale", "usr/share/lintian", "var/cache", "var/lib/apt")


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
    if f"{sys.version_info.major}.{sys.version_info.minor}" != PYTHON:
        raise ShippingError("other-python", "Byte code is written by the same Python alone.", f"Use Python {PYTHON}.")
    folder.parent.mkdir(parents=True, exist_ok=True)
    part = Path(tempfile.mkdtemp(dir=folder.parent, prefix=folder.name))
    try:
        unpack_debian(arch, part / "root")
        install_wheels(wheel, arch, part / "site")
        shutil.copyfile(DEFINITION, part / DEFINITION.name)
        part.chmod(0o755)
        part.rename(folder)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return folder


def unpack_debian(arch: str, root: Path) -> None:
    """Fetch packages of Debian by debootstrap, which wants to be root, and unpack those that are needed.

    Of their documentation the licences stay. `parts` lists their versions.
    """
    include = f"--include={','.join(WANTED)}"
    root.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=root.parent) as name:
        fetched = Path(name)
        run("debootstrap", "--foreign", f"--arch={arch}", "--variant=minbase", include, DEBIAN, fetched)
        packages = {}
        for path in (fetched / "var" / "cache" / "apt" / "archives").glob("*.deb"):
            fields = run("dpkg-deb", "--field", path, "Package", "Version", "Depends", "Pre-Depends", "Provides")
            facts = dict(line.split(": ", 1) for line in fields.splitlines() if ": " in line)
            packages[facts["Package"]] = (path, facts)
        needed = needed_packages({name: facts for name, (_, facts) in packages.items()}, WANTED)
        for package in needed:
            run("dpkg-deb", "--extract", packages[package][0], root)
    for useless in NOT_NEEDED:
        shutil.rmtree(root / useless, ignore_errors=True)
    for path in (root / "usr" / "share" / "doc").glob("*/*"):
        if path.name != "copyright":
            path.unlink() if path.is_symlink() or path.is_file() else shutil.rmtree(path)
    parts = "".join(f"{name} {packages[name][1]['Version']}\n" for name in needed)
    (root / "usr" / "share" / "doc" / "parts").write_text(parts, encoding="utf-8")
    # What an installation of Debian's Python would do: or every start would compile it.
    library = root / "usr" / "lib" / f"python{PYTHON}"
    run(sys.executable, "-m", "compileall", "-qq", "--invalidation-mode", "unchecked-hash", library)


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
    install: list[str | Path] = [
        sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps",
        "--only-binary=:all:", "--python-version", PYTHON, *platforms, "--target", site,
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
