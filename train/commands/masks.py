"""`python -m train masks`: turn polygons drawn in LabelMe into the masks of the dataset layout."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from train.data.masks import further_names, write_masks

if TYPE_CHECKING:
    import argparse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command line of the verb."""
    parser.add_argument("labelme", type=Path, metavar="LABELME_DIR", help="folder of LabelMe files (*.json)")
    parser.add_argument("--out", type=Path, required=True, help="folder for the masks, one PNG per file")
    parser.add_argument(
        "--map",
        action="append",
        default=[],
        metavar="WORD=CLASS",
        help="another name of a polygon and its class, 'clear lens' or 'cataract'; may be given several times",
    )


def run(arguments: argparse.Namespace) -> int:
    """Run the verb; return the exit code.

    Raises
    ------
    UsageError
        For a --map that makes no sense.
    DatasetError
        Naming every fault of every file; no mask is written then.
    """
    drawings = write_masks(arguments.labelme, arguments.out, further_names(arguments.map))
    sys.stderr.write(f"{arguments.out}: {len(drawings)} masks.\n")
    empty = [name for name, drawing in drawings.items() if not drawing.polygons]
    if empty:
        sys.stderr.write(f"Without a polygon, all background: {', '.join(empty)}. Leave their group empty.\n")
    filled = [f"{name} ({drawing.filled_px} px)" for name, drawing in drawings.items() if drawing.filled_px]
    if filled:
        sys.stderr.write(f"Holes within an outline were filled, for a lens has none: {', '.join(filled)}.\n")
    return 0
