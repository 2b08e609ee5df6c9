"""Run the programs that a release is made by, and stop at the first that fails."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

from export.errors import ExportError

ROOT = Path(__file__).parents[2]
PLAIN = 0o022  # files of another umask have other modes, and a package of them another digest


class ShippingError(ExportError):
    """A release cannot be made; what was made so far is not to be given to anybody."""

    exit_code = 70


def run(*words: str | Path, cwd: Path | None = None, env: Mapping[str, str] | None = None) -> str:
    """What a program writes to standard output.

    Raises
    ------
    ShippingError
        ``step-failed``, with the last lines of its standard error.
    """
    try:
        done = subprocess.run(
            [str(word) for word in words],
            cwd=cwd,
            env={**os.environ, **(env or {})},
            umask=PLAIN,
            check=False,
            capture_output=True,
            text=True,
            errors="replace",
        )
    except FileNotFoundError as error:
        raise ShippingError(
            "step-failed", f"{words[0]} is not installed.", "See docs/shipping.md for what a release needs."
        ) from error
    if done.returncode:
        said = " / ".join((done.stderr or done.stdout).strip().splitlines()[-12:])
        raise ShippingError("step-failed", f"{Path(words[0]).name} ended with {done.returncode}: {said}.", "Mend that.")
    return done.stdout
