"""Freeze the program with the extras of a kiosk: a folder that needs no Python, made in an environment of its own."""

from __future__ import annotations

import platform
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from .program import PACKAGES, Program, leave_out_languages
from .steps import run

LOCKS = Path(__file__).parent / "locks"  # every version with its digest; docs/shipping.md says how they are made
STARTER = "import sys\n\nfrom edge_runtime.__main__ import run\n\nsys.exit(run())\n"
# Modules of Python that no verb needs: each would bring a library along, readline one under the GPL.
LEFT_OUT = ("readline", "curses", "tkinter", "PIL.ImageTk", "PIL._imagingtk", "pip", "setuptools")

# libpython goes with the modules that are frozen; a small Debian has no SQLite, which highdicom keeps frames in.
BROUGHT_ALONG = ("libpython", "libsqlite3")


def canonical(name: str) -> str:
    """The name of a distribution as package indexes write it."""
    return re.sub(r"[-_.]+", "-", name).lower()


@dataclass(frozen=True, slots=True)
class Environment:
    """A virtual environment that holds the locked versions and nothing of this checkout.

    Attributes
    ----------
    folder
        Where it is.
    """

    folder: Path

    @property
    def python(self) -> Path:
        """Its interpreter."""
        return self.folder / "bin" / "python"

    @property
    def site(self) -> Path:
        """Where its packages are."""
        (found,) = (self.folder / "lib").glob("python3*/site-packages")
        return found

    @classmethod
    def made(cls, folder: Path) -> Environment:
        """An environment with everything that the kiosk's extras need, and the tools that build and freeze.

        Raises
        ------
        ShippingError
            When a package cannot be fetched, or is not the one whose digest was locked.
        """
        run(sys.executable, "-m", "venv", folder)
        made = cls(folder)
        for name in ("kiosk.txt", "tools.txt"):
            made.install("--no-deps", "--require-hashes", "--only-binary=:all:", "--requirement", LOCKS / name)
        return made

    def install(self, *words: str | Path) -> None:
        """Run `pip install`."""
        run(self.python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *words)

    def locked(self) -> set[str]:
        """Names of the distributions that ship."""
        lines = (LOCKS / "kiosk.txt").read_text(encoding="utf-8").splitlines()
        return {canonical(line.partition("==")[0]) for line in lines if "==" in line}


def architecture() -> str:
    """The machine's, as Debian names it: amd64, arm64."""
    return run("dpkg", "--print-architecture").strip()


def freeze(environment: Environment, wheel: Path, folder: Path) -> Program:
    """Install the wheel and freeze it, in a folder below `folder`.

    Raises
    ------
    ShippingError
        When a step fails.
    """
    environment.install("--no-deps", "--no-index", "--force-reinstall", wheel)
    folder.mkdir(parents=True, exist_ok=True)
    script = folder / "edge-cataract.py"
    script.write_text(STARTER, encoding="utf-8")
    out = [f"--exclude-module={module}" for module in LEFT_OUT]
    options = ["--onedir", "--noconfirm", "--log-level=ERROR", f"--distpath={folder / 'dist'}", *out]
    run(environment.python, "-m", "PyInstaller", *options, script, cwd=folder, env={"PYTHONHASHSEED": "0"})
    program = Program(folder / "dist" / "edge-cataract", environment, architecture(), platform.python_version())
    packages = program.folder / PACKAGES
    leave_out_languages(packages)
    _leave_out_libraries_of_debian(packages)
    # Python's own files only: what wheels bring stays as its makers signed for it.
    run("strip", "--strip-unneeded", *packages.glob("libpython*"), *packages.glob("python3*/*/*.so"))
    return program


def _leave_out_libraries_of_debian(packages: Path) -> None:
    """Libraries that belong to a Debian package come from there, with its security updates, not from this package."""
    for path in packages.glob("lib*.so*"):
        if path.is_symlink() or path.name.startswith(BROUGHT_ALONG):
            continue
        known = subprocess.run(
            ["dpkg", "--search", f"*/*-linux-gnu/{path.name}"], check=False, capture_output=True, text=True
        )
        if any(Path(line.split(": ")[-1]).parent.name.endswith("-linux-gnu") for line in known.stdout.splitlines()):
            path.unlink()
