"""``edge-cataract schema``: the JSON Schema of the result document."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .console import print_data

if TYPE_CHECKING:
    import argparse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare no options: the verb has none of its own."""


def run(_options: argparse.Namespace) -> int:
    """Print the schema; always 0."""
    from edge_runtime.report.document import SCHEMA_FILE

    with open(SCHEMA_FILE, encoding="utf-8") as file:
        print_data(file.read().rstrip("\n"))
    return 0
