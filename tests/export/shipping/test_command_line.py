"""Manual and completions know every verb and option, since they are made from the parsers."""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import shtab

from edge_runtime.cli import VERBS, build_parser
from export.shipping.command_line import COMPLETIONS, completions, manual, whole_parser
from tests.conftest import not_proved


def options_of(verb: str) -> set[str]:
    (verbs,) = (one for one in build_parser([verb])._actions if isinstance(one, argparse._SubParsersAction))
    return {word for action in verbs.choices[verb]._actions for word in action.option_strings if word.startswith("--")}


def shell(name: str) -> str:
    return shutil.which(name) or not_proved(f"{name} is missing: its completion is not tried here (see .ci/run)")


@pytest.fixture(scope="module")
def page() -> str:
    return manual(0)


@pytest.mark.parametrize("verb", VERBS)
def test_the_manual_names_every_option_of_a_verb(verb: str, page: str) -> None:
    part = page.partition(f"edge\\-cataract {verb}")[2]
    assert len(options_of(verb)) > 4
    assert [option for option in options_of(verb) - {"--help"} if option.replace("-", "\\-") not in part] == []


def test_the_manual_is_the_same_bytes_each_time_and_has_the_date_of_the_commit() -> None:
    assert manual(1_700_000_000) == manual(1_700_000_000)
    assert "2023\\-11\\-14" in manual(1_700_000_000)


def test_the_manual_lists_exit_codes_and_variables(page: str) -> None:
    status = page.partition(".SH EXIT STATUS")[2].partition(".SH")[0]
    assert re.findall(r"^\.B (\d+)$", status, re.MULTILINE) == (
        ["0", "2", "3", "4", "65", "66", "69", "70", "71", "73", "74", "80", "81", "82", "83", "129", "130", "143"]
    )
    assert ".SH ENVIRONMENT\nEDGE_CATARACT_MODEL," in page


@pytest.mark.parametrize("name", COMPLETIONS)
def test_a_completion_names_every_verb_and_option(name: str) -> None:
    script = completions()[COMPLETIONS[name]]
    for verb in VERBS:
        assert verb in script
        for option in options_of(verb):
            assert option.lstrip("-") in script


def test_paths_are_completed_by_what_they_are() -> None:
    (verbs,) = (one for one in whole_parser()._actions if isinstance(one, argparse._SubParsersAction))
    kinds = {action.dest: getattr(action, "complete", None) for action in verbs.choices["exam"]._actions}
    assert (kinds["output"], kinds["report"], kinds["eye"]) == (shtab.DIRECTORY, shtab.FILE, None)


def test_bash_completes_a_verb_an_option_and_a_value(tmp_path: Path) -> None:
    script = tmp_path / "edge-cataract"
    script.write_text(completions()[COMPLETIONS["bash"]])
    asked = f"""source {script}
ask() {{ COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMPREPLY=()
  _shtab_edge_cataract edge-cataract "${{@: -1}}" "${{@: -2:1}}"; echo "${{COMPREPLY[@]}}"; }}
ask edge-cataract self
ask edge-cataract exam --fhir-s
ask edge-cataract exam --eye O
"""
    done = subprocess.run([shell("bash"), "-c", asked], check=True, capture_output=True, text=True)
    assert [line.split() for line in done.stdout.splitlines()] == [["selftest"], ["--fhir-subject"], ["OD", "OS"]]


def test_fish_completes_a_verb_and_a_value(tmp_path: Path) -> None:
    script = tmp_path / "edge-cataract.fish"
    script.write_text(completions()[COMPLETIONS["fish"]])
    home = {"HOME": str(tmp_path), "PATH": "/usr/bin:/bin"}
    for line, wanted in (("edge-cataract self", "selftest"), ("edge-cataract exam --eye O", "OD")):
        words = [shell("fish"), "--no-config", "-c", f"source {script}; complete --do-complete '{line}'"]
        done = subprocess.run(words, check=True, capture_output=True, text=True, env=home)
        assert wanted in [answer.split("\t")[0] for answer in done.stdout.splitlines()]


def test_zsh_reads_its_completion(tmp_path: Path) -> None:
    script = tmp_path / "_edge-cataract"
    script.write_text(completions()[COMPLETIONS["zsh"]])
    done = subprocess.run([shell("zsh"), "-n", script], check=False, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
