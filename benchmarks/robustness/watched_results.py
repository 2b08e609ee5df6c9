"""Hold the results of a watched folder against what was written into it."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edge_runtime.printable import printable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from benchmarks.robustness.slow_writers import Written


@dataclass(slots=True)
class Findings:
    """What the results say.

    Attributes
    ----------
    early
        Files of results with a content that was never whole there.
    lost
        Places whose last content is in no result, or not in the latest one of its exam.
    doubled
        Exams with two results of the same files, or two that name the same result before them.
    left
        Files among the results that do not belong there.
    results, later
        Number of results, and of those that have one before them.
    refused
        Scans that were refused, by word.
    """

    early: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    results: int = 0
    later: int = 0
    refused: Counter[str] = field(default_factory=Counter)

    @property
    def good(self) -> bool:
        """Whether nothing was read early, lost, doubled or left."""
        return not (self.early or self.lost or self.doubled or self.left)


def examine(out: Path, written: Mapping[str, Written]) -> Findings:
    """Hold the results against what was written."""
    found = Findings()
    wanted = _by_exam(written)
    chains: dict[str, dict[str | None, dict[str, Any]]] = {}
    for folder in sorted(path for path in out.iterdir() if path.is_dir()):
        if not (folder / "exam.json").exists():
            found.left.append(folder.name)
            continue
        summary = json.loads((folder / "exam.json").read_bytes())
        found.results += 1
        found.later += summary["previous"] is not None
        _check_result(folder, summary, wanted, found)
        chain = chains.setdefault(summary["exam"], {})
        if summary["previous"] in chain:
            found.doubled.append(folder.name)
        chain[summary["previous"]] = summary
    found.left += [path.name for path in out.iterdir() if path.is_file() and path.name != "watch.ledger"]
    lines = (out / "watch.ledger").read_bytes().splitlines()[1:]
    recorded = [json.loads(line)["record"]["result"] for line in lines if line.endswith(b"}")]
    found.doubled += [name for name, count in Counter(recorded).items() if count > 1]
    for label, files in wanted.items():
        latest = _latest(chains.get(label, {}))
        judged = Counter((file["source"], file["sha256"]) for file in latest["files"]) if latest else Counter()
        final = Counter((name, one.final) for name, one in files)
        found.lost += [f"{label}: {name}" for name, _ in (final - judged)]
    return found


def _check_result(
    folder: Path, summary: dict[str, Any], wanted: Mapping[str, list[tuple[str, Written]]], found: Findings
) -> None:
    allowed: dict[str, set[str]] = {}
    for name, one in wanted.get(summary["exam"], []):
        allowed.setdefault(name, set()).update(one.whole, one.parts)
    names = {"exam.json", *(eye["document"] for eye in summary["eyes"] if eye["document"])}
    found.left += [f"{folder.name}/{path.name}" for path in folder.iterdir() if path.name not in names]
    read = [(file["source"], file["sha256"]) for file in summary["files"]]
    for eye in summary["eyes"]:
        if eye["document"] is None:
            continue
        for scan in json.loads((folder / eye["document"]).read_bytes())["scans"]:
            if scan["sha256"] is None:
                found.refused.update(scan["reasons"])
            else:
                read.append((scan["source"], scan["sha256"]))
    found.early += [f"{folder.name}/{name}" for name, sha256 in read if sha256 not in allowed.get(name, set())]


def _latest(chain: Mapping[str | None, dict[str, Any]]) -> dict[str, Any] | None:
    """The last result of an exam: each names the one before it."""
    summary = None
    while (following := chain.get(None if summary is None else summary["result"])) is not None:
        summary = following
    return summary


def _by_exam(written: Mapping[str, Written]) -> dict[str, list[tuple[str, Written]]]:
    """What was written, by the label of its exam, with the names of its files."""
    exams: dict[str, list[tuple[str, Written]]] = {}
    for place_, one in written.items():
        *folders, name = Path(place_).parts
        label = "/".join(folders[:-1]) if folders else name.split("_")[0]
        exams.setdefault(printable(label), []).append((printable(name), one))
    return exams
