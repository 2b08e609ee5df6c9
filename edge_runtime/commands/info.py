"""``edge-cataract info``: model, versions, session options, supported inputs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edge_runtime.printable import printable
from edge_runtime.version import __version__

from .arguments import AnalyzerOptions, add_model_options, load_analyzer
from .console import PROGRAM, print_data

if TYPE_CHECKING:
    import argparse
    from typing import Any

    from edge_runtime.analyzer import CataractAnalyzer


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the verb."""
    add_model_options(parser)


def run(options: argparse.Namespace) -> int:
    """Run the verb; returns the exit code."""
    return print_facts(AnalyzerOptions.of(options), json=options.json)


def print_facts(options: AnalyzerOptions, *, json: bool) -> int:
    """Print the facts, as JSON or in sections; always 0."""
    from edge_runtime.report.document import to_json

    facts = _facts(load_analyzer(options))
    if json:
        print_data(to_json(facts))
        return 0
    for section, content in facts.items():
        print_data(f"{section}: {content}" if isinstance(content, str) else f"{section}:")
        if isinstance(content, dict):
            for name, value in content.items():
                if value == "":  # what a model does not say
                    continue
                print_data(f"  {name}: {printable(str(value))}")
    return 0


def _facts(analyzer: CataractAnalyzer) -> dict[str, Any]:
    from dataclasses import asdict
    from importlib.util import find_spec

    from edge_runtime.frame.profiles import PROFILES
    from edge_runtime.measure.coefficients import coefficients_of
    from edge_runtime.report.document import DISCLAIMER, model_facts, runtime_facts
    from edge_runtime.scan import MAX_BYTES, MAX_PIXELS

    metadata = analyzer.network.metadata
    measures = coefficients_of(metadata.measures)
    look = {} if analyzer.look is None else {"look_sha256": analyzer.look.sha256}
    return {
        "tool": {"name": PROGRAM, "version": __version__},
        "model": {
            **asdict(metadata),
            "measures": measures and measures.origin,
            **model_facts(analyzer.network),
            **look,
        },
        "runtime": {**runtime_facts(analyzer.network), "spinning": False, "memory_arena": False},
        "inputs": {
            "containers": ["png", "jpeg", "tiff", "bmp", *(["dicom"] if find_spec("pydicom") else [])],
            "bits": [8, 16],
            "max_pixels": MAX_PIXELS,
            "max_bytes": MAX_BYTES,
        },
        "profiles": {
            name: f"{p.columns} x {p.rows}, {p.width_mm} x {p.height_mm} mm, {p.depths} bit"
            for name, p in PROFILES.items()
        },
        "tiles": {
            name: "window in {}, whole frame in {}".format(*(len(tiles) for tiles in analyzer.tile_plans(p)))
            for name, p in PROFILES.items()
        },
        "disclaimer": DISCLAIMER,
    }
