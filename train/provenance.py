"""Where a number comes from: the revision of the code."""

from __future__ import annotations

import subprocess
from pathlib import Path


def code_revision() -> str:
    """Return the git revision of this checkout, "+changes" when files differ from it, or "unknown"."""
    folder = Path(__file__).parents[1]

    def git(*words: str) -> str:
        return subprocess.run(["git", *words], cwd=folder, capture_output=True, text=True, check=True).stdout.strip()

    try:
        return git("rev-parse", "HEAD") + ("+changes" if git("status", "--porcelain", "--untracked-files=no") else "")
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
