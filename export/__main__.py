"""`python -m export CHECKPOINT -o DIR`: export, verify, write the model and parity.json, or fail and write nothing."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from edge_runtime.errors import EdgeCataractError
from edge_runtime.model.precision import PRECISIONS


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m export", description=__doc__)
    parser.add_argument("checkpoint", type=Path, help="written by 'python -m train fit'")
    parser.add_argument(
        "-o", "--output", type=Path, required=True, metavar="DIR", help="folder for the model and parity.json"
    )
    parser.add_argument("--precision", nargs="+", choices=PRECISIONS, default=["fp32"])
    parser.add_argument(
        "--threshold-from",
        type=Path,
        metavar="REPORT",
        help="report of 'python -m train evaluate' on this checkpoint, whose eyes fix the threshold; or an earlier "
        "export (.onnx) of it (default: the checkpoint's own, from the patients held out of its training)",
    )
    parser.add_argument(
        "--force", action="store_true", help="export a model whose threshold is in doubt; the file says so"
    )
    parser.add_argument(
        "--measures",
        type=Path,
        metavar="FILE",
        help="coefficients of grade, kinds, evidence and scatter, written by 'python -m train measures --fit' "
        "(default: none; the model then gives no grade)",
    )
    parser.add_argument(
        "--model-version", metavar="VERSION", help="version of the files (default: the checkpoint's own)"
    )
    parser.add_argument(
        "--no-look", action="store_true", help="without a look over the whole frame, as for pictures cut to the lens"
    )
    parser.add_argument("--threads", type=int, default=1, help="threads of the session that is compared (default 1)")
    return parser


def main(words: list[str] | None = None) -> int:
    """Parse the command line, export, return the exit code."""
    arguments = _parser().parse_args(words)
    try:
        from train.checkpoint import load_checkpoint

        from .metadata import Release, read_measures
        from .release import export_models
        from .threshold import operating_point_of, operating_point_of_release

        checkpoint = load_checkpoint(arguments.checkpoint)
        if arguments.threshold_from:
            source = arguments.threshold_from
            checkpoint = checkpoint.with_operating_point(
                operating_point_of_release(source, checkpoint.metadata)
                if source.suffix == ".onnx"
                else operating_point_of(source, arguments.checkpoint)
            )
        precisions = tuple(dict.fromkeys(arguments.precision))
        release = Release(
            version=arguments.model_version or checkpoint.metadata.version,
            measures="" if arguments.measures is None else read_measures(arguments.measures),
            look=not arguments.no_look,
        )
        for written in export_models(
            checkpoint, arguments.output, precisions, release, threads=arguments.threads, force=arguments.force
        ):
            sys.stdout.write(json.dumps(written.report() | {"model": str(written.model)}) + "\n")
    except EdgeCataractError as error:
        sys.stderr.write(f"python -m export: {error}\n")
        return error.exit_code
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
