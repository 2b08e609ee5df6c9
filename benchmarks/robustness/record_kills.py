"""Kill at every system call: ``python -m benchmarks.robustness.record_kills``.

A model is installed, switched to and rolled back from, and an answer is recorded, each by a process that is killed
before its first system call, its second, and so on until it comes to its end. After each kill the model in use must be
the old or the new one and whole, every installed model must be there, the audit must be intact or say that its last
line is unfinished, and the next process must be able to go on. The bundled models are installed, and prove themselves.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

from benchmarks.provenance import place, save, versions
from benchmarks.robustness.signing import Signer
from benchmarks.robustness.system_calls import killed_at
from edge_runtime.audit import AuditTrail
from edge_runtime.audit.verify import proven_lines
from edge_runtime.errors import AuditError
from edge_runtime.model.onnx_file import inspect
from edge_runtime.slots import ModelSlots, proof
from edge_runtime.slots.state import SlotState

MODELS = Path(__file__).parents[2] / "edge_runtime" / "models"
RESULTS = Path(__file__).parents[1] / "results" / "record_kills.json"
REGISTER = json.loads((MODELS / "register.json").read_text(encoding="utf-8"))
OLD, NEW = (REGISTER[precision]["file"] for precision in ("int8", "fp32"))


@dataclass(frozen=True, slots=True)
class Case:
    """What is killed.

    Attributes
    ----------
    act
        What is done in a folder.
    look
        The outcome of a kill, found in the folder; another word than those of `good` is a fault.
    good
        Outcomes that are right.
    """

    act: Callable[[Path], object]
    look: Callable[[Path], str]
    good: tuple[str, ...]


def kill_everywhere(template: Path, case: Case, most: int | None = None) -> dict[str, Any]:
    """Kill at the first system call, at the second, until the action ends; returns what was found.

    Parameters
    ----------
    template
        A folder as it is before the action.
    case
        What is killed.
    most
        At most that many kills, for a quick look; None: all.
    """
    folder = template.with_name("killed")
    outcomes: Counter[str] = Counter()
    kills, killed, began = 0, True, time.monotonic()
    while killed and kills != most:
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(template, folder)
        killed = killed_at(kills + 1, lambda: case.act(folder))
        outcome = case.look(folder)
        if killed:
            kills += 1
            outcomes[outcome] += 1
    return {
        "kills": kills,
        "to_the_end": not killed,
        "outcomes": dict(sorted(outcomes.items())),
        "last": outcome,
        "good": all(word in case.good for word in [*outcomes, outcome]),
        "seconds": round(time.monotonic() - began),
    }


def unproven() -> Any:
    """Leave out the self-test, where the state alone is looked at."""
    return mock.patch.object(proof, "prove", inspect)


class SlotCases:
    """Installing, switching and rolling back between two models.

    Parameters
    ----------
    root
        Where everything lies.
    old, new
        Bytes of the two models.
    """

    def __init__(self, root: Path, old: bytes, new: bytes) -> None:
        self._old, self._new = hashlib.sha256(old).hexdigest(), hashlib.sha256(new).hexdigest()
        self._files = root / "files"
        self._files.mkdir()
        signer = Signer()
        (self._files / "key.pub").write_bytes(signer.public_key)
        for name, data in (("old", old), ("new", new)):
            (self._files / name).write_bytes(data)
            (self._files / f"{name}.minisig").write_bytes(signer.sign(data))
        self.before_install, self.before_switch, self.before_rollback = (root / name for name in ("a", "b", "c"))
        with unproven():
            slots = self.slots(self.before_install)
            slots.install(self._files / "old")
            slots.switch(self._old)
            shutil.copytree(self.before_install, self.before_switch)
            self.slots(self.before_switch).install(self._files / "new")
            shutil.copytree(self.before_switch, self.before_rollback)
            self.slots(self.before_rollback).switch(self._new)

    def slots(self, folder: Path) -> ModelSlots:
        """The slots of a folder."""
        return ModelSlots(folder, key=self._files / "key.pub")

    def warm(self, template: Path) -> None:
        """Import what the cases import, so that those calls are not among the ones that are killed."""
        self._in_use(template, {})
        self.slots(template).installed()

    def cases(self) -> dict[str, tuple[Path, Case]]:
        """What is killed, and the folder before it."""
        return {
            "install": (
                self.before_install,
                Case(lambda folder: self.slots(folder).install(self._files / "new"), self._after_install, self._good),
            ),
            "switch": (
                self.before_switch,
                Case(lambda folder: self.slots(folder).switch(self._new), self._after_switch, self._good),
            ),
            "roll back": (
                self.before_rollback,
                Case(lambda folder: self.slots(folder).roll_back(), self._after_rollback, self._good),
            ),
        }

    _good = ("old", "new")

    def _after_install(self, folder: Path) -> str:
        found = self._in_use(folder, {1: self._old})
        installed = {slot.sha256 for slot in self.slots(folder).installed()}
        if found != self._old or installed not in ({self._old}, {self._old, self._new}):
            return f"fault: {found} in use, {len(installed)} installed"
        with unproven():
            self.slots(folder).install(self._files / "new")
        if len(self.slots(folder).installed()) != 2:
            return "fault: it cannot be installed any more"
        return "new" if self._new in installed else "old"

    def _after_switch(self, folder: Path) -> str:
        found = self._in_use(folder, {1: self._old, 2: self._new})
        installed = {slot.sha256 for slot in self.slots(folder).installed()}
        with unproven():
            self.slots(folder).switch(self._new)
        return self._told(found, installed, self._in_use(folder, {2: self._new}))

    def _after_rollback(self, folder: Path) -> str:
        found = self._in_use(folder, {2: self._new, 3: self._old})
        installed = {slot.sha256 for slot in self.slots(folder).installed()}
        with unproven():
            self.slots(folder).switch(self._new)
        return self._told(found, installed, self._in_use(folder, {2: self._new, 4: self._new}))

    def _in_use(self, folder: Path, hashes: dict[int, str]) -> str:
        """The hash of the model in use, checked; it must be that of its generation."""
        slots = self.slots(folder)
        state: SlotState = slots.state()
        path = slots.current()
        found = "bundled" if path is None else hashlib.sha256(Path(path).read_bytes()).hexdigest()
        return found if hashes.get(state.generation) == found else f"{found} in generation {state.generation}"

    def _told(self, found: str, installed: set[str], then: str) -> str:
        if installed != {self._old, self._new}:
            return f"fault: {len(installed)} models installed"
        if then != self._new:
            return f"fault: {then} in use after another switch"
        return {self._old: "old", self._new: "new"}.get(found, f"fault: {found}")


def audit_case(document: dict[str, Any], answers: int, rotate_bytes: int) -> Case:
    """An answer that is recorded after others."""

    def act(folder: Path) -> None:
        AuditTrail(folder / "audit", rotate_bytes=rotate_bytes).append(document)

    def look(folder: Path) -> str:
        path = folder / "audit"
        try:
            results, word = _results(path), ""
        except AuditError as error:
            if error.word != "unfinished-audit":
                return f"fault: {error.word}"
            results, word = answers, "torn"
        AuditTrail(path).append(document)
        then = _results(path)
        if then != results + 1 or results not in (answers, answers + 1):
            return f"fault: {results} answers, and {then} after another"
        return word or ("old" if results == answers else "new")

    return Case(act, look, ("old", "new", "torn"))


def _results(path: Path) -> int:
    return sum(one.fields["event"] == "result" for one in proven_lines(str(path)))


def audit_folder(folder: Path, document: dict[str, Any], answers: int) -> Path:
    """An audit of that many answers."""
    folder.mkdir()
    trail = AuditTrail(folder / "audit")
    for _ in range(answers):
        trail.append(document)
    return folder


def record_kills(root: Path, old: bytes, new: bytes, most: int | None = None) -> dict[str, Any]:
    """Kill everything everywhere; returns what was found."""
    slots = SlotCases(root, old, new)
    found = {}
    for name, (template, case) in slots.cases().items():
        found[name] = kill_everywhere(template, case, most)
        print(name, json.dumps(found[name]), flush=True)
    # Recorded after the slots: what analyses starts threads, and a copy of this process has none of them.
    from edge_runtime import CataractAnalyzer

    document = CataractAnalyzer().analyze(MODELS.parent / "samples" / "simulated-clear.png").to_dict()
    template = audit_folder(root / "d", document, 3)
    for name, rotate_bytes in (("append", 1 << 20), ("append to a new part", 1)):
        found[name] = kill_everywhere(template, audit_case(document, 3, rotate_bytes), most)
        print(name, json.dumps(found[name]), flush=True)
    return {
        "cases": found,
        "kills": sum(case["kills"] for case in found.values()),
        "good": all(case["good"] for case in found.values()),
    }


def main() -> int:
    """Kill, print, save; 1 when something was lost, half done or in the way."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--without-selftest", action="store_true", help="a tenth of the time: the self-test reads, and writes nothing"
    )
    parser.add_argument("--most", type=int, metavar="N", help="only the first N system calls of each")
    parser.add_argument("--out", type=Path, default=RESULTS)
    arguments = parser.parse_args()
    import cv2  # noqa: F401  # imported here, so that the calls of importing are not among those that are killed
    import nacl.signing  # noqa: F401
    import onnxruntime  # noqa: F401

    with tempfile.TemporaryDirectory() as root:
        old, new = ((MODELS / name).read_bytes() for name in (OLD, NEW))
        with unproven() if arguments.without_selftest else nullcontext():
            content = record_kills(Path(root), old, new, arguments.most)
    about = {"models": [OLD, NEW], "with_selftest": not arguments.without_selftest}
    save(arguments.out, {**place(), "versions": versions("onnxruntime", "PyNaCl"), **about, **content})
    return 0 if content["good"] else 1


if __name__ == "__main__":
    sys.exit(main())
