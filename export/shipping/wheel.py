"""The wheel, made so that the same commit gives the same bytes: a clean clone, one umask, the commit's own time."""

from __future__ import annotations

from pathlib import Path

from .freeze import Environment
from .steps import run


def clone(repository: Path, commit: str, folder: Path) -> Path:
    """A checkout of a commit in `folder`, with nothing that is not committed."""
    run("git", "clone", "--quiet", "--no-checkout", repository, folder)
    run("git", "-C", folder, "checkout", "--quiet", "--detach", commit)
    return folder


def commit_time(repository: Path, commit: str = "HEAD") -> int:
    """When a commit was made, in seconds since 1970: the one time that stands in what is made of it."""
    return int(run("git", "-C", repository, "log", "-1", "--format=%ct", commit))


def build_wheel(environment: Environment, source: Path, folder: Path, epoch: int) -> Path:
    """Build the wheel of a source tree into an empty folder, with the locked setuptools.

    Raises
    ------
    ShippingError
        When it cannot be built.
    """
    folder.mkdir(parents=True, exist_ok=True)
    words: list[str | Path] = ["--no-deps", "--no-build-isolation", "--wheel-dir", folder, source]
    fixed = {"SOURCE_DATE_EPOCH": str(epoch), "PYTHONHASHSEED": "0", "TZ": "UTC", "LC_ALL": "C.UTF-8"}
    run(environment.python, "-m", "pip", "wheel", "--quiet", "--disable-pip-version-check", *words, env=fixed)
    (wheel,) = folder.glob("*.whl")
    return wheel
