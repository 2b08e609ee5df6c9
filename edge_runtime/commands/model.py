"""``edge-cataract model install|verify|switch|rollback|list``: the models that a device holds."""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from typing import TYPE_CHECKING

from edge_runtime.errors import UsageError
from edge_runtime.printable import printable

from .arguments import path_argument
from .console import print_data

if TYPE_CHECKING:
    import argparse

    from edge_runtime.slots import ModelSlots
    from edge_runtime.slots.slots import Slot

_DIGITS = 12  # of a hash, for a person


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the verb."""
    parser.add_argument(
        "action",
        choices=["install", "verify", "switch", "rollback", "list"],
        help="install: verify a file and keep it; verify: check again; switch: use it from now on; rollback: use the "
        "one that was used before; list: what is installed",
    )
    parser.add_argument(
        "model",
        nargs="?",
        type=path_argument,
        metavar="MODEL",
        help="install, verify: a model file; verify, switch: the first digits of the hash of an installed one; "
        "switch: or 'bundled'",
    )
    parser.add_argument("--slots", type=path_argument, metavar="DIR", required=True, help="the folder of models")
    parser.add_argument("--signature", type=path_argument, metavar="PATH", help="default: MODEL.minisig")
    parser.add_argument(
        "--key",
        type=path_argument,
        metavar="PATH",
        help="public keys of the device maker, of minisign (default: trusted.pub in the folder)",
    )


def run(options: argparse.Namespace) -> int:
    """Run the verb; returns the exit code."""
    from edge_runtime.slots import ModelSlots

    slots = ModelSlots(options.slots, key=options.key)
    if (options.model is None) != (options.action in ("rollback", "list")):
        wants = "takes no model" if options.model is not None else "needs a model"
        raise UsageError("usage", f"'model {options.action}' {wants}.", "See 'edge-cataract model --help'.")
    if options.action == "list":
        return _list(slots, json_wanted=options.json)
    if options.action in ("install", "verify"):
        slot = _checked(slots, options)
        text = f"{'installed' if options.action == 'install' else 'verified'}: {_described(slot)}"
        print_data(json.dumps(asdict(slot)) if options.json else text)
        return 0
    path = slots.roll_back() if options.action == "rollback" else slots.switch(options.model)
    state = slots.state()
    if options.json:
        print_data(json.dumps({"generation": state.generation, "current": state.current}))
    else:
        print_data(f"in use: {'the bundled model' if path is None else (state.current or '')[:_DIGITS]}")
    return 0


def _checked(slots: ModelSlots, options: argparse.Namespace) -> Slot:
    if options.action == "install":
        return slots.install(options.model, options.signature)
    if os.path.isfile(options.model):
        return slots.check(options.model, options.signature)
    return slots.verify(options.model)


def _described(slot: Slot) -> str:
    return printable(
        f"{slot.sha256[:_DIGITS]}  {slot.name} {slot.version} {slot.precision}  key {slot.key}  {slot.comment}"
    )


def _list(slots: ModelSlots, *, json_wanted: bool) -> int:
    state, installed, unusable = slots.state(), slots.installed(), slots.unusable()
    if json_wanted:
        print_data(
            json.dumps(
                {
                    "generation": state.generation,
                    "current": state.current,
                    "before": list(state.before),
                    "installed": [asdict(slot) for slot in installed],
                    "unusable": unusable,
                }
            )
        )
        return 0
    print_data(f"{'*' if state.current is None else ' '} bundled")
    for slot in installed:
        print_data(f"{'*' if slot.sha256 == state.current else ' '} {_described(slot)}")
    for sha256 in unusable:
        print_data(
            f"{'*' if sha256 == state.current else ' '} {sha256[:_DIGITS]}  not usable ('model verify' says why)"
        )
    return 0
