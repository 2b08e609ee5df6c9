"""`python -m train phantom|masks|fit|look|evaluate|measures|study`: each verb lives in its own module."""

from __future__ import annotations

import argparse
import sys
from importlib import import_module

from edge_runtime.errors import EdgeCataractError
from train.fit.heap import keep_freed_memory

VERBS = {
    "phantom": ("train.commands.phantom", "make a cohort of simulated scans"),
    "masks": ("train.commands.masks", "turn polygons drawn in LabelMe into masks"),
    "fit": ("train.commands.fit", "train a network"),
    "look": ("train.commands.look", "train the network that looks at whole frames"),
    "evaluate": (
        "train.commands.evaluate",
        "the study of a checkpoint or an exported model on a dataset",
    ),
    "measures": ("train.commands.measures", "measure simulated eyes; fit or judge grade, kinds, evidence and scatter"),
    "study": ("train.commands.study", "the whole study of a model on simulated cohorts, from seeds"),
}


def main(words: list[str] | None = None) -> int:
    """Parse the command line, run the verb, return the exit code."""
    words = sys.argv[1:] if words is None else words
    parser = argparse.ArgumentParser(prog="python -m train", description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    for name, (module, summary) in VERBS.items():
        verb = verbs.add_parser(name, help=summary, description=summary)
        if name in words[:1]:  # heavy imports only for the verb that runs
            import_module(module).add_arguments(verb)
    arguments = parser.parse_args(words)
    try:
        return int(import_module(VERBS[arguments.verb][0]).run(arguments))
    except EdgeCataractError as error:
        sys.stderr.write(f"python -m train {arguments.verb}: {error}\n")
        return error.exit_code
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    keep_freed_memory()
    sys.exit(main())
