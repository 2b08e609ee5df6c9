"""``edge-cataract selftest``: prove that this device computes what the release computed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edge_runtime.errors import InferenceError

from .arguments import AnalyzerOptions, add_model_options, load_analyzer
from .console import print_data

if TYPE_CHECKING:
    import argparse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the verb."""
    add_model_options(parser)


def run(options: argparse.Namespace) -> int:
    """Run the verb; returns the exit code."""
    return check_device(AnalyzerOptions.of(options), json=options.json)


def check_device(options: AnalyzerOptions, *, json: bool) -> int:
    """Analyse the golden scans and print each finding; 0 when all agree.

    Raises
    ------
    InferenceError
        ``selftest-failed`` when one does not.
    """
    from edge_runtime.golden import run_selftest
    from edge_runtime.report.document import to_json

    checks = run_selftest(load_analyzer(options))
    passed = all(check.passed for check in checks)
    if json:
        findings = [{"source": c.source, "passed": c.passed, "finding": c.finding} for c in checks]
        print_data(to_json({"passed": passed, "checks": findings}))
    else:
        print_data(
            "\n".join(f"{'PASS' if check.passed else 'FAIL'} {check.source}: {check.finding}" for check in checks)
        )
        whose = "the model's export" if options.model_path else "the release"
        print_data(f"PASS: this device computes what {whose} computed." if passed else "FAIL")
    if not passed and any(check.source == "model" for check in checks):
        raise InferenceError(
            "selftest-failed",
            "Nothing can be proved with this model file.",
            "Export the model again, and test it then.",
        )
    if not passed:
        raise InferenceError(
            "selftest-failed",
            "This device does not compute what was computed where the model comes from.",
            "Do not use its numbers; install again.",
        )
    return 0
