"""Check that two checkouts compute the same numbers, to the bit.

    python -m benchmarks.parity.same_numbers record BEFORE.json --precision int8 --max-memory 90 FOLDER...
    python -m benchmarks.parity.same_numbers compare BEFORE.json AFTER.json

`record` analyses every file of the folders and writes what was computed; `compare` prints every scan that differs and
ends with 1 when there is one. Another checkout is recorded by naming it in PYTHONPATH and running this file itself:

    PYTHONPATH=OTHER python benchmarks/parity/same_numbers.py record BEFORE.json FOLDER...

For that this file uses the public names of the runtime alone, and nothing of the benchmarks. It imports nothing large
either: a cap of memory counts whatever the process holds before the first scan.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edge_runtime import CataractAnalyzer, EdgeCataractError, Limits

if TYPE_CHECKING:
    from edge_runtime import ScanResult

Row = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Computed:
    """What the runtime computed from one scan.

    Attributes
    ----------
    cataract_fraction, lens_density
        None where they are undefined.
    lens_px, cataract_px
        Pixel counts on the network grid.
    reasons, warnings
        Stable words.
    decision, profile
        Stable words.
    labels_sha256
        Digest of the labels on the scan's own pixels.
    lens_probability_sha256, cataract_probability_sha256
        Digests of the maps; None under a cap of memory, where maps of that size are not asked for.
    """

    cataract_fraction: float | None
    lens_density: float | None
    lens_px: int
    cataract_px: int
    reasons: tuple[str, ...]
    warnings: tuple[str, ...]
    decision: str
    profile: str
    labels_sha256: str
    lens_probability_sha256: str | None
    cataract_probability_sha256: str | None

    @classmethod
    def of(cls, result: ScanResult, *, maps: bool) -> Computed:
        """Take the numbers of a result, with digests of its probability maps where `maps` asks for them."""
        return cls(
            cataract_fraction=result.cataract_fraction,
            lens_density=result.lens_density,
            lens_px=result.pixels.lens,
            cataract_px=result.pixels.cataract,
            reasons=tuple(result.reasons),
            warnings=tuple(notice.code for notice in result.notices),
            decision=result.decision.value,
            profile=result.profile,
            labels_sha256=_sha256(result.labels.tobytes()),
            lens_probability_sha256=_sha256(result.lens_probability.tobytes()) if maps else None,
            cataract_probability_sha256=_sha256(result.cataract_probability.tobytes()) if maps else None,
        )


def main(words: Sequence[str] | None = None) -> int:
    """Record, or compare two records; 1 when they differ."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    verbs = parser.add_subparsers(dest="verb", required=True)
    recording = verbs.add_parser("record", help="write what this checkout computes")
    recording.add_argument("out", type=Path)
    recording.add_argument("folders", type=Path, nargs="+", metavar="FOLDER")
    recording.add_argument("--precision", default="int8", help="of the bundled model (default int8)")
    recording.add_argument("--max-memory", type=int, metavar="MB", help="cap of memory (default: none)")
    comparing = verbs.add_parser("compare", help="print the scans that differ")
    comparing.add_argument("before", type=Path)
    comparing.add_argument("after", type=Path)
    arguments = parser.parse_args(words)
    if arguments.verb == "record":
        recorded = record(arguments.folders, arguments.precision, arguments.max_memory)
        arguments.out.write_text(json.dumps(recorded, indent=1, allow_nan=False) + "\n", encoding="utf-8")
        print(f"{len(recorded['scans'])} scans")
        return 0
    before, after = (json.loads(path.read_text(encoding="utf-8")) for path in (arguments.before, arguments.after))
    different = list(differences(before, after))
    print(*different, f"{len(different)} differences in {len(before['scans'])} scans", sep="\n")
    return int(bool(different))


def record(folders: Sequence[Path], precision: str, max_memory_mb: int | None) -> dict[str, Any]:
    """Analyse every file of the folders on one thread.

    Returns
    -------
    dict
        The settings, and under ``scans`` what was computed from each file, or the error's word and exit code.

    Raises
    ------
    ValueError
        When there is nothing to analyse, or two files have the same name of two folders and file.
    """
    analyzer = CataractAnalyzer(precision=precision, limits=Limits(threads=1, max_memory_mb=max_memory_mb))
    scans: dict[str, Row] = {}
    for path in sorted(path for folder in folders for path in folder.resolve().iterdir() if path.is_file()):
        name = "/".join(path.parts[-3:])  # without the rest of the path, which may differ between two records
        if name in scans:
            raise ValueError(f"two files are called {name}")
        try:
            scans[name] = asdict(Computed.of(analyzer.analyze(path), maps=max_memory_mb is None))
        except EdgeCataractError as error:
            scans[name] = {"error": error.word, "exit_code": error.exit_code}
    if not scans:
        raise ValueError(f"no files in {', '.join(map(str, folders))}")
    return {"precision": precision, "max_memory_mb": max_memory_mb, "scans": scans}


def differences(before: Row, after: Row) -> Iterator[str]:
    """Describe everything that two records do not share: one line per setting and per scan."""
    for setting in ("precision", "max_memory_mb"):
        if before[setting] != after[setting]:
            yield f"{setting}: {before[setting]} before, {after[setting]} after"
    for name in sorted(before["scans"].keys() | after["scans"].keys()):
        one, other = before["scans"].get(name), after["scans"].get(name)
        if one is None or other is None:
            yield f"{name}: only recorded {'before' if other is None else 'after'}"
            continue
        changed = [
            f"{field} {one.get(field)} before, {other.get(field)} after"
            for field in one | other
            if one.get(field) != other.get(field)
        ]
        if changed:
            yield f"{name}: {'; '.join(changed)}"


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


if __name__ == "__main__":
    sys.exit(main())
