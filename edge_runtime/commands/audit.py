"""``edge-cataract audit verify|show|head PATH``: the record of what was computed. Standard library only."""

from __future__ import annotations

import argparse
import json
import os
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from edge_runtime.errors import EdgeCataractError, UsageError
from edge_runtime.printable import printable

from .arguments import path_argument
from .console import print_data, say

if TYPE_CHECKING:
    from collections.abc import Iterator

    from edge_runtime.audit.verify import Proven

_LEAST_DIGITS = 6  # of a hash: fewer say too little


@dataclass(slots=True)
class _Counts:
    """What an audit holds, line by line."""

    results: int = 0
    torn: int = 0
    files: dict[str, int] = field(default_factory=dict)
    times: list[str] = field(default_factory=list)
    keyed: bool = False
    head: str = ""

    def add(self, proven: Proven) -> None:
        fields = proven.fields
        self.results += fields.get("event") == "result"
        self.torn += "torn" in fields
        self.files[proven.place.file] = self.files.get(proven.place.file, 0) + 1
        self.times = [*self.times[:1], str(fields.get("time"))]
        self.keyed = proven.line.mac is not None
        self.head = str(proven.line.head)

    def to_dict(self, *, key_given: bool) -> dict[str, Any]:
        return {
            "intact": True,
            "files": len(self.files),
            "lines": sum(self.files.values()),
            "results": self.results,
            "torn": self.torn,
            "first": self.times[0] if self.times else None,
            "last": self.times[-1] if self.times else None,
            "signed": self.keyed,
            "signatures_checked": self.keyed and key_given,
            "head": self.head or None,
        }


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the verb."""
    parser.add_argument(
        "action",
        choices=["verify", "show", "head"],
        help="verify: find any change; show: a line for each answer; head: HASH/COUNT, to be kept elsewhere",
    )
    parser.add_argument("path", type=path_argument, metavar="PATH", help="the audit; its full parts lie beside it")
    parser.add_argument(
        "--expect",
        action="append",
        default=[],
        metavar="HASH/COUNT",
        help="a head that was kept: also find that the end was cut off, or all written anew; may be repeated",
    )
    parser.add_argument("--key", type=path_argument, metavar="FILE", help="the key that signs its lines")
    shown = parser.add_argument_group("what is shown")
    shown.add_argument("--last", type=_count, metavar="N", help="the last N lines")
    shown.add_argument(
        "--sha256",
        type=_beginning,
        metavar="HEX",
        help=f"answers about the file, or of the model, whose hash begins so: {_LEAST_DIGITS} digits or more",
    )


def _count(text: str) -> int:
    if not re.fullmatch(r"[1-9]\d{0,8}", text, re.ASCII):
        raise argparse.ArgumentTypeError(f"{text!r} is no number of lines: 1 or more")
    return int(text)


def _beginning(text: str) -> str:
    if not re.fullmatch(rf"[0-9a-fA-F]{{{_LEAST_DIGITS},64}}", text):
        raise argparse.ArgumentTypeError(f"{text!r} is no beginning of a sha256: {_LEAST_DIGITS} to 64 of 0-9, a-f")
    return text.lower()


def run(options: argparse.Namespace) -> int:
    """Run the verb; returns the exit code."""
    if options.action != "show" and (options.last is not None or options.sha256 is not None):
        raise UsageError(
            "usage",
            f"--last and --sha256 say what is shown, and audit {options.action} shows no lines.",
            "Leave them out.",
        )
    try:
        if options.action == "show":
            return _show(_proven(options), options)
        return _verify(_proven(options), options)
    except EdgeCataractError as error:
        error.source = error.source or os.path.basename(options.path)
        raise


def _proven(options: argparse.Namespace) -> Iterator[Proven]:
    from edge_runtime.audit.keys import read_key
    from edge_runtime.audit.line import Head
    from edge_runtime.audit.verify import proven_lines

    return proven_lines(
        options.path,
        key=None if options.key is None else read_key(options.key),
        expected=[Head.parse(text) for text in options.expect],
    )


def _verify(lines: Iterator[Proven], options: argparse.Namespace) -> int:
    counts = _Counts()
    for proven in lines:
        counts.add(proven)
    found = counts.to_dict(key_given=options.key is not None)
    if options.action == "head":
        print_data(counts.head)
    elif options.json:
        print_data(json.dumps(found))
    else:
        print_data(_summary(found))
    return 0


def _summary(found: dict[str, Any]) -> str:
    torn = f", {found['torn']} after a torn line, which they record" if found["torn"] else ""
    signed = {
        (
            False,
            False,
        ): "not signed: only a head that was kept (--expect) shows that somebody wrote the whole file anew",
        (True, False): "signed; the signatures were not checked (--key)",
        (True, True): "signed, and every signature is that of the key",
    }[found["signed"], found["signatures_checked"]]
    return (
        f"intact: {found['lines']} lines, {found['results']} answers{torn}; files: {found['files']}\n"
        f"from {found['first']} to {found['last']}\n{signed}\nhead {found['head']}"
    )


def _show(lines: Iterator[Proven], options: argparse.Namespace) -> int:
    from collections import deque

    wanted = (one for one in lines if options.sha256 is None or _is_about(one.fields, options.sha256))
    shown = 0
    for proven in wanted if options.last is None else deque(wanted, maxlen=options.last):
        shown += 1
        print_data(
            json.dumps({**proven.fields, "hash": proven.line.head.hash}) if options.json else _row(proven.fields)
        )
    if not shown and not options.quiet:
        say("no such answer is in the audit." if options.sha256 else "the audit holds no line.")
    return 0


def _is_about(fields: dict[str, Any], digits: str) -> bool:
    """Whether a file, the model or the document of an answer has a hash that begins so."""
    hashes = [fields.get("model_sha256"), fields.get("document_sha256")]
    hashes += [scan["sha256"] for scan in fields.get("scans", [])]
    return any(one is not None and one.startswith(digits) for one in hashes)


def _row(fields: dict[str, Any]) -> str:
    """An answer in one line; of what another program wrote, that it is there."""
    try:
        return printable(_columns(fields))
    except (KeyError, TypeError, ValueError, AttributeError):
        return f"{fields['n']:>6}  written by another program or version"


def _columns(fields: dict[str, Any]) -> str:
    start = f"{fields['n']:>6}  {fields['time']}"
    torn = f"  after a torn line of {fields['torn']['bytes']} bytes" if "torn" in fields else ""
    if fields["event"] != "result":
        return f"{start}  {fields['event']}{torn}"
    fraction, grade = fields["cataract_fraction"], fields["grade"]
    graded = sum(scan["gradable"] for scan in fields["scans"])
    columns = [
        f"{fields['eye'] or '--'}",
        f"{fields['answer']:<10}",
        "  --  " if fraction is None else f"{fraction:.4f}",
        f"{'--' if grade is None else grade['word']:<8}",
        f"{graded}/{len(fields['scans'])} scans",
        f"model {fields['model_sha256'][:8]}",
        " ".join(fields["answer_reasons"] + [word for word in fields["codes"] if word not in fields["answer_reasons"]]),
    ]
    return f"{start}  {'  '.join(columns)}".rstrip() + torn
