"""The parser of the command line: what argparse would say in its own way, or not at all, is said as everything else."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING, NoReturn

from edge_runtime.errors import UsageError

from .console import print_data

if TYPE_CHECKING:
    from _typeshed import SupportsWrite


class OneLineParser(argparse.ArgumentParser):
    """Reports a mistake as one of our errors, in one line, and a help that cannot be printed, too."""

    def _print_message(self, message: str, file: SupportsWrite[str] | None = None) -> None:
        """Print a help or the version; argparse would not say where that failed."""
        if file in (None, sys.stdout):
            print_data(message.removesuffix("\n"))
        else:
            super()._print_message(message, file)

    def error(self, message: str) -> NoReturn:
        """Raise `UsageError`."""
        raise UsageError("usage", f"{message}.", f"See '{self.prog} --help'.")
