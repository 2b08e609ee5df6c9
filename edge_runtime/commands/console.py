"""What the command line says: data to standard output, everything else to standard error. Only this file prints."""

from __future__ import annotations

import os
import sys

from edge_runtime.errors import EdgeCataractError, WriteError
from edge_runtime.printable import printable

PROGRAM = "edge-cataract"
_COLOURS = {"cataract": "33", "clear": "32"}  # of a decision; any other is magenta


def print_data(text: str) -> None:
    """Print data to standard output.

    Raises
    ------
    WriteError
        When it could not be printed in full.
    """
    try:
        encoding = sys.stdout.encoding or "utf-8"
        sys.stdout.write(text.encode(encoding, "backslashreplace").decode(encoding) + "\n")
        sys.stdout.flush()
    except (OSError, ValueError, AttributeError) as error:  # without standard output, sys.stdout is None
        # What could not be delivered would be tried again, and reported as a traceback, when the interpreter ends.
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115 - it lives as long as the process
        reason = os.strerror(error.errno) if isinstance(error, OSError) and error.errno else "standard output is closed"
        raise WriteError(
            "write-failed",
            f"Standard output failed: {reason}.",
            "Check where it goes.",
            lost="The result was not printed in full.",
        ) from error


def say(text: str) -> None:
    """Print one line to standard error, which may be closed."""
    try:
        sys.stderr.write(f"{PROGRAM}: {printable(text)}\n")
        sys.stderr.flush()
    except (OSError, ValueError, AttributeError):
        pass


def show_progress(text: str) -> None:
    """Replace the line that a terminal shows on standard error, without ending it; "" takes it away."""
    try:
        sys.stderr.write(f"\r\x1b[2K{printable(text)}")
        sys.stderr.flush()
    except (OSError, ValueError, AttributeError):
        pass


def complain(error: EdgeCataractError, path: str | None, *, debug: bool) -> None:
    """Report an error in one line, with the input it is about; with `debug`, its traceback too."""
    place = f"{path}: " if path is not None else ""
    say(f"{place}{error}")
    trace(error, debug=debug)


def trace(error: Exception, *, debug: bool) -> None:
    """Print the traceback of an error when debugging."""
    if debug:
        import traceback

        traceback.print_exception(error)


def coloured(text: str, decision: str, *, no_color: bool) -> str:
    """The text with its first line in the colour of the decision, where a terminal shows colours."""
    if no_color or os.environ.get("NO_COLOR") or sys.stdout is None or not sys.stdout.isatty():
        return text
    head, _, rest = text.partition("\n")
    return f"\x1b[1;{_COLOURS.get(decision, '35')}m{head}\x1b[0m\n{rest}"
