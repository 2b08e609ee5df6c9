"""What another processor needs, put together without running any of it: packages of Debian and wheels.

Debian's packages are fetched by debootstrap and unpacked, not installed; wheels are installed for their platform.
"""

from __future__ import annotations

import re
import shutil
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from .freeze import LOCKS, Environment
from .steps import ShippingError, run

DEBIAN, PYTHON = "bookworm", "3.11"  # the suite, and whose Python it is
# Manylinux of the wheels, by Debian's name of the architecture.
MACHINES = {"amd64": "x86_64", "arm64": "aarch64"}
PLATFORMS = ("manylinux_2_34", "manylinux_2_28", "manylinux_2_27", "manylinux_2_17", "manylinux2014")
NOT_NEEDED = ("usr/share/man", "usr/share/locale", "usr/share/lintian", "var/cache", "var/lib/apt")
# What packages need only while they are installed, and what installs them.
_INSTALLERS = frozenset({"adduser", "debconf", "dpkg", "passwd", "perl-base", "tar"})


@dataclass(frozen=True, slots=True)
class DebianPackages:
    """Packages of Debian for one architecture, fetched and not unpacked.

    Attributes
    ----------
    files
        {name of a package: its file}.
    fields
        {name of a package: its fields Version, Depends, Pre-Depends, Provides}.
    """

    files: dict[str, Path]
    fields: dict[str, dict[str, str]]

    def unpack(self, wanted: Iterable[str], root: Path) -> list[str]:
        """Unpack packages, and those that they need, into one tree; returns their names.

        Raises
        ------
        ShippingError
            ``step-failed`` when a package that is wanted is not there.
        """
        names = needed_packages(self.fields, wanted)
        for name in names:
            run("dpkg-deb", "--extract", self.files[name], root)
        return names

    def unpack_each(self, wanted: Iterable[str], folder: Path) -> list[Path]:
        """Unpack packages, and those that they need, with what they say of themselves: a folder for each."""
        folder.mkdir(parents=True)
        folders = [folder / name for name in needed_packages(self.fields, wanted)]
        for one in folders:
            run("dpkg-deb", "--raw-extract", self.files[one.name], one)
        return folders


@contextmanager
def fetched_debian(arch: str, wanted: Iterable[str], scratch: Path) -> Iterator[DebianPackages]:
    """Packages of Debian with those that they need, fetched by debootstrap, which wants to be root.

    Raises
    ------
    ShippingError
        When they cannot be fetched.
    """
    scratch.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=scratch) as name:
        include = f"--include={','.join(wanted)}"
        run("debootstrap", "--foreign", f"--arch={arch}", "--variant=minbase", include, DEBIAN, name)
        files, fields = {}, {}
        for path in (Path(name) / "var" / "cache" / "apt" / "archives").glob("*.deb"):
            told = run("dpkg-deb", "--field", path, "Package", "Version", "Depends", "Pre-Depends", "Provides")
            facts = dict(line.split(": ", 1) for line in told.splitlines() if ": " in line)
            files[facts["Package"]], fields[facts["Package"]] = path, facts
        yield DebianPackages(files, fields)


def unpack_debian(arch: str, wanted: Iterable[str], root: Path) -> None:
    """Fetch packages of Debian, and unpack them and what they need.

    Of their documentation the licences stay. `usr/share/doc/parts` lists their versions.

    Raises
    ------
    ShippingError
        When a package cannot be fetched.
    """
    with fetched_debian(arch, wanted, root.parent) as packages:
        needed = packages.unpack(wanted, root)
    for useless in NOT_NEEDED:
        shutil.rmtree(root / useless, ignore_errors=True)
    for path in (root / "usr" / "share" / "doc").glob("*/*"):
        if path.name != "copyright":
            path.unlink() if path.is_symlink() or path.is_file() else shutil.rmtree(path)
    parts = "".join(f"{name} {packages.fields[name]['Version']}\n" for name in needed)
    (root / "usr" / "share" / "doc" / "parts").write_text(parts, encoding="utf-8")
    # What an installation of Debian's Python would do: or every start would compile it.
    library = Path("usr", "lib", f"python{PYTHON}")
    compile_for_good(root / library, Path("/", library))


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
    provided = {virtual: name for name, facts in packages.items() for virtual in names_of(facts.get("Provides", ""))}
    provided |= {name: name for name in packages}
    found: list[str] = []
    asked = list(wanted)
    if missing := [name for name in asked if name not in provided]:
        raise ShippingError("step-failed", f"Debian has no {', '.join(missing)}.", "Mend that.")
    while asked:
        name = provided.get(asked.pop())
        if name is None or name in found or name in _INSTALLERS:
            continue
        found.append(name)
        for field in ("Pre-Depends", "Depends"):
            for group in packages[name].get(field, "").split(","):
                # Of alternatives the first that is there: debootstrap fetched one of them.
                asked += next(([one] for one in names_of(group.replace("|", ",")) if one in provided), [])
    return sorted(found)


def names_of(relations: str) -> list[str]:
    """Names of a list of relations, without versions and architectures."""
    return [re.split(r"[\s(:]", one.strip(), maxsplit=1)[0] for one in relations.split(",") if one.strip()]


def check_python() -> None:
    """Check that this Python is the one that byte code is written for.

    Raises
    ------
    ShippingError
        ``other-python``.
    """
    if f"{sys.version_info.major}.{sys.version_info.minor}" != PYTHON:
        raise ShippingError("other-python", "Byte code is written by the same Python alone.", f"Use Python {PYTHON}.")


def install_wheels(wheel: Path, arch: str, site: Path) -> None:
    """Install the locked wheels of an architecture, and this project's, into a folder; nothing is compiled.

    Raises
    ------
    ShippingError
        When a package cannot be fetched, or is not the one whose digest was locked.
    """
    platforms = [word for name in PLATFORMS for word in ("--platform", f"{name}_{MACHINES[arch]}")]
    install: list[str | Path] = [
        sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", "--no-compile",
        "--only-binary=:all:", "--python-version", PYTHON, *platforms, "--target", site,
    ]  # fmt: skip
    run(*install, "--require-hashes", "--requirement", LOCKS / "kiosk.txt")
    run(*install, "--upgrade", wheel)


def environment_for(arch: str, wheel: Path, folder: Path) -> Environment:
    """An environment of this machine's Python whose packages are those of another architecture.

    Their metadata can be read; none of them can be run.

    Raises
    ------
    ShippingError
        When a package cannot be fetched, or is not the one whose digest was locked.
    """
    run(sys.executable, "-m", "venv", "--without-pip", folder)
    environment = Environment(folder)
    install_wheels(wheel, arch, environment.site)
    return environment


def compile_for_good(folder: Path, place: Path) -> None:
    """Compile the modules below a folder, which will be at `place`; the time of a file does not matter to it."""
    words: list[str | Path] = ["-qq", "--invalidation-mode", "unchecked-hash", "-s", folder, "-p", place]
    run(sys.executable, "-m", "compileall", *words, folder)
