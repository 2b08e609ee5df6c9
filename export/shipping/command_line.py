"""Manual page and shell completions, made from the very parsers that read the command line."""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from typing import Any

import shtab
from argparse_manpage.manpage import Manpage

from edge_runtime import __version__
from edge_runtime.cli import EPILOG, VERBS, build_parser
from edge_runtime.commands.arguments import path_argument

# Where Debian looks for the completions of a program, below /usr/share.
COMPLETIONS = {
    "bash": "bash-completion/completions/edge-cataract",
    "zsh": "zsh/vendor-completions/_edge-cataract",
    "fish": "fish/vendor_completions.d/edge-cataract.fish",
}
FILES_OF_THE_PACKAGE = """\
.TP
.I /etc/default/edge-cataract
settings of the services edge-cataract-serve, edge-cataract-watch and edge-cataract-receive
.TP
.I /var/lib/edge-cataract
results, models and the record of answers
.TP
.I /usr/share/doc/edge-cataract/shipping.md.gz
how the services are set up and guarded"""
FOLDERS = frozenset({"DIR", "FOLDER", "OUT"})
FILES = frozenset({"PATH", "FILE", "SCAN", "MANIFEST", "EARLIER", "LATER"})


def whole_parser() -> argparse.ArgumentParser:
    """The parser with the options of every verb, whose paths are known as such to a shell."""
    parser = build_parser(VERBS)
    for one in _with_its_verbs(parser):
        for action in one._actions:  # noqa: SLF001  argparse has no other way to its actions
            if (names := _kind_of_path(action)) is not None:
                action.complete = names  # type: ignore[attr-defined]
    return parser


def manual(epoch: int) -> str:
    """The manual page, section 1, dated by `epoch` (seconds since 1970)."""
    parser = whole_parser()
    parser.epilog = None  # a manual has sections for it
    page = Manpage(
        parser,
        {
            "project_name": "edge-cataract",
            "version": __version__,
            "manual_title": "Research use only",
            "description": "see cataract, pixel by pixel, on anterior-segment OCT",
            "date": time.strftime("%Y-%m-%d", time.gmtime(epoch)),
        },
        format="single-commands-section",
    )
    for heading, content in _sections_of_epilog():
        page.add_section(heading, ">", content)
    page.add_section("files", ">", FILES_OF_THE_PACKAGE)
    page.add_section("see also", ">", ".BR systemctl (1),\n.BR minisign (1)")
    return str(page)


def _sections_of_epilog() -> list[tuple[str, str]]:
    """(heading, content) of what the help says at its end."""
    codes, environment, *remarks = EPILOG.replace("\n  ", " ").split("\n")
    ends = [one.strip().partition(" ") for one in codes.partition(": ")[2].split(";")]
    status = "\n".join(f".TP\n.B {number}\n{meaning}" for number, _, meaning in ends)
    return [
        ("exit status", status),
        ("environment", environment.partition(": ")[2]),
        ("caveats", "\n".join(remarks)),
    ]


def completions() -> dict[str, str]:
    """{path below /usr/share: script} for bash, zsh and fish."""
    scripts = {path: shtab.complete(whole_parser(), shell) for shell, path in COMPLETIONS.items()}
    # A scan is named without a verb, too: where no verb fits, a shell goes on with the names of files.
    scripts[COMPLETIONS["bash"]] = scripts[COMPLETIONS["bash"]].replace(
        "complete -o bashdefault -F", "complete -o bashdefault -o default -F"
    )
    scripts[COMPLETIONS["fish"]] = scripts[COMPLETIONS["fish"]].replace(
        "complete -c edge-cataract -f\n", "complete -c edge-cataract -f -n 'not _shtab_edge_cataract_using'\n"
    )
    return {path: script.rstrip("\n") + "\n" for path, script in scripts.items()}


def _with_its_verbs(parser: argparse.ArgumentParser) -> Iterator[argparse.ArgumentParser]:
    yield parser
    for action in parser._actions:  # noqa: SLF001  as above
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001
            for one in action.choices.values():
                yield from _with_its_verbs(one)


def _kind_of_path(action: argparse.Action) -> dict[str, Any] | None:
    """What a shell offers for it; None where it is no path."""
    words = {action.metavar} if isinstance(action.metavar, str) else set(action.metavar or ())
    if words & FOLDERS:
        return dict(shtab.DIRECTORY)
    if words & FILES or action.type is path_argument:
        return dict(shtab.FILE)
    return None
