"""Where a number comes from: the revision of the code, the versions of packages, and the machine.

Every saved number carries these facts. Nothing here needs torch.
"""

from __future__ import annotations

import os
import platform
import subprocess
from functools import cache
from importlib import metadata
from pathlib import Path

ROOT = Path(__file__).parents[1]


@cache
def code_revision() -> str:
    """Return the git revision of this checkout, "+changes" when files differ from it, or "unknown".

    It is looked up once: a run of hours keeps the code that it began with, whatever changes on disk meanwhile.
    """
    try:
        changed = _git("status", "--porcelain", "--untracked-files=no")
        return _git("rev-parse", "HEAD") + ("+changes" if changed else "")
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def _git(*words: str) -> str:
    return subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()


def versions(*packages: str) -> dict[str, str]:
    """Return the versions of the named packages, in their order; a package that is not installed is left out."""
    found = {}
    for name in packages:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def machine() -> dict[str, str | int]:
    """Return the operating system, the architecture, and the name and number of the processors."""
    return {
        "system": platform.system(),
        "architecture": platform.machine(),
        "cpu": processor(),
        "cpus": os.cpu_count() or 1,
    }


def processor() -> str:
    """Return the name of the processor, as the system gives it."""
    fallback = platform.processor() or platform.machine()
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:  # no such file outside Linux
        return fallback
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), fallback)
