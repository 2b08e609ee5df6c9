"""What a machine answers to scans: ``python -m benchmarks.parity.answers --model MODEL.onnx --out FOLDER SCAN ...``.

One file per scan, with its document and the labels of the network. A scan whose file is there is not analysed again,
so a run that was stopped goes on. It needs the packages of the runtime only, and so it runs on a small board, too.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from edge_runtime import CataractAnalyzer

if TYPE_CHECKING:
    from numpy.typing import NDArray

MAY_DIFFER = ("created", "runtime")  # and timings of scans


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """What was found in one scan.

    Attributes
    ----------
    document
        The result document without what differs from run to run.
    labels
        (rows, columns) uint8 of `TissueLabel`, on the network grid.
    """

    document: dict[str, Any]
    labels: NDArray[np.uint8]


def answer(analyzer: CataractAnalyzer, scan: Path) -> Answer:
    """Analyse one scan."""
    result = analyzer.analyze(scan)
    document = result.to_dict()
    for name in MAY_DIFFER:
        del document[name]
    for entry in document["scans"]:
        del entry["timings_ms"]
    return Answer(document, result.maps.prediction.labels)


def path_of(folder: Path, scan: Path) -> Path:
    """The file of a scan's answer."""
    return folder / f"{scan.stem}.npz"


def write(found: Answer, path: Path) -> None:
    """Write an answer; the file is there when it is whole."""
    part = path.with_suffix(".part")
    with part.open("wb") as file:
        np.savez_compressed(file, document=json.dumps(found.document), labels=found.labels)
    part.replace(path)


def read(path: Path) -> Answer:
    """Read an answer that this program wrote."""
    with np.load(path) as stored:
        return Answer(json.loads(str(stored["document"])), stored["labels"])


def main() -> None:
    """Answer to every scan that has no answer yet."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("scans", type=Path, nargs="+")
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True, metavar="FOLDER")
    arguments = parser.parse_args()
    analyzer = CataractAnalyzer(arguments.model)
    arguments.out.mkdir(parents=True, exist_ok=True)
    for scan in arguments.scans:
        path = path_of(arguments.out, scan)
        if not path.exists():
            write(answer(analyzer, scan), path)


if __name__ == "__main__":
    main()
