"""Change an audit at random and look whether it is found: ``python -m benchmarks.robustness.audit_edits``.

Each change is made to a copy of an audit of several files and two torn lines, and looked for in three ways: by the
audit alone, with the head that was kept elsewhere, and, where the lines are signed, with the key.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.provenance import place, save
from benchmarks.robustness.audit_changes import CHANGES, Change, Lines, write_anew
from edge_runtime import CataractAnalyzer
from edge_runtime.audit import AuditTrail
from edge_runtime.audit.keys import read_key
from edge_runtime.audit.line import Head
from edge_runtime.audit.verify import proven_lines
from edge_runtime.errors import AuditError

SAMPLE = Path(__file__).parents[2] / "edge_runtime" / "samples" / "simulated-cataract.png"
RESULTS = Path(__file__).parents[1] / "results" / "audit_edits.json"
MOST_LINES_AWAY = 2  # a torn line may stand between a line that is gone and the one that shows it
RESULTS_PER_TORN, PART_BYTES = 17, 24_000
NAME, KEY = "audit.jsonl", "key"
_PLACE = re.compile(r"Line (\d+) of (\S+)")


@dataclass(frozen=True, slots=True)
class Audit:
    """An audit that nobody changed.

    Attributes
    ----------
    files
        Lines of each file, in order.
    head
        Where it stands.
    key
        What signs its lines; None: nothing does.
    """

    files: dict[str, Lines]
    head: Head
    key: bytes | None

    @property
    def lines(self) -> Lines:
        """All lines."""
        return [line for lines in self.files.values() for line in lines]


def write_audit(
    folder: Path, document: dict[str, Any], answers: int, rng: np.random.Generator, *, signed: bool
) -> Audit:
    """Record that many answers, each about other files, with a loss of power now and then."""
    folder.mkdir()
    path, key = folder / NAME, folder / KEY
    key.touch(0o600)
    key.write_bytes(rng.bytes(32))
    trail = AuditTrail(path, key=key if signed else None, rotate_bytes=PART_BYTES)
    for number in range(answers):
        trail.append(_another(document, rng))
        if number % RESULTS_PER_TORN == RESULTS_PER_TORN - 1:
            with path.open("ab") as file:
                file.write(b'{"n":' + bytes(int(rng.integers(0, 90))))
    trail.append(_another(document, rng))
    head = trail.head()
    files = {one.name: one.read_bytes().splitlines(keepends=True) for one in sorted(folder.glob(NAME + ".*"))}
    return Audit(files | {NAME: path.read_bytes().splitlines(keepends=True)}, head, read_key(key) if signed else None)


def _another(document: dict[str, Any], rng: np.random.Generator) -> dict[str, Any]:
    """The document with other numbers, about another file."""
    fraction = round(float(rng.uniform(0, 1)), 6)
    scan = {**document["scans"][0], "sha256": rng.bytes(32).hex(), "cataract_fraction": fraction}
    return {**document, "eye": {**document["eye"], "cataract_fraction": fraction}, "scans": [scan]}


def changed(audit: Audit, change: Change, rng: np.random.Generator) -> dict[str, Lines]:
    """The files after a change of one of them, or of all lines from the first file to the last."""
    while True:
        if change is write_anew:
            lines, files, rest = change(audit.lines, rng), {}, 0
            for name, before in audit.files.items():
                files[name] = lines[rest : rest + len(before)]
                rest += len(before)
        else:
            name = str(rng.choice(list(audit.files)))
            files = {**audit.files, name: change(audit.files[name], rng)}
        if {name: b"".join(lines) for name, lines in files.items()} != {
            name: b"".join(lines) for name, lines in audit.files.items()
        }:
            return files


def found_in(folder: Path, key: bytes | None = None, expected: Sequence[Head] = ()) -> AuditError | None:
    """What verification finds."""
    try:
        for _ in proven_lines(str(folder / NAME), key=key, expected=expected):
            pass
    except AuditError as error:
        return error
    return None


def names_the_line(error: AuditError, audit: Audit, files: dict[str, Lines]) -> bool:
    """Whether the line that is named is the first that differs, or at most two lines away."""
    place = _PLACE.search(error.found)
    names = list(audit.files)
    differs = next(name for name in names if files[name] != audit.files[name])
    if place is None:
        return False
    if place[2] != differs:  # what is gone from the end of a file shows in the first line of the next one
        return place[1] == "1" and place[2] in names[names.index(differs) + 1 :][:1]
    now, before = b"".join(files[differs]).splitlines(keepends=True), audit.files[differs]
    same = next(
        (at for at, pair in enumerate(zip(now, before, strict=False)) if pair[0] != pair[1]), min(len(now), len(before))
    )
    return abs(int(place[1]) - 1 - same) <= MOST_LINES_AWAY


def audit_edits(root: Path, edits: int, seed: int, answers: int = 60) -> dict[str, Any]:
    """Make the changes and look for each; returns what was found."""
    document = CataractAnalyzer().analyze(SAMPLE).to_dict()
    rng = np.random.default_rng(seed)
    audits = [write_audit(root / str(signed), document, answers, rng, signed=signed) for signed in (False, True)]
    unchanged = [found_in(root / str(audit.key is not None), audit.key, [audit.head]) is None for audit in audits]
    counts: Counter[tuple[str, str]] = Counter()
    for number in range(edits):
        change = CHANGES[number % len(CHANGES)]
        audit = audits[number // len(CHANGES) % 2]
        files = changed(audit, change, rng)
        folder = root / "changed"
        folder.mkdir(exist_ok=True)
        for name, lines in files.items():
            (folder / name).write_bytes(b"".join(lines))
        for name in {path.name for path in folder.iterdir()} - files.keys():
            (folder / name).unlink()
        alone = found_in(folder)
        with_head = found_in(folder, expected=[audit.head])
        told = Counter(
            made=True,
            found_alone=alone is not None,
            found_with_kept_head=with_head is not None,
            signed=audit.key is not None,
            found_with_key=audit.key is not None and found_in(folder, key=audit.key) is not None,
            line_named=alone is not None and names_the_line(alone, audit, files),
        )
        counts.update({(change.__name__, what): int(value) for what, value in told.items()})
    kinds = {change.__name__: {what: counts[change.__name__, what] for what in told} for change in CHANGES[:edits]}
    total = {what: sum(kind[what] for kind in kinds.values()) for what in told}
    return {
        "edits": edits,
        "lines": [len(audit.lines) for audit in audits],
        "files": [len(audit.files) for audit in audits],
        "unchanged_is_intact": all(unchanged),
        "kinds": kinds,
        "total": total,
        "good": all(unchanged) and total["found_with_kept_head"] == edits,
    }


def main() -> int:
    """Change, look, save; 1 when a change was not found."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--edits", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=18)
    parser.add_argument("--out", type=Path, default=RESULTS)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as root:
        content = audit_edits(Path(root), arguments.edits, arguments.seed)
    save(arguments.out, {**place(), "seed": arguments.seed, **content})
    print(json.dumps(content, indent=1))
    return 0 if content["good"] else 1


if __name__ == "__main__":
    sys.exit(main())
