"""`python -m export.prepare -o DIR`: the graphs of a measurement, verified against the runtime, sealed; and vectors."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from edge_runtime.errors import EdgeCataractError
from edge_runtime.model.network import Network
from edge_runtime.model.precision import DEFAULT_PRECISION
from edge_runtime.model.store import read_model
from edge_runtime.report.files import write_all

from .release import FILES, REGISTER, register_of, sealed_graphs
from .vectors import FILE, bundled_networks, vectors_file


def main(words: list[str] | None = None) -> int:
    """Parse the command line, export, return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m export.prepare", description=__doc__)
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="DIR", help="folder for the .onnx files")
    parser.add_argument(
        "--model", type=Path, nargs="+", default=[], metavar="MODEL.onnx",
        help="models of other precisions each, whose golden vectors are written (default: the bundled ones)",
    )  # fmt: skip
    arguments = parser.parse_args(words)
    try:
        paths = arguments.model
        networks = [Network(read_model(one, DEFAULT_PRECISION), 1) for one in paths] if paths else bundled_networks()
        graphs = sealed_graphs()
        files = {str(arguments.output / FILES[name]): data for name, data in graphs.items()}
        files[str(arguments.output / REGISTER)] = register_of(graphs)
        files[str(arguments.output / FILE)] = vectors_file(networks)
        write_all(files)
    except EdgeCataractError as error:
        sys.stderr.write(f"python -m export.prepare: {error}\n")
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
